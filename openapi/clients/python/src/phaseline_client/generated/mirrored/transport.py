# Made from `awaited/transport.py` by `make client-python`; a change here is lost.

"""One request over HTTP, and its outcome."""

import contextlib
from collections.abc import Generator, Iterator
from datetime import timedelta
from typing import TypeVar

from pyreqwest.client import SyncClient, SyncClientBuilder
from pyreqwest.exceptions import PyreqwestError
from pyreqwest.request import SyncRequestBuilder
from pyreqwest.response import SyncResponse

from phaseline_client.asking import Timeouts
from phaseline_client.calls import JSON_TYPE, Answer, Call, Outcome, Place, seconds_of
from phaseline_client.errors import Interrupted
from phaseline_client.http import PART_BYTES_MAX, TRANSFER_TIMEOUT, Gathered, configured, no_answer

T = TypeVar("T")


class Transport:
    """Asks one server. A list has a client of its own, since no part of an answer comes while it is sent."""

    def __init__(self, place: Place, timeouts: Timeouts) -> None:
        self._place = place
        self._timeouts = timeouts
        silence = timedelta(seconds=timeouts.silence)
        self._client = configured(SyncClientBuilder(), place, timeouts).read_timeout(silence).build()
        self._sender: SyncClient | None = None

    def ask(self, call: Call[T]) -> Outcome:
        request = requested(self._client, call).timeout(timedelta(seconds=self._timeouts.answer))
        try:
            with request.build_streamed() as response:
                return read_whole(response)
        except PyreqwestError as error:
            return no_answer(error)

    @contextlib.contextmanager
    def open(self, call: Call[T]) -> Iterator[Outcome | Generator[bytes]]:
        """The parts of a success as they come; or else the whole outcome."""
        with contextlib.ExitStack() as stack:
            opened: Outcome | SyncResponse
            try:
                request = requested(self._client, call).timeout(TRANSFER_TIMEOUT).build_streamed()
                response = stack.enter_context(request)
                opened = response if 200 <= response.status < 300 else read_whole(response)
            except PyreqwestError as error:
                opened = no_answer(error)
            if not isinstance(opened, SyncResponse):
                yield opened
                return
            with contextlib.closing(parts_of(opened)) as parts:
                yield parts

    def send(self, call: Call[T], content: Iterator[bytes]) -> Outcome:
        """Send a body as it is read, once. What `content` raises is raised."""
        if self._sender is None:
            self._sender = configured(SyncClientBuilder(), self._place, self._timeouts).build()
        timeout = timedelta(seconds=self._timeouts.receipt)
        request = requested(self._sender, call).timeout(timeout).body_stream(content)
        try:
            with request.build_streamed() as response:
                return read_whole(response)
        except PyreqwestError as error:
            return no_answer(error)

    def close(self) -> None:
        self._client.close()
        if self._sender is not None:
            self._sender.close()


def requested(client: SyncClient, call: Call[T]) -> SyncRequestBuilder:
    request = client.request(call.method, call.path.removeprefix("/")).query(call.query).headers(call.headers)
    return request if call.body is None else request.header("Content-Type", JSON_TYPE).body_bytes(call.body)


def read_whole(response: SyncResponse) -> Answer:
    gathered, reader = Gathered(), response.body_reader
    while (part := reader.read(PART_BYTES_MAX)) is not None:
        gathered.add(bytes(part))
    return Answer(response.status, gathered.data, seconds_of(response.get_header("retry-after")))


def parts_of(response: SyncResponse) -> Generator[bytes]:
    """The body as it arrives; Interrupted where it breaks off or falls silent."""
    reader = response.body_reader
    while True:
        try:
            part = reader.read_chunk()
        except PyreqwestError:
            raise Interrupted("transfer_cut", "The connection broke off.") from None
        if part is None:
            return
        yield bytes(part)
