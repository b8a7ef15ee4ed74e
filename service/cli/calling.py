"""One server, asked over HTTP: what is repeated, how an answer is read, and what a refusal is.

Every refusal of the server arrives as `Refused` with its sentence. A server that does not answer is `Unavailable`; an
answer that began and was cut, or a body that was not taken to its end, is `Interrupted`.
"""

import asyncio
import contextlib
import ipaddress
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4

import msgspec
from pyreqwest.client import Client as HttpClient
from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import ConnectTimeoutError, DetailedPyreqwestError, PyreqwestError
from pyreqwest.request import RequestBuilder
from pyreqwest.response import Response

from service.cli.repeating import Answer, Lost, Patience, seconds_of
from service.errors import Invalid, NotFound, Refused, Unauthenticated, Unavailable

CONNECT_TIMEOUT = timedelta(seconds=5)
REQUEST_TIMEOUT = timedelta(seconds=30)
TRANSFER_TIMEOUT = timedelta(days=2)  # of a whole export or import
SILENCE_SECONDS_MAX = 120.0  # between two parts of an export
CONNECTING = "client error (Connect)"  # what pyreqwest's client says where it could not even connect

T = TypeVar("T")


class Place(msgspec.Struct, frozen=True):
    """Where a server is, and the key it is asked with."""

    url: str
    key: str


class Call(msgspec.Struct, frozen=True):
    """One request, but for its body."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


class ProblemDetail(msgspec.Struct, frozen=True):
    """What this client reads of an answer of RFC 9457."""

    detail: str
    code: str = "refused"
    pointer: str | None = None


class Interrupted(Unavailable):
    """A transfer had begun and was cut off."""


class Server:
    """One server, asked with one key."""

    def __init__(self, place: Place, http: HttpClient) -> None:
        self.place = place
        self._http = http

    async def ask(self, call: Call, body: bytes | None = None) -> bytes:
        """The answer's body. Asked again, as the same command, while the server is away or busy for a moment."""
        repeatable = with_key(call)
        patience, began = Patience(random.random), time.monotonic()
        while True:
            outcome = await self._attempt(repeatable, body)
            pause = patience.next_pause(outcome, time.monotonic() - began)
            if pause is None:
                return body_of(outcome, self._loss(call, patience))
            await asyncio.sleep(pause)

    async def _attempt(self, call: Call, body: bytes | None) -> Answer | Lost:
        request = self._request(call)
        if body is not None:
            request = request.header("Content-Type", "application/json").body_bytes(body)
        try:
            return await read_whole(await request.build().send())
        except PyreqwestError as error:
            return lost(error)

    @contextlib.asynccontextmanager
    async def open_stream(self, call: Call) -> AsyncIterator[AsyncGenerator[bytes, None]]:
        """An answer's body as it comes; its beginning is asked for as patiently as in `ask`."""
        patience, began = Patience(random.random), time.monotonic()
        while True:
            async with contextlib.AsyncExitStack() as stack:
                outcome = await self._begin_stream(call, stack)
                if isinstance(outcome, Response):
                    async with contextlib.aclosing(parts_of(outcome)) as parts:
                        yield parts
                    return
            pause = patience.next_pause(outcome, time.monotonic() - began)
            if pause is None:
                body_of(outcome, self._loss(call, patience))
                raise AssertionError("a success is a stream")
            await asyncio.sleep(pause)

    async def _begin_stream(self, call: Call, stack: contextlib.AsyncExitStack) -> Response | Answer | Lost:
        try:
            request = self._request(call).timeout(TRANSFER_TIMEOUT).build_streamed()
            response = await stack.enter_async_context(request)
            return response if response.status < 400 else await read_whole(response)
        except PyreqwestError as error:
            return lost(error)

    async def send_stream(self, call: Call, parts: AsyncIterator[bytes]) -> bytes:
        """Send a body as it is read, once; the answer's body. Interrupted where the answer never came."""
        request = self._request(call).timeout(TRANSFER_TIMEOUT).body_stream(parts)
        try:
            outcome: Answer | Lost = await read_whole(await request.build().send())
        except PyreqwestError as error:
            outcome = lost(error)
        if isinstance(outcome, Lost) and outcome.reached:
            raise Interrupted("transfer_cut", f"The connection to {self.place.url} was lost.")
        return body_of(outcome, server_away(self.place.url))

    def _loss(self, call: Call, patience: Patience) -> Unavailable:
        """What is said where there was no answer at last."""
        if not patience.reached:
            return server_away(self.place.url)
        return server_lost(self.place.url, is_command=call.method != "GET")

    def _request(self, call: Call) -> RequestBuilder:
        return self._http.request(call.method, call.path).query(call.query).headers(call.headers)


