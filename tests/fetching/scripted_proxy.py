"""Forward proxies on loopback, http and SOCKS5, that note what they are asked for."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

PROXY_ADDRESS = "127.77.0.40"
SOCKS_GRANTED, SOCKS_REFUSED = 0, 5


class ScriptedProxy:
    """`asked` is what clients wanted, `names` what this proxy itself knows of DNS; `refuses` all that it is asked."""

    def __init__(self, names: Mapping[str, str], *, refuses: bool = False) -> None:
        self.names = names
        self.refuses = refuses
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            first = await reader.readexactly(1)
            await (self._serve_socks(reader, writer) if first == b"\x05" else self._serve_http(first, reader, writer))
        writer.close()

    async def _serve_socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """RFC 1928, without authentication."""
        await reader.readexactly((await reader.readexactly(1))[0])
        writer.write(b"\x05\x00")
        _, _, _, kind = await reader.readexactly(4)
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = str(ipaddress.ip_address(await reader.readexactly(4 if kind == 1 else 16)))
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append(f"{host}:{port}")
        reply = SOCKS_REFUSED if self.refuses else SOCKS_GRANTED
        writer.write(b"\x05" + bytes([reply]) + b"\x00\x01" + bytes(6))
        if not self.refuses:
            await self._relay(host, port, b"", reader, writer)

    async def _serve_http(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = first + await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head.decode("latin-1"))
        method, target, _ = head.decode("latin-1").split(" ", 2)
        self.asked.append(f"{method} {target}")
        if self.refuses:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        elif method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            host, _, port = target.rpartition(":")
            await self._relay(host, int(port), b"", reader, writer)
        else:
            authority, _, path = target.removeprefix("http://").partition("/")
            host, _, port = authority.partition(":")
            forwarded = head.replace(target.encode(), b"/" + path.encode(), 1)
            await self._relay(host, int(port or 80), forwarded, reader, writer)

    async def _relay(
        self, host: str, port: int, begun: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        there, back = await asyncio.open_connection(self.names.get(host, host), port)
        back.write(begun)
        await asyncio.gather(pump(reader, back), pump(there, writer))


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def running(proxy: ScriptedProxy, address: str = PROXY_ADDRESS) -> AsyncIterator[ScriptedProxy]:
    tasks: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.get_running_loop().create_task(proxy.serve(reader, writer)))

    server = await asyncio.start_server(begin, address, 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
