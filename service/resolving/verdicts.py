"""What is known of a parent: the answers that it gives to children whom nobody can have made. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from service.resolving.model import Answers
from service.resolving.outcomes import FAILED, DnsOutcome

# A pool answers with a few of its addresses at a time. By n probes for each address seen, all but one in e^n are seen.
FIRST_PROBES_PER_ADDRESS: Final = 4
DEEP_PROBES_PER_ADDRESS: Final = 8  # where a name's answer is still unexplained
POOL_PROBES_MAX: Final = 64

AddressSet = frozenset[bytes]  # each by itself: 4 bytes for IPv4, 16 for IPv6


class Verdict(msgspec.Struct, frozen=True):
    """All that so many answered probes got; no addresses: the parent is no wildcard. No probes: nothing was learnt.

    `canonical_names` are where aliases ended, `varies` says whether the probes' addresses differed.
    """

    addresses: AddressSet = frozenset()
    canonical_names: frozenset[str] = frozenset()
    probe_count: int = 0
    varies: bool = False

    @property
    def is_wildcard(self) -> bool:
        return bool(self.addresses)

    @property
    def is_pool(self) -> bool:
        """Whether further probes may bring further addresses; with one canonical name for all, they need not."""
        return self.varies and len(self.canonical_names) != 1

    @property
    def is_thin(self) -> bool:
        return self.probe_count < self.pool_probes(DEEP_PROBES_PER_ADDRESS)

    def pool_probes(self, per_address: int) -> int:
        """How many probes a pool like this takes; none if it is no pool."""
        return min(per_address * len(self.addresses), POOL_PROBES_MAX) if self.is_pool else 0

    def covers(self, addresses: AddressSet, canonical_name: str | None) -> bool:
        """Whether an answer is an echo: it leads to the same canonical name, or to none but known addresses."""
        return canonical_name in self.canonical_names or (bool(addresses) and addresses <= self.addresses)

    def explains(self, other: "Verdict") -> bool:
        """Whether another's probes may have met the same wildcard."""
        is_alike = other.addresses <= self.addresses or bool(other.canonical_names & self.canonical_names)
        return other.is_wildcard and is_alike


UNKNOWN: Final = Verdict()


class VerdictMemory(Protocol):
    """What other engines, now and earlier, have learnt of the same internet as seen by the same resolvers."""

    async def find(self, parents: Sequence[bytes]) -> Mapping[bytes, Verdict]: ...

    async def remember(self, verdicts: Mapping[bytes, Verdict]) -> None: ...


class Forgetful:
    """A memory for engines that have no others beside them."""

    async def find(self, parents: Sequence[bytes]) -> Mapping[bytes, Verdict]:
        del parents
        return {}

    async def remember(self, verdicts: Mapping[bytes, Verdict]) -> None:
        del verdicts


class Look(Protocol):
    """How much to learn of a parent."""

    def is_enough(self, verdict: Verdict) -> bool:
        """Whether a verdict that is known already will do."""
        ...

    def more(self, verdict: Verdict, asked: int) -> int:
        """How many further probes it takes, after so many in this look."""
        ...


class FirstLook(msgspec.Struct, frozen=True):
    """One probe for a parent that is no wildcard, `probes` for one that is or is not heard, more for a pool."""

    probes: int

    def is_enough(self, verdict: Verdict) -> bool:
        return verdict.probe_count > 0

    def more(self, verdict: Verdict, asked: int) -> int:
        if not asked:
            return 1
        if verdict.probe_count and not verdict.is_wildcard:
            return 0
        return max(0, self.probes - asked, verdict.pool_probes(FIRST_PROBES_PER_ADDRESS) - asked)


class DeepLook(msgspec.Struct, frozen=True):
    """As many probes as tell nearly all addresses of a pool."""

    def is_enough(self, verdict: Verdict) -> bool:
        return not verdict.is_thin

    def more(self, verdict: Verdict, asked: int) -> int:
        wanted = verdict.pool_probes(DEEP_PROBES_PER_ADDRESS) - verdict.probe_count
        return max(0, min(wanted, POOL_PROBES_MAX - asked))


def with_probe(verdict: Verdict, answers: Answers, row: int) -> Verdict:
    """What a verdict becomes by one more probe; nothing else, if the probe failed."""
    outcome = DnsOutcome(answers.outcomes[row])
    if outcome in FAILED:
        return verdict
    addresses, canonical_name = addresses_of(answers, row), answers.cname[row]
    names = verdict.canonical_names if canonical_name is None or not addresses else frozenset({canonical_name})
    return Verdict(
        addresses=verdict.addresses | addresses,
        canonical_names=verdict.canonical_names | names,
        probe_count=verdict.probe_count + 1,
        varies=verdict.varies or (verdict.probe_count > 0 and addresses != verdict.addresses),
    )


def addresses_of(answers: Answers, row: int) -> AddressSet:
    packed, packed_v6 = answers.addresses[row], answers.addresses_v6[row]
    return frozenset(packed[at : at + 4] for at in range(0, len(packed), 4)) | frozenset(
        packed_v6[at : at + 16] for at in range(0, len(packed_v6), 16)
    )
