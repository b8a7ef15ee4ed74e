"""Parents that answer for every child: found by asking for children that nobody can have made.

A verdict is the set of addresses that a parent gives to such children: empty for a parent that is no wildcard. A
resolved name is a wildcard's echo if all its addresses are in its parent's set; with any other address it was made by
somebody, and is kept.

Only the immediate parent is judged. A wildcard further up (`*.example.com` for `a.b.example.com`, where `b` does not
exist) answers the probes below `b` as well, so its echoes are found, at the price of probing each such `b`. Walking up
from the top, so that one verdict spares all parents below it, belongs into `Wildcards.learn`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from service.resolving.model import Answers
from service.resolving.outcomes import FAILED, UNFINISHED, DnsOutcome

PARENTS_MAX: Final = 100_000  # verdicts remembered per engine, the least recently used go first
PROBE_LABEL_BYTES: Final = 10  # of entropy; twice as many letters

Verdict = frozenset[bytes]
AskProbes = Callable[[Sequence[bytes]], Awaitable[Answers]]

NO_WILDCARD: Final[Verdict] = frozenset()


class Wildcards:
    """What is known about parents, shared by all batches of an engine: each parent is probed by one of them."""

    def __init__(self, probes: int, entropy: Callable[[int], bytes]) -> None:
        self._probes = probes
        self._entropy = entropy
        self._verdicts: OrderedDict[bytes, Verdict] = OrderedDict()
        self._asking: dict[bytes, asyncio.Event] = {}

    async def learn(self, parents: Iterable[bytes], ask: AskProbes) -> dict[bytes, Verdict]:
        """A verdict for each of `parents`; one is missing only where `ask` was stopped before it answered.

        Where every probe failed, nothing was learnt: the verdict is `NO_WILDCARD` for this caller, and not remembered.
        """
        found: dict[bytes, Verdict] = {}
        unknown = set(parents)
        while unknown:
            found.update(self._recall(unknown))
            unknown -= found.keys()
            mine = [parent for parent in unknown if parent not in self._asking]
            others = [self._asking[parent] for parent in unknown if parent in self._asking]
            found.update(await self._ask(mine, ask))
            unknown.difference_update(mine)
            for event in others:
                await event.wait()
        return found

    def _recall(self, parents: Iterable[bytes]) -> dict[bytes, Verdict]:
        known = {parent: self._verdicts[parent] for parent in parents if parent in self._verdicts}
        for parent in known:
            self._verdicts.move_to_end(parent)
        return known

    async def _ask(self, parents: Sequence[bytes], ask: AskProbes) -> dict[bytes, Verdict]:
        """Probe parents while the other batches wait for it; if this is cancelled, they ask themselves."""
        if not parents:
            return {}
        answered = asyncio.Event()
        self._asking.update(dict.fromkeys(parents, answered))
        try:
            answers = await ask([self._probe_name(parent) for parent in parents for _ in range(self._probes)])
        finally:
            for parent in parents:
                del self._asking[parent]
            answered.set()
        return self._conclude(parents, answers)

    def _probe_name(self, parent: bytes) -> bytes:
        return self._entropy(PROBE_LABEL_BYTES).hex().encode() + b"." + parent

    def _conclude(self, parents: Sequence[bytes], answers: Answers) -> dict[bytes, Verdict]:
        verdicts: dict[bytes, Verdict] = {}
        for number, parent in enumerate(parents):
            rows = range(number * self._probes, (number + 1) * self._probes)
            outcomes = {int(answers.outcomes[row]) for row in rows}
            if UNFINISHED in outcomes:
                continue
            verdicts[parent] = NO_WILDCARD.union(*(addresses_of(answers, row) for row in rows))
            if not outcomes & FAILED:
                self._remember(parent, verdicts[parent])
        return verdicts

    def _remember(self, parent: bytes, verdict: Verdict) -> None:
        self._verdicts[parent] = verdict
        if len(self._verdicts) > PARENTS_MAX:
            self._verdicts.popitem(last=False)


def parent_of(name: str | bytes) -> bytes:
    """The immediate parent in lower case; empty for a name of one label, whose parent is the root."""
    text = name.encode() if isinstance(name, str) else name
    return text.lower().removesuffix(b".").partition(b".")[2]


def addresses_of(answers: Answers, row: int) -> frozenset[bytes]:
    """A row's addresses, each by itself: 4 bytes for IPv4, 16 for IPv6."""
    packed, packed_v6 = answers.addresses[row], answers.addresses_v6[row]
    return frozenset(packed[at : at + 4] for at in range(0, len(packed), 4)) | frozenset(
        packed_v6[at : at + 16] for at in range(0, len(packed_v6), 16)
    )


def resolved_rows(answers: Answers) -> list[int]:
    rows: list[int] = np.flatnonzero(answers.outcomes == DnsOutcome.RESOLVED).tolist()
    return rows


def mark_wildcards(names: Sequence[str | bytes], answers: Answers, verdicts: Mapping[bytes, Verdict]) -> None:
    """Call resolved names that echo their parent's wildcard by that name, in place.

    Where a parent's verdict is missing, the name is put back as unfinished.
    """
    for row in resolved_rows(answers):
        parent = parent_of(names[row])
        if not parent:
            continue
        verdict = verdicts.get(parent)
        if verdict is None:
            answers.outcomes[row] = UNFINISHED
        elif verdict and addresses_of(answers, row) <= verdict:
            answers.outcomes[row] = DnsOutcome.WILDCARD
