"""Hosts with addresses and names of their own, on one wire: network namespaces and a bridge between them."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Iterable, Sequence

import msgspec

NETWORK = "10.211.77"
PREFIX_BITS = 24
OURS = f"{NETWORK}.254"  # this program's own, on the bridge


class NoHosts(Exception):
    """Namespaces cannot be made here."""


class Host(msgspec.Struct, frozen=True):
    """A namespace, the end of its wire on our side, and what has to stand before a command that is to run there."""

    name: str
    address: str
    space: str
    wire: str

    @property
    def launcher(self) -> tuple[str, ...]:
        """The process that is started becomes the command itself, so that signals reach it."""
        named = ("unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', self.name)
        return ("ip", "netns", "exec", self.space, *named)

    async def cut(self) -> None:
        await run("ip", "link", "set", self.wire, "down")

    async def mend(self) -> None:
        await run("ip", "link", "set", self.wire, "up")


@contextlib.asynccontextmanager
async def hosts(names: Sequence[str]) -> AsyncIterator[dict[str, Host]]:
    """All of them reach each other, and nothing else. They are gone afterwards, whatever happened."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        raise NoHosts("network namespaces need root, and the program `ip` (Debian: iproute2)")
    mark = f"{os.getpid() % 100_000}"
    bridge = f"plbr{mark}"
    made = [
        Host(name, f"{NETWORK}.{number}", f"phaseline-{mark}-{name}", f"plv{mark}n{number}")
        for number, name in enumerate(names, start=1)
    ]
    try:
        await build(bridge, made)
        yield {host.name: host for host in made}
    finally:
        await tear_down(bridge, made)


async def build(bridge: str, made: Iterable[Host]) -> None:
    try:
        await run("ip", "link", "add", bridge, "type", "bridge")
        await run("ip", "address", "add", f"{OURS}/{PREFIX_BITS}", "dev", bridge)
    except RuntimeError as error:
        raise NoHosts(str(error)) from error
    await run("ip", "link", "set", bridge, "up")
    for host in made:
        inside = ("ip", "-n", host.space)
        await run("ip", "netns", "add", host.space)
        await run("ip", "link", "add", host.wire, "type", "veth", "peer", "name", "eth0", "netns", host.space)
        await run("ip", "link", "set", host.wire, "master", bridge, "up")
        await run(*inside, "address", "add", f"{host.address}/{PREFIX_BITS}", "dev", "eth0")
        await run(*inside, "link", "set", "eth0", "up")
        await run(*inside, "link", "set", "lo", "up")


async def tear_down(bridge: str, made: Sequence[Host]) -> None:
    """Wires first: what a namespace takes with it is gone some time after it."""
    wires = [("ip", "link", "delete", name) for name in (*(host.wire for host in made), bridge)]
    for command in (*wires, *(("ip", "netns", "delete", host.space) for host in made)):
        with contextlib.suppress(RuntimeError):
            await run(*command)


async def run(*command: str) -> None:
    """RuntimeError with what it said, where it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {said.decode(errors='replace').strip()}")
