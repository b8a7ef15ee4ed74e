"""Zones with wildcards as RFC 4592 has them, for a scripted server; and what is true of their names.

A name that was made answers for itself, and its ancestors exist. Any other name is answered by the wildcard of its
closest existing ancestor, if that has one.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tests.resolving.scripted import CNAME, NXDOMAIN, Query, address, answer, record, wire

PROBE_LABEL_LENGTH = 20


class Records(msgspec.Struct, frozen=True):
    """What a name has: of `pool` so many addresses at a time (all, if 0), behind an alias if there is a target."""

    pool: tuple[str, ...]
    at_a_time: int = 0
    target: str = ""

    def answer(self, query: Query, dice: random.Random) -> bytes:
        chosen = dice.sample(self.pool, self.at_a_time) if self.at_a_time else self.pool
        if not self.target:
            return answer(query, *(address(each) for each in chosen if is_asked_for(query, each)))
        owner = wire(self.target)
        addresses = (address(each, owner) for each in chosen if is_asked_for(query, each))
        return answer(query, record(CNAME, owner), *addresses)


class Zones:
    """A script for a server: names that were made, and parents with a wildcard."""

    def __init__(self, made: Mapping[str, Records], wild: Mapping[str, Records], seed: int = 1) -> None:
        self.made = made
        self.wild = wild
        self.nodes = {node for name in (*made, *wild) for node in (name, *ancestors(name))}
        self.dice = random.Random(seed)
        self.probes: Counter[str] = Counter()

    def __call__(self, query: Query) -> Sequence[bytes]:
        name = query.name.lower()
        label, _, parent = name.partition(".")
        if len(label) == PROBE_LABEL_LENGTH:
            self.probes[parent] += 1
        records = self.records_of(name)
        if records is not None:
            return (records.answer(query, self.dice),)
        return (answer(query) if name in self.nodes else answer(query, rcode=NXDOMAIN),)

    def records_of(self, name: str) -> Records | None:
        if name in self.nodes:
            return self.made.get(name)
        encloser = next((node for node in ancestors(name) if node in self.nodes), "")
        return self.wild.get(encloser)


def is_asked_for(query: Query, text: str) -> bool:
    return (":" in text) == (query.record_type == 28)


def ancestors(name: str) -> Iterator[str]:
    """From the immediate parent up."""
    while name := name.partition(".")[2]:
        yield name
