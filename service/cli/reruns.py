"""What `campaign start --rerun` means: its scope, and for `olderThan` an instant or an age. Pure."""

import re
from datetime import datetime, timedelta

import msgspec

from service.campaigns.model import Rerun, RerunScope
from service.errors import Invalid
from service.progress.events import Instant

AGE = re.compile(r"(?P<count>[0-9]{1,5})(?P<unit>[smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def rerun_of(scope: RerunScope | None, older_than: str | None, now: datetime) -> Rerun | None:
    """What is asked for; --older-than alone says the scope, too."""
    if older_than is not None:
        if scope not in {None, RerunScope.OLDER_THAN}:
            raise Invalid("rerun_unclear", f"--older-than is a scope of its own: leave out --rerun {scope}.")
        return Rerun(RerunScope.OLDER_THAN, instant_of(older_than, now))
    if scope is RerunScope.OLDER_THAN:
        raise Invalid("older_than_missing", "Say older than what: --older-than 7d, or an instant of RFC 3339.")
    return None if scope is None else Rerun(scope)


def instant_of(text: str, now: datetime) -> datetime:
    """`2026-11-01T00:00:00Z`, or an age before now: 7d, 12h, 90m, 30s."""
    age = AGE.fullmatch(text)
    if age:
        return now - timedelta(**{UNITS[age["unit"]]: int(age["count"])})
    try:
        return msgspec.convert(text, Instant)
    except msgspec.ValidationError:
        raise Invalid(
            "older_than_invalid", f"{text!r} is neither an age as in 7d, 12h or 90m nor an instant as in {now:%FT%TZ}."
        ) from None
