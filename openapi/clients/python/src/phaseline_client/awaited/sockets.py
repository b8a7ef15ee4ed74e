"""A websocket, as far as a watch needs one. Its twin is `blocking/sockets.py`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from phaseline_client.calls import Place, bearer, is_loopback, websocket_url
from phaseline_client.following import Newest, not_opened, read_message, told_by_handshake
from phaseline_client.generated.channel import ADDRESS
from phaseline_client.generated.models import CampaignProgress
from phaseline_client.handshakes import CLOSE_SECONDS, MESSAGE_BYTES_MAX, answer_of, closure_of


class AsyncChannel:
    """One connection. It is read all the time: the newest state of each campaign waits until it is asked for."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._newest = Newest()
        self._noticed = asyncio.Event()

    async def send(self, text: str) -> None:
        with contextlib.suppress(ConnectionClosed):  # whoever reads is told why
            await self._socket.send(text)

    async def next(self, seconds: float) -> CampaignProgress | None:
        """What comes next; None where nothing came in time. The end of the connection is raised after all that came."""
        if not self._newest.is_settled:
            self._noticed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._noticed.wait()
        return self._newest.take()

    async def read(self) -> None:
        """To the end."""
        try:
            while True:
                state = read_message(await self._socket.recv())
                if state is not None:
                    self._newest.offer(state)
                    self._noticed.set()
        except ConnectionClosed as closed:
            self._newest.end = closure_of(closed)
        except Exception as error:  # noqa: BLE001 -- whoever waits is told, whatever it is
            self._newest.end = error
        self._noticed.set()


@contextlib.asynccontextmanager
async def open_channel(place: Place, connect_seconds: float) -> AsyncIterator[AsyncChannel]:
    """Away where it does not open for a while; refused where it will not."""
    async with contextlib.AsyncExitStack() as stack:
        channel = AsyncChannel(await stack.enter_async_context(opened(place, connect_seconds)))
        reading = asyncio.create_task(channel.read())
        try:
            yield channel
        finally:
            reading.cancel()
            await asyncio.wait({reading})


@contextlib.asynccontextmanager
async def opened(place: Place, connect_seconds: float) -> AsyncIterator[ClientConnection]:
    async with contextlib.AsyncExitStack() as stack:
        try:
            socket = await stack.enter_async_context(
                connect(
                    websocket_url(place, ADDRESS),
                    additional_headers=bearer(place),
                    max_size=MESSAGE_BYTES_MAX,
                    open_timeout=connect_seconds,
                    close_timeout=CLOSE_SECONDS,
                    proxy=None if is_loopback(place.url) else True,
                )
            )
        except InvalidStatus as refused:
            raise told_by_handshake(answer_of(refused)) from None
        except (WebSocketException, OSError, TimeoutError):
            raise not_opened() from None
        yield socket
