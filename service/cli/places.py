"""Which server the client commands ask, and with which key: flags, then the environment, then what `run` left."""

import os
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Group, Parameter

from service.errors import Unauthenticated, Unavailable
from service.settings import Settings, read_settings

KEY_LENGTH_MAX = 500

_GROUP = Group("Server", sort_key=90)
Url = Annotated[
    str | None, Parameter(help="Which server; otherwise PHASELINE_URL, or the one on this machine.", group=_GROUP)
]
Key = Annotated[
    str | None, Parameter(help="Who asks; otherwise PHASELINE_KEY, or the key that `run` left here.", group=_GROUP)
]


def refuse_option(_: object, value: Path | None) -> None:
    """For the parser: what begins with a hyphen is standard input or output, or else a mistyped option."""
    if value is not None and str(value).startswith("-") and value != STANDARD_STREAM:
        raise ValueError(f"{value} is no option here; a file of that name is ./{value}.")


STANDARD_STREAM = Path("-")
OrStream = Parameter(allow_leading_hyphen=True, validator=refuse_option)
Reference = Annotated[str, Parameter(help='An id, the beginning of one, or "last".')]
Switch = Annotated[bool, Parameter(negative=(), show_default=False)]
Json = Annotated[Switch, Parameter(name="--json", help="Print JSON, for programs.")]


class Place(msgspec.Struct, frozen=True):
    """Where a server is, and the key it is asked with; without one, it tells little more than that it is there."""

    url: str
    key: str | None


def find_place(url: str | None, key: str | None) -> Place:
    """Unauthenticated where there is no key at all."""
    settings = read_settings(os.environ)
    return Place(url or settings.client_url, key or settings.key or require_key(settings))


def require_key(settings: Settings) -> str:
    key = read_key(settings.key_file)
    if key is None:
        raise Unauthenticated(
            "key_missing",
            f"No key: give --key, set PHASELINE_KEY, or run this where `phaseline run` left one ({settings.key_file}).",
        )
    return key


def read_key(file: Path) -> str | None:
    """The key in the file; None if there is no such file, or nothing in it."""
    try:
        with file.open(encoding="ascii", errors="replace") as opened:
            return opened.read(KEY_LENGTH_MAX).strip() or None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable("key_unreadable", f"Cannot read the key in {file}: {error.strerror}.") from None


def write_key(file: Path, secret: str) -> None:
    """For its owner's eyes only, from the first moment; in place of what was there."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            os.fchmod(descriptor, 0o600)
            opened.write(secret + "\n")
    except OSError as error:
        raise Unavailable("key_unwritable", f"Cannot keep the key in {file}: {error.strerror}.") from None
