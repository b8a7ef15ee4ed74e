"""A sandbox that says how much it was asked so far, each time that it is told to.

python -m loadtest.scaling.counted_sandbox: first its ports, then one line for each line of standard input.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator

import msgspec
import uvloop

from loadtest.bench.processes import ROOT, end
from service import assembly
from service.settings import Settings, read_settings

ANSWER_SECONDS_MAX = 30.0


class Ports(msgspec.Struct, frozen=True):
    """Where it listens."""

    dns: int
    http: int
    https: int


class Counted(msgspec.Struct, frozen=True):
    """Since it began: `at` is in seconds of its clock, `cpu_seconds` what it took of a core."""

    at: float
    questions: int
    requests: int
    cpu_seconds: float


class CountedSandbox:
    """One in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, ports: Ports) -> None:
        self._process = process
        self.settings = Settings(
            sandbox_dns_port=ports.dns, sandbox_http_port=ports.http, sandbox_https_port=ports.https
        )

    async def look(self) -> Counted:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            return msgspec.json.decode(await self._process.stdout.readline(), type=Counted)


@contextlib.asynccontextmanager
async def counted_sandbox(delay_ms: int) -> AsyncIterator[CountedSandbox]:
    settings = Settings(sandbox_delay_ms=delay_ms, sandbox_dns_port=0, sandbox_http_port=0, sandbox_https_port=0)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.scaling.counted_sandbox"),
        cwd=ROOT,
        env=assembly.child_environment(settings, ""),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            ports = msgspec.json.decode(await process.stdout.readline(), type=Ports)
        yield CountedSandbox(process, ports)
    finally:
        await end(process)


async def main() -> None:
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with assembly.sandbox(read_settings(os.environ)) as sandbox:
        settings, counters = sandbox.settings, sandbox.counters
        tell(Ports(settings.dns_port, settings.http_port, settings.https_port))
        while await lines.readline():
            questions, requests = counters.queries.total(), counters.requests.total()
            tell(Counted(time.monotonic(), questions, requests, time.process_time()))


def tell(what: msgspec.Struct) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
