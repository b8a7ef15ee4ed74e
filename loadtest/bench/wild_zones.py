"""Zones of which most have a wildcard, and names below them: some were made, nobody made the others.

A wildcard answers for every name without a nearer existing ancestor (RFC 4592), so what is true of a name follows from
where it was put: it was made; or it lies where a wildcard answers; or it does not exist.
"""

import itertools
import random
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple, assert_never

from service.resolving.outcomes import DnsOutcome

TLD = "market"
SEED = 15
MADE_OF = 4  # one of four names was made
LABELS_MAX = 3  # of a name that nobody made, below what it was put under
LABEL_BITS = 40
MADE_ADDRESS = "192.0.2.{host}"
WILD_ADDRESS = "198.51.100.{host}"
POOL = tuple(f"203.0.113.{host}" for host in range(1, 7))
LOBBY = f"lobby.{TLD}"


class ZoneKind(StrEnum):
    """What a zone has beside the names that were made in it."""

    PLAIN = "plain"
    TOP = "top"  # a wildcard for all of the zone
    DEEPER = "deeper"  # one below `apps`, and nothing above it
    POOL = "pool"  # one with several addresses, in another order each time
    ALIAS = "alias"  # one that leads to the same name elsewhere
    MIXED = "mixed"  # one for all of the zone, and below it `shop`, which exists and ends it there


class Asked(NamedTuple):
    """A name, and what is true of it."""

    name: str
    outcome: DnsOutcome


class WildZone(NamedTuple):
    number: int

    @property
    def name(self) -> str:
        return f"zone{self.number}.{TLD}"

    @property
    def kind(self) -> ZoneKind:
        kinds = tuple(ZoneKind)
        return kinds[self.number % len(kinds)]

    @property
    def place(self) -> str:
        """Where in the zone its wildcard answers."""
        return f"apps.{self.name}" if self.kind is ZoneKind.DEEPER else self.name

    def list_made(self, count: int) -> list[str]:
        """So many; in a mixed zone half of them lie below `shop`."""
        parents = itertools.cycle([self.name, f"shop.{self.name}"] if self.kind is ZoneKind.MIXED else [self.name])
        return [f"www{number}.{parent}" for number, parent in zip(range(count), parents, strict=False)]

    def list_records(self, made: int, *, wild: bool) -> list[str]:
        """The lines of its file."""
        host = self.number % 250 + 1
        records = [f"{name}. A {MADE_ADDRESS.format(host=host)}" for name in self.list_made(made)]
        return [*records, *self.list_wildcards(host)] if wild else records

    def list_wildcards(self, host: int) -> list[str]:
        match self.kind:
            case ZoneKind.PLAIN:
                return []
            case ZoneKind.TOP | ZoneKind.DEEPER | ZoneKind.MIXED:
                return [f"*.{self.place}. A {WILD_ADDRESS.format(host=host)}"]
            case ZoneKind.POOL:
                return [f"*.{self.place}. A {address}" for address in POOL]
            case ZoneKind.ALIAS:
                return [f"*.{self.place}. CNAME {LOBBY}."]
            case _:
                assert_never(self.kind)

    def draw_stranger(self, dice: random.Random) -> Asked:
        """A name that nobody made; hardly two of them share a parent that is not the zone's own."""
        labels = ".".join(f"{dice.getrandbits(LABEL_BITS):x}" for _ in range(dice.randint(1, LABELS_MAX)))
        match self.kind:
            case ZoneKind.PLAIN:
                return Asked(f"{labels}.{self.name}", DnsOutcome.ABSENT)
            case ZoneKind.DEEPER if dice.random() < 0.5:
                return Asked(f"{labels}.{self.name}", DnsOutcome.ABSENT)
            case ZoneKind.MIXED if dice.random() < 0.5:
                return Asked(f"{labels}.shop.{self.name}", DnsOutcome.ABSENT)
            case _:
                return Asked(f"{labels}.{self.place}", DnsOutcome.WILDCARD)


def list_zones(count: int) -> list[WildZone]:
    return [WildZone(number) for number in range(count)]


def made_in_each(count: int, zones: int) -> int:
    return count // zones // MADE_OF


def draw_names(count: int, zones: Sequence[WildZone], *, wild: bool) -> list[Asked]:
    """So many names, in no order, the same each time; without wildcards nobody answers for strangers."""
    dice = random.Random(SEED)  # noqa: S311 -- what is asked for is no secret
    made = [
        Asked(name, DnsOutcome.RESOLVED) for zone in zones for name in zone.list_made(made_in_each(count, len(zones)))
    ]
    names = [*made, *itertools.islice(draw_strangers(zones, dice), count - len(made))]
    dice.shuffle(names)
    return names if wild else [Asked(name, without_wildcards(outcome)) for name, outcome in names]


def draw_strangers(zones: Sequence[WildZone], dice: random.Random) -> Iterator[Asked]:
    return (zone.draw_stranger(dice) for zone in itertools.cycle(zones))


def without_wildcards(outcome: DnsOutcome) -> DnsOutcome:
    return DnsOutcome.ABSENT if outcome is DnsOutcome.WILDCARD else outcome
