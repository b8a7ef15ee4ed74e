"""What `gevent_program` tells, apart from it: importing locust makes the standard library wait in gevent's way."""

import msgspec

USERS = 8
TICK_SECONDS = 0.01
LAST = 100  # a watch ends with so many domains


class Seen(msgspec.Struct, frozen=True):
    """`ticks`: how often others had their turn meanwhile. `states`: how many states of campaigns all users saw."""

    seconds: float
    ticks: int
    states: int
