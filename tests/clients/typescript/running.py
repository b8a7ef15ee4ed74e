"""Programs of the TypeScript client's tests under Node, which say what happens, a line of JSON each."""

import asyncio
import contextlib
import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

SECONDS_MAX = 60

Line = dict[str, Any]


class Program:
    """One that runs. `lines` are what it has said so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.lines: list[Line] = []
        self._process = process

    @property
    def told(self) -> list[Line]:
        """Of a watch: the states that came."""
        return [line["told"] for line in self.lines if "told" in line]

    async def until(self, is_there: Callable[[Line], bool]) -> Line:
        """The first line from now on that is so."""
        assert self._process.stdout is not None
        async with asyncio.timeout(SECONDS_MAX):
            while data := await self._process.stdout.readline():
                self.lines.append(json.loads(data))
                if is_there(self.lines[-1]):
                    return self.lines[-1]
        raise AssertionError(f"it ended, having said {self.lines}")

    async def until_said(self, word: str) -> Any:
        """What it says under this word."""
        return (await self.until(lambda line: word in line))[word]

    async def until_processed(self, count: int) -> None:
        await self.until(lambda line: line.get("told", {}).get("processed") == count)

    def go_on(self) -> None:
        """A line for one that waits for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")


def environment(url: str, key: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PHASELINE_URL": url, "PHASELINE_KEY": key}


@contextlib.asynccontextmanager
async def running(*arguments: str | Path, url: str, key: str) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        "node", *map(str, arguments), env=environment(url, key), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def run(*arguments: str | Path, url: str = "", key: str = "") -> str:
    """What a program prints, which has to end well."""
    process = await asyncio.create_subprocess_exec(
        "node", *map(str, arguments), env=environment(url, key), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), SECONDS_MAX)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, printed.decode()
    return printed.decode()