@contextlib.asynccontextmanager
async def open_server(place: Place) -> AsyncIterator[Server]:
    """Nothing is asked yet. Invalid if the URL is none."""
    base = checked_url(place.url)
    builder = (
        ClientBuilder()
        .base_url(base.geturl().rstrip("/") + "/")
        .default_headers(bearer(place.key))
        .follow_redirects(enable=False)  # a key is shown to nobody but the server that was named
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
    )
    if is_loopback(place.url):
        builder = builder.no_proxy()
    async with builder.build() as http:
        yield Server(place, http)


def with_key(call: Call) -> Call:
    """A command carries a key of its own, the same in each attempt; reading needs none."""
    if call.method == "GET":
        return call
    return msgspec.structs.replace(call, headers=(*call.headers, ("Idempotency-Key", str(uuid4()))))


def lost(error: PyreqwestError) -> Lost:
    """The client calls every broken connection a ConnectError; its causes tell whether there was one at all."""
    details = error.details if isinstance(error, DetailedPyreqwestError) else {"causes": None}
    was_connecting = any(cause["message"] == CONNECTING for cause in details["causes"] or ())
    return Lost(reached=not (was_connecting or isinstance(error, ConnectTimeoutError)))


async def read_whole(response: Response) -> Answer:
    data = bytes(await response.bytes())
    code = "" if response.status < 400 else problem_of(response.status, data).code
    return Answer(response.status, data, code, seconds_of(response.get_header("retry-after")))


async def parts_of(response: Response) -> AsyncGenerator[bytes, None]:
    """The body as it arrives; Interrupted where it breaks off or falls silent."""
    reader = response.body_reader
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS_MAX):
                part = await reader.read_chunk()
        except (PyreqwestError, TimeoutError):
            raise Interrupted("transfer_cut", "The connection broke off.") from None
        if part is None:
            return
        yield bytes(part)


def body_of(outcome: Answer | Lost, loss: Unavailable) -> bytes:
    """What was answered at last; otherwise the refusal, or the loss, is raised."""
    if isinstance(outcome, Lost):
        raise loss
    if outcome.status >= 400:
        raise refusal_of(outcome.status, outcome.data)
    return outcome.data


def checked_url(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Invalid("url_invalid", f"{url!r} is not a server's address; one looks like http://127.0.0.1:8000.")
    return parts


def bearer(key: str) -> dict[str, str]:
    if not key.isascii() or not key.isprintable():
        raise Invalid("key_invalid", "This is not a key: it has characters that no key has.")
    return {"Authorization": f"Bearer {key}"}


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_answer(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError:
        raise Unavailable("answer_unreadable", "What answers there is no Phaseline server of this version.") from None


def refusal_of(status: int, data: bytes) -> Refused:
    """The server's own sentence, where it sent one."""
    problem = problem_of(status, data)
    if status in {401, 403}:
        return Unauthenticated(problem.code, problem.detail)
    if status == 404:
        return NotFound(problem.code, problem.detail)
    if status >= 500:
        return Unavailable(problem.code, problem.detail)
    where = f" (at {problem.pointer})" if problem.pointer else ""
    return Refused(problem.code, problem.detail + where, pointer=problem.pointer)


def problem_of(status: int, data: bytes) -> ProblemDetail:
    try:
        return msgspec.json.decode(data, type=ProblemDetail)
    except msgspec.MsgspecError:
        if status == 403:
            return ProblemDetail("This key is not accepted here.", "key_refused")
        return ProblemDetail(f"The server refused this with status {status} and gave no reason.")


def server_away(url: str) -> Unavailable:
    return Unavailable(
        "server_away", f"No server answers at {url}; start one with `phaseline run`, or name another with --url."
    )


def server_lost(url: str, *, is_command: bool) -> Unavailable:
    advice = " It may have been done: look before you repeat it." if is_command else ""
    return Unavailable("server_lost", f"The connection to {url} was lost, and asking again did not help.{advice}")
