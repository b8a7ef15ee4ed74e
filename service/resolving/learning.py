"""Learns what parents are: by memory, from what others learnt, and by probes. Each parent is probed by one batch."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from service.resolving.model import Answers
from service.resolving.outcomes import UNFINISHED
from service.resolving.verdicts import UNKNOWN, Look, Verdict, VerdictMemory, with_probe

PARENTS_MAX: Final = 100_000  # verdicts kept per engine, the least recently used go first
VERDICT_SECONDS: Final = 3_600.0  # then others are asked again, and the parent itself if they have forgotten it too
TOLD_MAX: Final = 1_000  # verdicts told to others at once
PROBE_LABEL_BYTES: Final = 10  # of entropy; twice as many letters

AskProbes = Callable[[Sequence[bytes]], Awaitable[Answers]]


class Interest(msgspec.Struct, frozen=True):
    """Why a parent is asked about: for so many rows; `above` is the nearest wildcard above it that is known."""

    row_count: int
    above: Verdict = UNKNOWN


class Learner:
    """What is known about parents, shared by all batches of an engine."""

    def __init__(self, entropy: Callable[[int], bytes], memory: VerdictMemory) -> None:
        self._entropy = entropy
        self._memory = memory
        self._kept: OrderedDict[bytes, tuple[Verdict, float]] = OrderedDict()
        self._asking: dict[bytes, asyncio.Event] = {}

    async def learn(self, wanted: Mapping[bytes, Interest], look: Look, ask: AskProbes) -> dict[bytes, Verdict]:
        """A verdict for each parent; one is missing only where `ask` was stopped before it answered.

        Where every probe failed, the verdict is one without probes, and is not kept.
        """
        found: dict[bytes, Verdict] = {}
        unknown = set(wanted)
        while unknown:
            found.update(self._recall_all(unknown, look))
            unknown -= found.keys()
            others = [self._asking[parent] for parent in unknown if parent in self._asking]
            mine = {parent: wanted[parent] for parent in unknown if parent not in self._asking}
            found.update(await self._find_out(mine, look, ask))
            unknown -= mine.keys()
            for event in others:
                await event.wait()
        return found

    def recall(self, parent: bytes) -> Verdict | None:
        kept = self._kept.get(parent)
        if kept is None or kept[1] < asyncio.get_running_loop().time():
            return None
        self._kept.move_to_end(parent)
        return kept[0]

    def _recall_all(self, parents: Iterable[bytes], look: Look) -> dict[bytes, Verdict]:
        known = [(parent, self.recall(parent)) for parent in parents]
        return {parent: verdict for parent, verdict in known if verdict is not None and look.is_enough(verdict)}

    def _keep(self, verdicts: Mapping[bytes, Verdict]) -> None:
        until = asyncio.get_running_loop().time() + VERDICT_SECONDS
        for parent, verdict in verdicts.items():
            if verdict.probe_count:
                self._kept[parent] = verdict, until
                self._kept.move_to_end(parent)
        while len(self._kept) > PARENTS_MAX:
            self._kept.popitem(last=False)

    async def _find_out(self, wanted: Mapping[bytes, Interest], look: Look, ask: AskProbes) -> dict[bytes, Verdict]:
        """Look up and probe while the other batches wait for it; if this is cancelled, they do it themselves."""
        if not wanted:
            return {}
        answered = asyncio.Event()
        self._asking.update(dict.fromkeys(wanted, answered))
        try:
            told = await self._memory.find([parent for parent in wanted if self.recall(parent) is None])
            self._keep(told)
            known = {parent: verdict for parent, verdict in told.items() if look.is_enough(verdict)}
            left = {parent: interest for parent, interest in wanted.items() if parent not in known}
            learnt = await self._probe(left, look, ask)
            self._keep(learnt)
        finally:
            for parent in wanted:
                del self._asking[parent]
            answered.set()
        await self._memory.remember(worth_telling(learnt, left))
        return known | learnt

    async def _probe(self, wanted: Mapping[bytes, Interest], look: Look, ask: AskProbes) -> dict[bytes, Verdict]:
        """Probe until the look wants no more; a parent is missing where a stop came first.

        One whose probes are explained by the wildcard above it is under that wildcard, and has its verdict.
        """
        under_way = {parent: self.recall(parent) or UNKNOWN for parent in wanted}
        asked: Counter[bytes] = Counter()
        ended: dict[bytes, Verdict] = {}
        while under_way:
            counts = Counter({parent: look.more(verdict, asked[parent]) for parent, verdict in under_way.items()})
            under_way = await self._ask(under_way, counts, ask)
            asked += counts
            for parent, verdict in list(under_way.items()):
                above = wanted[parent].above
                if above.explains(verdict) or not look.more(verdict, asked[parent]):
                    ended[parent] = above if above.explains(verdict) else verdict
                    del under_way[parent]
        return ended

    async def _ask(
        self, verdicts: Mapping[bytes, Verdict], counts: Counter[bytes], ask: AskProbes
    ) -> dict[bytes, Verdict]:
        """So many more probes of each parent; parents without an end, because of a stop, are left out."""
        parents = list(counts.elements())
        answers = await ask([self._probe_name(parent) for parent in parents])
        grown = dict(verdicts)
        for row, parent in enumerate(parents):
            if answers.outcomes[row] == UNFINISHED:
                grown.pop(parent, None)
            elif parent in grown:
                grown[parent] = with_probe(grown[parent], answers, row)
        return grown

    def _probe_name(self, parent: bytes) -> bytes:
        return self._entropy(PROBE_LABEL_BYTES).hex().encode() + b"." + parent


def worth_telling(learnt: Mapping[bytes, Verdict], wanted: Mapping[bytes, Interest]) -> dict[bytes, Verdict]:
    """What others may need: parents with several names, and wildcards, unless they are but echoes of one above."""
    worth = [
        (parent, verdict)
        for parent, verdict in learnt.items()
        if verdict.probe_count and verdict is not wanted[parent].above
        if verdict.is_wildcard or wanted[parent].row_count > 1
    ]
    return dict(worth[:TOLD_MAX])
