"""What is read of the old database, as values."""

from typing import NamedTuple
from uuid import UUID

import msgspec

UNPLACED = 2**63 - 1  # the place of what has none: behind all others


class RowKey(NamedTuple):
    """A domain's place in the order in which a campaign's domains are read."""

    place: int
    row_id: str


BEGINNING = RowKey(-(2**63), "")


class WordCount(NamedTuple):
    """How many of a campaign's domains have these words."""

    campaign_id: UUID
    dns_status: str | None
    http_status: str | None
    lead_status: str | None
    rejection_reason: str | None
    amount: int
    last_place: int | None
    score_max: float | None


class Origin(NamedTuple):
    """Whose names or addresses a campaign was given; None where it has its own."""

    campaign_id: UUID
    names_of: UUID | None
    given_by: UUID | None


class Unreadable(msgspec.Struct, frozen=True):
    """A campaign of which a column holds what it should not."""

    campaign_id: UUID
    reason: str
