"""The generated operations, asked by locust's own client: the generated client's would hold all users up.

What is sent, what an answer means and when it is asked for again are the generated client's own values and rules
(`Call`, `Asking`); only the bytes go another way. Each attempt is one request for locust, under its operation's name.
"""

import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast
from urllib.parse import urlencode
from uuid import uuid4

import msgspec
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS, FastHttpSession, ResponseContextManager

from loadtest.users.troubles import Silent, Wrong, trouble_of
from phaseline_client.asking import Asking, loss
from phaseline_client.calls import JSON_TYPE, Answer, Call, NoAnswer, Outcome, Place, bearer, seconds_of, with_key
from phaseline_client.errors import Interrupted, Moved, PhaselineError, Refused, Unreadable, refusal_of
from phaseline_client.repeating import REPEATING
from phaseline_client.tables import Table

PART_BYTES = 65_536  # of a file; others have their turn between two

Expected = tuple[type[Refused], ...]

P = ParamSpec("P")
T = TypeVar("T")


class Asker:
    """One user's way to the server. Refusals and losses are raised as the generated client raises them."""

    def __init__(self, session: FastHttpSession, place: Place) -> None:
        self.session = session
        self.place = place

    def ask(self, operation: Callable[P, Call[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer. Asked again, as the same command, while the server is away or busy for a moment."""
        return self._ask((), operation.__name__, operation(*args, **kwargs))

    def try_to(
        self, expected: Expected, operation: Callable[P, Call[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """The answer, or None where it was refused in a way that is to be expected: others move campaigns, too."""
        try:
            return self._ask(expected, operation.__name__, operation(*args, **kwargs))
        except expected:
            return None

    def send(self, content: bytes, operation: Callable[P, Call[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """A body that is no Struct: a list of names. Sent once, unless nobody heard it."""
        call = msgspec.structs.replace(operation(*args, **kwargs), body=content)
        return self._ask((), operation.__name__, call)

    def read(self, table: Table, operation: Callable[P, Call[bytes]], *args: P.args, **kwargs: P.kwargs) -> None:
        """A whole file, as it comes. Sent once; what locust is told is how long all of it took."""
        call, begun = operation(*args, **kwargs), time.perf_counter()
        with self._request(operation.__name__, call, stream=True) as response:
            try:
                if not is_success(response):
                    raise refused(self.place, told(response, (), outcome_of(response)))
                for part in response.iter_content(PART_BYTES, decode_content=False):
                    table.feed(part)
                table.finish()
                response.success()
            except FAILURE_EXCEPTIONS as fault:
                response.failure(Silent(type(fault).__name__))
                raise Interrupted("transfer_cut", "The connection broke off.") from None
            except (Interrupted, Moved, Unreadable) as damage:
                response.failure(Wrong(damage.code))
                raise
            finally:
                response.request_meta["response_time"] = (time.perf_counter() - begun) * 1e3

    def _ask(self, expected: Expected, name: str, call: Call[T]) -> T:
        asking = Asking(with_key(call, str(uuid4())), self.place, REPEATING, random.random, time.monotonic())
        while True:
            with self._request(name, asking.call) as response:
                outcome = told(response, expected, outcome_of(response))
            seconds = asking.next_pause(outcome, time.monotonic())
            if seconds is None:
                return asking.answer_of(outcome)
            time.sleep(seconds)

    def _request(self, name: str, call: Call[T], *, stream: bool = False) -> ResponseContextManager:
        """Locust is told of it, under this name, at the end of the block."""
        return self.session.request(
            call.method,
            url_of(call),
            name=name,
            data=cast("str | None", call.body),  # bytes go as well; its annotation does not know
            headers=headers_of(self.place, call),
            catch_response=True,
            stream=stream,
            allow_redirects=False,
        )


def url_of(call: Call[T]) -> str:
    return f"{call.path}?{urlencode(call.query)}" if call.query else call.path


def headers_of(place: Place, call: Call[T]) -> dict[str, str]:
    content = {} if call.body is None else {"Content-Type": JSON_TYPE}
    return {**bearer(place), **content, **dict(call.headers)}


def is_success(response: ResponseContextManager) -> bool:
    return 200 <= response.status_code < 300


def outcome_of(response: ResponseContextManager) -> Outcome:
    """What came, read to its end."""
    if response.headers is None:
        return NoAnswer(reached=not isinstance(fault_of(response), ConnectionRefusedError))
    try:
        data = bytes(response.content or b"")
    except FAILURE_EXCEPTIONS:
        return NoAnswer(reached=True)
    retry_after = response.headers.get("retry-after")
    return Answer(response.status_code, data, seconds_of(retry_after if isinstance(retry_after, str) else None))


def fault_of(response: ResponseContextManager) -> Exception | None:
    """What locust's client says of an answer that did not come."""
    return getattr(response, "error", None)


def refused(place: Place, outcome: Outcome) -> PhaselineError:
    return refusal_of(outcome) if isinstance(outcome, Answer) else loss(place, reached=outcome.reached)


def told(response: ResponseContextManager, expected: Expected, outcome: Outcome) -> Outcome:
    """Locust would judge by the status alone."""
    trouble = trouble_of(outcome, expected, why=type(fault_of(response)).__name__)
    if trouble is None:
        response.success()
    else:
        response.failure(trouble)
    return outcome
