"""The campaigns of a planted database: all types and states, and all words that any era had for a phase.

campaigns of the types' era     4 types x 9 statuses, no phase
campaigns of the dual era       18 words for a phase x 9 for its status, of the type lead_generation
the large campaign              whatever domains are left, through all four phases
"""

import hashlib
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from loadtest.baseline.patterns import OldPattern

GENERATION, DNS, HTTP, ANALYSIS = PHASES = (
    "domain_generation",
    "dns_validation",
    "http_keyword_validation",
    "analysis",
)
LEADS = "lead_generation"
TYPES = (GENERATION, DNS, HTTP, LEADS)
STATUSES = ("pending", "queued", "running", "pausing", "paused", "completed", "failed", "archived", "cancelled")
# Each word with how many phases it follows.
PHASE_WORDS = {
    "setup": 0,
    "generation": 0,
    "discovery": 0,
    GENERATION: 0,
    "dns": 1,
    "validation": 1,
    DNS: 1,
    "http": 2,
    "http_validation": 2,
    HTTP: 2,
    "extraction": 2,
    "feature_extraction": 2,
    ANALYSIS: 3,
    "enrichment": 3,
    "leads": 3,
    "DomainGeneration": 0,
    "DNSValidation": 1,
    "HTTPKeywordScan": 2,
}
# Each with the status that a campaign has beside it.
PHASE_STATUSES = {
    "not_started": "pending",
    "ready": "pending",
    "configured": "queued",
    "in_progress": "running",
    "paused": "paused",
    "completed": "completed",
    "skipped": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
WHOLE, BROKEN_OFF, NOTHING = 1.0, 0.6, 0.0
SHARE_OF = {"completed": WHOLE, "archived": WHOLE, "pending": NOTHING, "queued": NOTHING}

LARGE_SHARE = 2  # one in so many domains is the large campaign's, at least
CHARACTERS = ("abcdefghijklmnopqrstuvwxyz", "qwertzuiopasdfghjklyxcvbnm", "abcdefghijklmnopqrstuvwxyz0123456789")
KINDS = ("prefix", "suffix", "both")
TLDS = (".com", ".net", ".shop")
LARGE_LENGTH = 5
BEGINNING = datetime(2025, 7, 1, tzinfo=UTC)


class Plan(msgspec.Struct, frozen=True):
    """A campaign to be planted, and how much of each phase is done (0..1); `domains` are those that it was asked for.

    `source`: whose names it validates; a campaign with a source makes none itself.
    """

    number: int
    seed: int
    campaign_type: str
    status: str
    phase: str | None
    phase_status: str | None
    domains: int
    shares: tuple[float, ...]
    pattern: OldPattern
    source: "Plan | None" = None

    @property
    def campaign_id(self) -> UUID:
        return make_id(self.seed, "campaign", self.number)

    @property
    def created_at(self) -> datetime:
        return BEGINNING + timedelta(hours=self.number)

    @property
    def made(self) -> int:
        """Rows of the table of domains."""
        return 0 if self.source else self.done(0)

    def done(self, phase: int) -> int:
        """Domains with an outcome in a phase, those of which there is one."""
        return int(self.domains * self.shares[phase])

    @property
    def standing(self) -> int:
        """The phase in which it is: that of its own word, or the last one in which anything was done."""
        if self.phase is not None:
            return PHASE_WORDS[self.phase]
        return max((phase for phase, share in enumerate(self.shares) if share), default=0)

    @property
    def share(self) -> float:
        """How much is done of what it is about: of its own phase, or of the type that it has."""
        return self.shares[self.standing if self.campaign_type == LEADS else TYPES.index(self.campaign_type)]


def make_id(seed: int, kind: str, number: int) -> UUID:
    """The same for the same; of version 4, as the old system's are."""
    digest = hashlib.blake2b(f"{seed}/{kind}/{number}".encode(), digest_size=16).digest()
    return UUID(bytes=digest, version=4)


def make_plans(seed: int, domains: int) -> list[Plan]:
    """All campaigns; together they have exactly so many domains, if there are enough for each to have one."""
    words = [*typed_words(), *phased_words()]
    small = max(1, domains // LARGE_SHARE // len(words))
    plans: list[Plan] = []
    for number, (campaign_type, status, phase, phase_status, shares) in enumerate(words):
        pattern = make_pattern(number)
        plan = Plan(number, seed, campaign_type, status, phase, phase_status, small, shares, pattern)
        plans.append(msgspec.structs.replace(plan, source=source_of(plan, plans)))
    rest = domains - sum(plan.made for plan in plans)
    pattern = OldPattern("prefix", "large", CHARACTERS[0], LARGE_LENGTH, TLDS[0])
    whole = (WHOLE,) * len(PHASES)
    return [*plans, Plan(len(plans), seed, LEADS, "completed", ANALYSIS, "completed", max(rest, 1), whole, pattern)]


Words = tuple[str, str, str | None, str | None, tuple[float, ...]]


def typed_words() -> Iterator[Words]:
    """Campaigns of one type do one thing; those of lead_generation broke off in DNS, if they did."""
    for campaign_type, status in itertools.product(TYPES, STATUSES):
        share = SHARE_OF.get(status, BROKEN_OFF)
        match campaign_type:
            case "domain_generation":
                shares = (share, NOTHING, NOTHING, NOTHING)
            case "dns_validation":
                shares = (WHOLE, share, NOTHING, NOTHING)
            case "http_keyword_validation":
                shares = (WHOLE, WHOLE, share, NOTHING)
            case _:
                shares = (WHOLE if share else NOTHING, share, *(share if share == WHOLE else NOTHING,) * 2)
        yield campaign_type, status, None, None, shares


def phased_words() -> Iterator[Words]:
    for (phase, before), (phase_status, status) in itertools.product(PHASE_WORDS.items(), PHASE_STATUSES.items()):
        share = NOTHING if phase_status == "skipped" else SHARE_OF.get(status, BROKEN_OFF)
        shares = (*(WHOLE,) * before, share, *(NOTHING,) * (len(PHASES) - before - 1))
        yield LEADS, status, phase, phase_status, shares


def source_of(plan: Plan, others: list[Plan]) -> Plan | None:
    """The completed campaign of the type before, which was planned before."""
    if plan.campaign_type in (GENERATION, LEADS):
        return None
    before = TYPES[TYPES.index(plan.campaign_type) - 1]
    return next(other for other in others if other.campaign_type == before and other.status == "completed")


def make_pattern(number: int) -> OldPattern:
    kind, characters = KINDS[number % len(KINDS)], CHARACTERS[number % len(CHARACTERS)]
    length = 2 if kind == "both" else 4
    return OldPattern(kind, f"trade{number}", characters, length, TLDS[number % len(TLDS)])
