"""What a process of users tells of itself: a line of JSON for each second, and one in the end.

Structs without locust, so that whoever starts such a process can read them: importing locust changes the standard
library. Times on the wall are in seconds since 1970, durations in milliseconds.
"""

from uuid import UUID

import msgspec

DELAYS_TIMED_EVERY = 10  # of the states that are news, one in so many is timed


class Line(msgspec.Struct, frozen=True, tag_field="tells"):
    pass


class Count(msgspec.Struct, frozen=True):
    """`kind` is one of `troubles`; `text` says which."""

    operation: str
    kind: str
    text: str
    count: int


class Second(Line, frozen=True, tag="second"):
    """What ended in the second before `at`: how long each answer of an operation took, and what went wrong instead.

    `states`: how many states of campaigns arrived at all watchers together. `delays_ms`: from the moment that a state
    tells of to its arrival. `absences`: how often a watcher lost its connection.
    """

    at: float
    users: int
    taken_ms: dict[str, list[float]]
    troubles: tuple[Count, ...]
    states: int
    delays_ms: list[float]
    absences: int


class Standing(msgspec.Struct, frozen=True):
    """So many watchers saw a campaign last like this. `is_dashboard`: they watch all campaigns, the others this one."""

    campaign_id: UUID
    is_dashboard: bool
    sequence: int
    is_deleted: bool
    watchers: int


class Farewell(Line, frozen=True, tag="farewell"):
    """In the end. `dashboards`: how many watched all campaigns. `followed`: how often one was followed to its end."""

    dashboards: int
    followed: int
    standings: tuple[Standing, ...]


decode_line = msgspec.json.Decoder(Second | Farewell).decode
