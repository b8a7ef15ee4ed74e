"""One request over HTTP, and its outcome."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import TypeVar

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import PyreqwestError
from pyreqwest.request import RequestBuilder
from pyreqwest.response import Response

from phaseline_client.asking import Timeouts
from phaseline_client.calls import JSON_TYPE, Answer, Call, Outcome, Place, seconds_of
from phaseline_client.errors import Interrupted
from phaseline_client.http import PART_BYTES_MAX, TRANSFER_TIMEOUT, Gathered, configured, no_answer

T = TypeVar("T")


class AsyncTransport:
    """Asks one server. A list has a client of its own, since no part of an answer comes while it is sent."""

    def __init__(self, place: Place, timeouts: Timeouts) -> None:
        self._place = place
        self._timeouts = timeouts
        silence = timedelta(seconds=timeouts.silence)
        self._client = configured(ClientBuilder(), place, timeouts).read_timeout(silence).build()
        self._sender: Client | None = None

    async def ask(self, call: Call[T]) -> Outcome:
        request = requested(self._client, call).timeout(timedelta(seconds=self._timeouts.answer))
        try:
            async with request.build_streamed() as response:
                return await read_whole(response)
        except PyreqwestError as error:
            return no_answer(error)

    @contextlib.asynccontextmanager
    async def open(self, call: Call[T]) -> AsyncIterator[Outcome | AsyncGenerator[bytes]]:
        """The parts of a success as they come; or else the whole outcome."""
        async with contextlib.AsyncExitStack() as stack:
            opened: Outcome | Response
            try:
                request = requested(self._client, call).timeout(TRANSFER_TIMEOUT).build_streamed()
                response = await stack.enter_async_context(request)
                opened = response if 200 <= response.status < 300 else await read_whole(response)
            except PyreqwestError as error:
                opened = no_answer(error)
            if not isinstance(opened, Response):
                yield opened
                return
            async with contextlib.aclosing(parts_of(opened)) as parts:
                yield parts

    async def send(self, call: Call[T], content: AsyncIterator[bytes]) -> Outcome:
        """Send a body as it is read, once. What `content` raises is raised."""
        if self._sender is None:
            self._sender = configured(ClientBuilder(), self._place, self._timeouts).build()
        timeout = timedelta(seconds=self._timeouts.receipt)
        request = requested(self._sender, call).timeout(timeout).body_stream(content)
        try:
            async with request.build_streamed() as response:
                return await read_whole(response)
        except PyreqwestError as error:
            return no_answer(error)

    async def close(self) -> None:
        await self._client.close()
        if self._sender is not None:
            await self._sender.close()


def requested(client: Client, call: Call[T]) -> RequestBuilder:
    request = client.request(call.method, call.path.removeprefix("/")).query(call.query).headers(call.headers)
    return request if call.body is None else request.header("Content-Type", JSON_TYPE).body_bytes(call.body)


async def read_whole(response: Response) -> Answer:
    gathered, reader = Gathered(), response.body_reader
    while (part := await reader.read(PART_BYTES_MAX)) is not None:
        gathered.add(bytes(part))
    return Answer(response.status, gathered.data, seconds_of(response.get_header("retry-after")))


async def parts_of(response: Response) -> AsyncGenerator[bytes]:
    """The body as it arrives; Interrupted where it breaks off or falls silent."""
    reader = response.body_reader
    while True:
        try:
            part = await reader.read_chunk()
        except PyreqwestError:
            raise Interrupted("transfer_cut", "The connection broke off.") from None
        if part is None:
            return
        yield bytes(part)
