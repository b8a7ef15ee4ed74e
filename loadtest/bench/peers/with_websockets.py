"""`websockets` alone: its own server and its own `broadcast`, the same text to all, as fast as they take it.

    python -m loadtest.bench.peers.with_websockets BYTES

Says its port in a line, sends texts of so many bytes to whoever is connected, and ends with its input.
"""

import asyncio
import sys
from typing import Final

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

WAITING_BYTES_MAX: Final = 1_000_000  # at the slowest, as much as our mailboxes would leave in a socket
REST_SECONDS: Final = 0.001


async def hold(connection: ServerConnection) -> None:
    """Until it goes."""
    await connection.wait_closed()


async def work(text: str) -> None:
    async with serve(hold, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        sys.stdout.write(f"Serving on http://127.0.0.1:{port}\n")
        sys.stdout.flush()
        while True:
            connections = server.connections
            if any(each.transport.get_write_buffer_size() > WAITING_BYTES_MAX for each in connections):
                await asyncio.sleep(REST_SECONDS)
                continue
            broadcast(connections, text)
            await asyncio.sleep(0 if connections else REST_SECONDS)


if __name__ == "__main__":
    uvloop.run(work("x" * int(sys.argv[1])))
