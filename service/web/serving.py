"""Run an application with uvicorn, in the loop that is already there, until told to stop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from litestar import Litestar

from service.errors import Unavailable
from service.web.connections import BoundedConnection
from service.web.sockets import PING_SECONDS, PONG_SECONDS_MAX, BoundedSocket

SHUTDOWN_SECONDS_MAX = 5
CONNECTIONS_MAX = 20_000
# Longer than proxies keep theirs (60 s is usual), so that it is they who end an idle connection: whoever asks over one
# that is being closed from here gets no answer.
KEEP_ALIVE_SECONDS = 75
WEBSOCKET_BYTES_MAX = 1_000_000


def listening_socket(host: str, port: int) -> socket.socket:
    """Bind before anything else is started, so that a port in use is one plain sentence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is named; or else 40 ms later.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2_048)
        listener.setblocking(False)  # noqa: FBT003 - its only argument
    except OSError as error:
        listener.close()
        raise Unavailable(
            "port_unavailable",
            f"Cannot listen on {host} port {port}: {error.strerror}. Is Phaseline running already? "
            "Choose another with PHASELINE_PORT.",
        ) from None
    return listener


class Server(uvicorn.Server):
    """Leaves signals alone: they are handled once for the whole program (`runtime.shutdown`)."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(application: Litestar, listener: socket.socket, stop: asyncio.Event) -> None:
    """Answer until `stop`; then finish what was asked, within seconds."""
    server = Server(
        uvicorn.Config(
            application,
            http=BoundedConnection,
            ws=BoundedSocket,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="on",
            ws_max_size=WEBSOCKET_BYTES_MAX,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PONG_SECONDS_MAX,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS_MAX,
        )
    )
    serving = asyncio.create_task(server.serve([listener]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        # When this is cancelled, too: a server that was never told to exit keeps its sockets, and the loop with them.
        stopping.cancel()
        server.should_exit = True
        await serving
    if not server.started:
        raise Unavailable("server_failed", "The web server did not start; the lines above say why.")
