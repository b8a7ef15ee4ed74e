"""How large everything is, and how long each stage takes. Pure."""

import msgspec

USER_REQUESTS_PER_SECOND = 0.5
LARGER = 5  # the larger one of the finished campaigns, beside the other
DASHBOARDS, FOLLOWERS = 10, 190  # as the classes have it
SECONDS_MIN = 12


class Plan(msgspec.Struct, frozen=True):
    """`times`: how much more is offered beyond capacity. Seconds of stages that follow one another."""

    domains: int
    times: int
    warm_seconds: float
    steady_seconds: float
    overload_seconds: float
    recovery_seconds: float
    requests_per_second: int = 40
    names: int = 200  # of a Mover's campaign
    lines: int = 2_000  # of an Importer's list

    @property
    def users(self) -> int:
        return round(self.requests_per_second / USER_REQUESTS_PER_SECOND)

    @property
    def crowd(self) -> int:
        """Further users beyond capacity."""
        return (self.times - 1) * self.users

    @property
    def loaded_seconds(self) -> float:
        return self.warm_seconds + self.steady_seconds + self.overload_seconds + self.recovery_seconds


def plan_of(domains: int, seconds: int, times: int) -> Plan:
    """So many seconds are divided: most of them are steady."""
    warm, overload, recovery = between(2, seconds / 20, 10), between(3, seconds / 10, 30), between(4, seconds / 10, 15)
    steady = seconds - warm - overload - recovery
    assert steady > 0
    return Plan(domains, times, warm, steady, overload, recovery)


def between(least: float, value: float, most: float) -> float:
    return min(most, max(least, value))
