"""What a check found."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum

import msgspec

from service.errors import Refused
from service.postgres.database import DATABASE_ERRORS


class Level(StrEnum):
    """How bad it is: nothing to do, worth a change, or it does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True, rename="camel"):
    """One thing that was looked at: what was found, and what to change (empty where all is well)."""

    check: str
    level: Level
    found: str
    advice: str = ""


def fine(check: str, found: str) -> Finding:
    return Finding(check, Level.OK, found)


def doubtful(check: str, found: str, advice: str) -> Finding:
    return Finding(check, Level.WARN, found, advice)


def broken(check: str, found: str, advice: str) -> Finding:
    return Finding(check, Level.FAIL, found, advice)


async def guarded(
    check: str, seconds: float, look: Callable[[], Awaitable[Sequence[Finding]]], advice: str
) -> list[Finding]:
    """What a look found; where it was refused, failed or took too long, that is the finding."""
    try:
        async with asyncio.timeout(seconds):
            return list(await look())
    except Refused as refusal:
        return [broken(check, refusal.message, advice)]
    except TimeoutError:
        return [broken(check, f"There was no answer within {seconds:.0f} s.", advice)]
    except (*DATABASE_ERRORS, ValueError) as error:
        return [broken(check, f"It could not be looked at: {first_line(error)}.", advice)]


def first_line(error: Exception) -> str:
    """Drivers add pages of hints."""
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
