"""The words of reading: a domain with all that was found of it, pages, leads, the funnel."""

from enum import StrEnum
from uuid import UUID

import msgspec

from service.campaigns.outcomes import AnalysisWord, DnsWord, HttpWord, TlsFaultWord
from service.domains.reading.rows import Tally
from service.progress.events import CampaignPhase
from service.scoring.score import ScoreParts

POSITION_MAX = 2**31 - 2  # positions are 32-bit integers, and an end lies one behind


class Sort(StrEnum):
    """By position ascending, or by score from the best down."""

    POSITION = "position"
    SCORE = "score"


class ExportFormat(StrEnum):
    """How an export is written."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


class DnsFacts(msgspec.Struct, frozen=True, rename="camel"):
    """What DNS said. `canonicalName`: where the name's aliases end, null if it is none."""

    outcome: DnsWord
    addresses: tuple[str, ...]
    canonical_name: str | None
    duration_ms: int


class HttpFacts(msgspec.Struct, frozen=True, rename="camel"):
    """What a page said. `keywords` are the texts that were found, `keywordHits` how often they stand there in all.

    `keywordContexts[i]` are the words around the first place of `keywords[i]`, for at most five of them. Hashes are 16
    hexadecimal digits: `contentHash` is of the bytes; between `nearHash` of pages that say nearly the same, few bits
    differ. `tlsFault` says why a handshake failed, where the outcome is `tls_failed`.
    """

    outcome: HttpWord
    status_code: int | None
    title: str | None
    final_url: str | None
    keywords: tuple[str, ...]
    keyword_hits: int
    body_bytes: int
    parked_confidence: float
    duration_ms: int
    content_hash: str | None = None
    near_hash: str | None = None
    keyword_contexts: tuple[str, ...] = ()
    tls_fault: TlsFaultWord | None = None


class Verdict(msgspec.Struct, frozen=True, rename="camel"):
    """A score, 0..1 in three decimals, and why the domain is a lead (`qualified`) or is none."""

    score: float
    outcome: AnalysisWord


class Domain(msgspec.Struct, frozen=True, rename="camel"):
    """One domain; a part is null as long as its phase has not come to it."""

    position: int
    domain: str
    dns: DnsFacts | None
    http: HttpFacts | None
    analysis: Verdict | None


class DomainPage(msgspec.Struct, frozen=True, rename="camel"):
    """Domains in the order asked for; ask again with `nextCursor` for the following ones.

    `inspected` is how many were looked at for this page. A page may be short, even empty, and have a `nextCursor`: it
    stopped looking there. `stale` names the phases whose results come from before an earlier phase was run again.
    """

    items: tuple[Domain, ...]
    next_cursor: str | None
    inspected: int
    stale: tuple[CampaignPhase, ...]


class Lead(msgspec.Struct, frozen=True, rename="camel"):
    """A domain that qualified. `parts` say how its score comes about; null where the facts behind it are stale."""

    domain: Domain
    parts: ScoreParts | None


class LeadPage(msgspec.Struct, frozen=True, rename="camel"):
    """Leads, best first; the other fields are those of a page of domains."""

    items: tuple[Lead, ...]
    next_cursor: str | None
    inspected: int
    stale: tuple[CampaignPhase, ...]


class FunnelStage(msgspec.Struct, frozen=True, rename="camel"):
    """entered = passed + waiting + the sum of `losses`, which has every outcome that does not pass."""

    entered: int
    passed: int
    waiting: int
    losses: dict[str, int]


class Funnel(msgspec.Struct, frozen=True, rename="camel"):
    """From candidates to leads, from the counters of the phases' runs; a stage is null before its phase has begun.

    `generated` counts offsets of a pattern, or imported names. `keywordHits` narrows `reached`. `leads` judges every
    name, so what it enters with is what was generated. `balanced`: each stage adds up, enters with what an earlier one
    passed and, once all have ended, the verdicts are those that the earlier outcomes call for.
    """

    generated: FunnelStage | None
    resolved: FunnelStage | None
    reached: FunnelStage | None
    keyword_hits: FunnelStage | None
    leads: FunnelStage | None
    balanced: bool
    stale: tuple[CampaignPhase, ...]


class Sets(msgspec.Struct, frozen=True):
    """Which set of each kind is read; `None` before there is one."""

    names: int | None
    dns: int | None
    http: int | None
    scores: int | None

    @property
    def present(self) -> tuple[int, ...]:
        return tuple(part for part in (self.names, self.dns, self.http, self.scores) if part is not None)


NOBODY = Tally(is_whole=True, outcomes=())  # of a set that is not there


class Reading(msgspec.Struct, frozen=True):
    """One campaign as it is read: its sets, bound once, and what is needed to understand them.

    `keywords[i]` is the text of bit i. `coherent`: the scores were made from the sets that are bound here.
    `dns`, `http` and `scores` are what the runs that filled these sets have counted; `keyword_pages` are pages reached
    that hold any keyword.
    """

    campaign_id: UUID
    sets: Sets
    keywords: tuple[str, ...]
    stale: tuple[CampaignPhase, ...]
    coherent: bool
    dns: Tally = NOBODY
    http: Tally = NOBODY
    scores: Tally = NOBODY
    keyword_pages: int = 0


class Filters(msgspec.Struct, frozen=True):
    """Which domains are wanted, as codes and bits; what is `None` (or 0 for the bits) does not narrow."""

    dns_outcomes: tuple[int, ...] | None = None
    http_outcomes: tuple[int, ...] | None = None
    analysis_outcomes: tuple[int, ...] | None = None
    keyword_bits: int = 0
    score_min: float | None = None
    score_max: float | None = None
    prefix: str | None = None


class Wanted(msgspec.Struct, frozen=True):
    """The same as a caller says it."""

    dns_outcomes: tuple[str, ...] = ()
    http_outcomes: tuple[str, ...] = ()
    analysis_outcomes: tuple[str, ...] = ()
    keyword: str | None = None
    score_min: float | None = None
    score_max: float | None = None
    prefix: str | None = None
