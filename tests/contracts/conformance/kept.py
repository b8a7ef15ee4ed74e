"""Things that are there for the requests of single operations, handed from the test to the process of schemathesis."""

from collections.abc import Mapping

import msgspec

VARIABLE = "PHASELINE_KEPT"
NOBODY = "00000000-0000-7000-8000-000000000000"

# Parameters of paths, by the operation that finds there what it needs; other operations do not change those things.
Kept = Mapping[str, Mapping[str, str]]


def as_text(kept: Kept) -> str:
    return msgspec.json.encode(kept).decode()


def from_text(text: str) -> Kept:
    return msgspec.json.decode(text, type=dict[str, dict[str, str]])
