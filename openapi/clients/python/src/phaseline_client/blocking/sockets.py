"""A websocket, as far as a watch needs one. Its twin is `awaited/sockets.py`."""

import contextlib
import threading
from collections.abc import Iterator

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from phaseline_client.calls import Place, bearer, is_loopback, websocket_url
from phaseline_client.following import Newest, not_opened, read_message, told_by_handshake
from phaseline_client.generated.channel import ADDRESS
from phaseline_client.generated.models import CampaignProgress
from phaseline_client.handshakes import CLOSE_SECONDS, MESSAGE_BYTES_MAX, answer_of, closure_of


class Channel:
    """One connection. A thread reads it all the time: the newest state of each campaign waits until it is asked for."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._newest = Newest()
        self._noticed = threading.Condition()

    def send(self, text: str) -> None:
        with contextlib.suppress(ConnectionClosed):  # whoever reads is told why
            self._socket.send(text)

    def next(self, seconds: float) -> CampaignProgress | None:
        """What comes next; None where nothing came in time. The end of the connection is raised after all that came."""
        with self._noticed:
            self._noticed.wait_for(lambda: self._newest.is_settled, seconds)
            return self._newest.take()

    def read(self) -> None:
        """To the end."""
        try:
            while True:
                state = read_message(self._socket.recv())
                if state is not None:
                    with self._noticed:
                        self._newest.offer(state)
                        self._noticed.notify()
        except ConnectionClosed as closed:
            self._finish(closure_of(closed))
        except Exception as error:  # noqa: BLE001 -- whoever waits is told, whatever it is
            self._finish(error)

    def _finish(self, end: Exception) -> None:
        with self._noticed:
            self._newest.end = end
            self._noticed.notify()


@contextlib.contextmanager
def open_channel(place: Place, connect_seconds: float) -> Iterator[Channel]:
    """Away where it does not open for a while; refused where it will not."""
    with contextlib.ExitStack() as stack:
        channel = Channel(stack.enter_context(opened(place, connect_seconds)))
        reading = threading.Thread(target=channel.read, name="phaseline-watch", daemon=True)
        reading.start()
        try:
            yield channel
        finally:
            stack.close()  # ends the reading
            reading.join()


@contextlib.contextmanager
def opened(place: Place, connect_seconds: float) -> Iterator[ClientConnection]:
    with contextlib.ExitStack() as stack:
        try:
            socket = stack.enter_context(
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
