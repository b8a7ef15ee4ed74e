"""Names that nobody made: found by asking their parents for children whom nobody can have made.

A wildcard `*.c` answers for every name below `c` that has no nearer existing ancestor (RFC 4592): for `a.c`, and for
`a.b.c` where nothing at or below `b.c` was made. So a probe right below a name's immediate parent meets whatever would
answer for the name, and is decisive. But where each name has a parent of its own, that is a probe for each name. Hence
from the top: a parent near the top is probed once for all names below it, and explains most echoes.

    resolved --explained by a parent near the top?-- no --> the immediate parent decides
                                                     yes --> so it does while the allowance lasts; then it is an echo

The allowance makes short lists exact, and long ones where names share parents: `www.shop.c`, made with the addresses
of `*.c`, is kept if `shop.c` answers otherwise than `*.c`. Where each name has a parent of its own it costs no more
than one probe for `NAMES_PER_CONFIRMATION` names.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from service.resolving.learning import AskProbes, Interest, Learner
from service.resolving.model import Answers
from service.resolving.outcomes import UNFINISHED, DnsOutcome
from service.resolving.verdicts import UNKNOWN, DeepLook, FirstLook, Verdict, VerdictMemory, addresses_of

TOP_LABELS_MAX: Final = 4  # parents of up to so many labels are probed for all names below them
CONFIRMATIONS_FREE: Final = 500  # per engine
NAMES_PER_CONFIRMATION: Final = 400
UNHELPFUL_MAX: Final = 100_000


class Family:
    """Resolved rows with one immediate parent: `open` ones, and `echoes` of a wildcard further up.

    `above` is the nearest wildcard further up that was found so far.
    """

    __slots__ = ("above", "echoes", "open", "parent")

    def __init__(self, parent: bytes) -> None:
        self.parent = parent
        self.open: list[int] = []
        self.echoes: list[int] = []
        self.above = UNKNOWN

    def rows(self) -> list[int]:
        return self.open + self.echoes

    def sift(self, verdict: Verdict, answers: Answers) -> None:
        """Take note of what a wildcard further up explains."""
        self.above = verdict
        self.echoes += [row for row in self.open if is_echo(verdict, answers, row)]
        self.open = [row for row in self.open if not is_echo(verdict, answers, row)]

    def decide(self, verdict: Verdict | None, answers: Answers) -> None:
        """Settle all rows by the immediate parent's verdict; without one, what is open stays unfinished."""
        if verdict is None:
            answers.outcomes[self.open] = UNFINISHED
        if verdict is None or not verdict.probe_count:
            answers.outcomes[self.echoes] = DnsOutcome.WILDCARD
            return
        answers.outcomes[[row for row in self.rows() if is_echo(verdict, answers, row)]] = DnsOutcome.WILDCARD


class Wildcards:
    """Judges the names of all batches of an engine, which share what is learnt about parents."""

    def __init__(self, probes: int, entropy: Callable[[int], bytes], memory: VerdictMemory) -> None:
        self._first_look = FirstLook(probes)
        self._deep_look = DeepLook()
        self._learner = Learner(entropy, memory)
        self._unhelpful: set[bytes] = set()  # parents near the top whose probes failed
        self._allowance = float(CONFIRMATIONS_FREE)

    async def judge(self, names: Sequence[str | bytes], answers: Answers, ask: AskProbes) -> None:
        """Call resolved names that echo a wildcard by that name, in place.

        Where `ask` was stopped before it answered, names are put back as unfinished. Where a parent's probes all fail,
        its names stay as they are.
        """
        self._allowance += len(names) / NAMES_PER_CONFIRMATION
        families = families_of(names, answers)
        unknown = [family for family in families if self._learner.recall(family.parent) is None]
        for label_count in range(1, TOP_LABELS_MAX + 1):
            await self._look_from_above(label_count, unknown, answers, ask)
        explained = [family for family in families if not family.open]
        chosen = [*(family for family in families if family.open), *self._choose(explained)]
        verdicts = await self._examine({family.parent: [family] for family in chosen}, answers, ask)
        for family in families:
            family.decide(verdicts.get(family.parent, None if family.open else UNKNOWN), answers)

    async def _look_from_above(
        self, label_count: int, families: Sequence[Family], answers: Answers, ask: AskProbes
    ) -> None:
        """Let parents of so many labels explain what they can of the names further below them."""
        below: dict[bytes, list[Family]] = {}
        for family in families:
            ancestor = ancestor_of(family.parent, label_count)
            if family.open and ancestor and ancestor not in self._unhelpful:
                below.setdefault(ancestor, []).append(family)
        verdicts = await self._examine(below, answers, ask)
        for ancestor, verdict in verdicts.items():
            if not verdict.probe_count and len(self._unhelpful) < UNHELPFUL_MAX:
                self._unhelpful.add(ancestor)
            if verdict.is_wildcard:
                for family in below[ancestor]:
                    family.sift(verdict, answers)

    def _choose(self, families: Sequence[Family]) -> list[Family]:
        """Whose echoes are to be confirmed, the largest first, as far as the allowance goes."""
        largest_first = sorted(families, key=lambda family: len(family.echoes), reverse=True)
        chosen = largest_first[: int(self._allowance)]
        self._allowance -= len(chosen)
        return chosen

    async def _examine(
        self, below: Mapping[bytes, Sequence[Family]], answers: Answers, ask: AskProbes
    ) -> dict[bytes, Verdict]:
        """A verdict for each parent; pools are looked at deeply where they leave a name unexplained."""
        wanted = {parent: interest_in(families) for parent, families in below.items()}
        verdicts = await self._learner.learn(wanted, self._first_look, ask)
        thin = {
            parent: wanted[parent]
            for parent, verdict in verdicts.items()
            if verdict.is_thin and any(leaves_open(verdict, family, answers) for family in below[parent])
        }
        return verdicts | await self._learner.learn(thin, self._deep_look, ask)


def families_of(names: Sequence[str | bytes], answers: Answers) -> list[Family]:
    """The resolved names by their immediate parents; the root, which has none, gives nobody a verdict."""
    families: dict[bytes, Family] = {}
    resolved: list[int] = np.flatnonzero(answers.outcomes == DnsOutcome.RESOLVED).tolist()
    for row in resolved:
        parent = parent_of(names[row])
        if parent:
            family = families.get(parent)
            if family is None:
                family = families[parent] = Family(parent)
            family.open.append(row)
    return list(families.values())


def interest_in(families: Sequence[Family]) -> Interest:
    """Families below one parent have met the same wildcards above it."""
    return Interest(row_count=sum(len(family.rows()) for family in families), above=families[0].above)


def leaves_open(verdict: Verdict, family: Family, answers: Answers) -> bool:
    return not all(is_echo(verdict, answers, row) for row in family.rows())


def is_echo(verdict: Verdict, answers: Answers, row: int) -> bool:
    return verdict.is_wildcard and verdict.covers(addresses_of(answers, row), answers.cname[row])


def parent_of(name: str | bytes) -> bytes:
    """The immediate parent in lower case; empty for a name of one label, whose parent is the root."""
    text = name.encode() if isinstance(name, str) else name
    return text.lower().removesuffix(b".").partition(b".")[2]


def ancestor_of(parent: bytes, label_count: int) -> bytes | None:
    """The ancestor of so many labels, if `parent` has more than that."""
    labels = parent.rsplit(b".", label_count)
    return b".".join(labels[1:]) if len(labels) > label_count else None
