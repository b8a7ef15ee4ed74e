"""What is sent and what comes back, as values, and how their parts are written. Pure."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Generic, TypeVar
from urllib.parse import quote, urlsplit
from uuid import UUID

import msgspec

URL = "http://127.0.0.1:8000"  # where nobody says another
KEY_HEADER = "Idempotency-Key"
JSON_TYPE = "application/json"
RETRY_AFTER = re.compile(r"[0-9]{1,9}")
KEY = re.compile(r"[!-~]+")

T = TypeVar("T")
Argument = str | float | UUID | datetime
Pairs = tuple[tuple[str, str], ...]


class Place(msgspec.Struct, frozen=True):
    """Where a server is, and the key it is asked with; without one, it tells little more than that it is there."""

    url: str
    key: str | None


class Manner(Enum):
    """What happens to a request that is sent twice: it is the same, it is done once by its key, or it is done twice."""

    READING = auto()
    COMMAND = auto()
    ONCE = auto()


class Call(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One request, and the type of its answer. `path` begins with a slash."""

    method: str
    path: str
    answer: type[T]
    manner: Manner
    query: Pairs = ()
    headers: Pairs = ()
    body: bytes | None = None


class Answer(msgspec.Struct, frozen=True):
    """An answer that was read to its end. `retry_after_seconds` is None where the server told nothing."""

    status: int
    data: bytes = b""
    retry_after_seconds: float | None = None


class NoAnswer(msgspec.Struct, frozen=True):
    """There is no answer. `reached`: the server may have had the request."""

    reached: bool


Outcome = Answer | NoAnswer


def find_place(url: str | None, key: str | None, environment: Mapping[str, str]) -> Place:
    """What is given, or else what the environment says, where it says anything; ValueError where it cannot be one."""
    return checked_place(
        environment.get("PHASELINE_URL") or URL if url is None else url,
        environment.get("PHASELINE_KEY") or None if key is None else key,
    )


def checked_place(url: str, key: str | None) -> Place:
    """ValueError where one of them cannot be one."""
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"{url!r} is not a server's address; one looks like http://127.0.0.1:8000.")
    if key is not None and KEY.fullmatch(key) is None:
        raise ValueError("This is not a key: it is empty, or has characters that no key has.")
    return Place(url.rstrip("/"), key)


def is_loopback(url: str) -> bool:
    """Whether it is on this machine, where no proxy leads."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def websocket_url(place: Place, address: str) -> str:
    return f"ws{place.url.removeprefix('http')}{address}"


def bearer(place: Place) -> dict[str, str]:
    return {} if place.key is None else {"Authorization": f"Bearer {place.key}"}


def encoded(body: msgspec.Struct | None) -> bytes | None:
    return None if body is None else msgspec.json.encode(body)


def segment(argument: Argument) -> str:
    """A part of a path."""
    return quote(str(argument), safe="")


def given(*named: tuple[str, Argument | Sequence[Argument] | None]) -> Pairs:
    """What is not None, as texts; a list is several of the same name."""
    pairs: list[tuple[str, str]] = []
    for name, value in named:
        match value:
            case None:
                pass
            case str() | float() | int() | UUID() | datetime():
                pairs.append((name, text_of(value)))
            case _:
                pairs += ((name, text_of(each)) for each in value)
    return tuple(pairs)


def text_of(argument: Argument) -> str:
    return argument.isoformat() if isinstance(argument, datetime) else str(argument)


def with_key(call: Call[T], key: str) -> Call[T]:
    """A command carries a key, the same in each attempt: its caller's, or else this one."""
    if call.manner is not Manner.COMMAND or any(name == KEY_HEADER for name, _ in call.headers):
        return call
    return msgspec.structs.replace(call, headers=(*call.headers, (KEY_HEADER, key)))


def seconds_of(retry_after: str | None) -> float | None:
    """A Retry-After header in seconds; None where there is none, or a date."""
    text = (retry_after or "").strip()
    return float(text) if RETRY_AFTER.fullmatch(text) else None
