"""The words of campaigns: what a caller sends and gets, and what the phases are given.

These Structs are the only place where a word of this part of the wire is written. Requests refuse unknown fields.
"""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.progress.events import CampaignPhase, Instant, PhaseStatus
from service.scoring.weights import Thresholds, Weights

PHASES = tuple(CampaignPhase)

KEYWORDS_MAX = 63  # one bit each in a signed 64-bit integer
CAMPAIGN_NAME_LENGTH_MAX = 200
REASON_LENGTH_MAX = 500
DOMAINS_MAX = 2_000_000_000  # positions are 32-bit integers

HEADERS_MAX = 30  # beside those that have a field of their own
PROXIES_MAX = 16
VISIBLE = r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$"  # ASCII, with blanks inside only
ACCEPT = "text/html,application/xhtml+xml,text/plain;q=0.9,*/*;q=0.5"

Seconds = Annotated[float, Meta(ge=0.05, le=300)]


class Network(StrEnum):
    """Where a campaign's traffic goes: the real internet, or the sandbox on loopback and nothing else."""

    INTERNET = "internet"
    SANDBOX = "sandbox"


class Advance(StrEnum):
    """Whether a completed phase starts the next one by itself."""

    MANUAL = "manual"
    AUTOMATIC = "automatic"


class Pattern(StrEnum):
    """Where the variable characters stand: before the constant, after it, or on both sides."""

    PREFIX = "prefix"
    SUFFIX = "suffix"
    BOTH = "both"


class RecordType(StrEnum):
    A = "A"
    AAAA = "AAAA"


class KeywordKind(StrEnum):
    LITERAL = "literal"
    REGEX = "regex"


class DomainGeneration(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Names from a pattern: variable characters and a constant, under each of the TLDs.

    `count` is how many offsets of the pattern's space are taken, over all TLDs together, from where the tenant's
    earlier campaigns of the same pattern ended (or from `offset`, if that lies further on). Offsets that break the
    host name rules are rejected and counted; a space that ends early completes with its shortfall told.
    """

    pattern: Pattern
    constant: Annotated[str, Meta(max_length=63, description="The fixed part of the label; may be empty.")]
    character_set: Annotated[str, Meta(min_length=1, max_length=100, description="Letters, digits and the hyphen.")]
    variable_length: Annotated[int, Meta(ge=1, le=63)]
    tlds: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=253)], ...], Meta(min_length=1, max_length=100)]
    count: Annotated[int, Meta(ge=1, le=DOMAINS_MAX)]
    second_variable_length: Annotated[int, Meta(ge=1, le=63)] | None = None
    offset: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0


class DnsValidation(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """How names are resolved.

    `resolvers` are addresses, `192.0.2.1` or `192.0.2.1:5353` or `[2001:db8::1]:53`; in the sandbox none are needed.
    Rates are queries a second over all worker processes together; null means no cap.
    """

    resolvers: Annotated[tuple[Annotated[str, Meta(max_length=100)], ...], Meta(max_length=64)] = ()
    record_types: Annotated[tuple[RecordType, ...], Meta(min_length=1, max_length=2)] = (RecordType.A,)
    timeout_seconds: Seconds = 2.0
    attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    queries_per_second: Annotated[float, Meta(ge=1, le=10_000_000)] | None = None
    queries_per_second_per_resolver: Annotated[float, Meta(ge=1, le=1_000_000)] | None = None
    in_flight_max: Annotated[int, Meta(ge=1, le=10_000)] = 1_000
    detect_wildcards: bool = True


class Keyword(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One thing to look for in a page's visible text."""

    text: Annotated[str, Meta(min_length=1, max_length=500)]
    kind: KeywordKind = KeywordKind.LITERAL
    case_sensitive: bool = False
    category: Annotated[str, Meta(max_length=100)] | None = None


class Ports(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Which ports are asked; null leaves a scheme out. https is tried first."""

    https: Annotated[int, Meta(ge=1, le=65_535)] | None = 443
    http: Annotated[int, Meta(ge=1, le=65_535)] | None = 80


class Header(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One header that is sent with every request."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    value: Annotated[str, Meta(min_length=1, max_length=1_024, pattern=VISIBLE)]


class Politeness(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What one address is asked at most, over all worker processes together; null means no limit.

    Many domains live at one address, so that it is the address which is protected, not the name.
    """

    connections_per_address: Annotated[int, Meta(ge=1, le=1_000)] | None = 8
    requests_per_second_per_address: Annotated[float, Meta(ge=0.01, le=10_000)] | None = 20.0


class HttpValidation(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """How pages are fetched and what is looked for in them.

    `politeness` null means 8 connections and 20 requests a second to one address on the internet, and no limit in the
    sandbox, whose hosts share few addresses. `bytesPerSecond` caps what pages bring, over all worker processes
    together. `headers` come beside `userAgent`, `accept` and `acceptLanguage`. `proxies` are `http://host:port` or
    `socks5://host:port`, without credentials; where there are any, nothing is fetched but through them. A socks5 proxy
    is told addresses that were judged; an http proxy looks names up by itself, after we have judged what we see of
    them. `verifyTls` makes a bad certificate a failure; otherwise its page is read like any other.
    """

    keywords: Annotated[tuple[Keyword, ...], Meta(max_length=KEYWORDS_MAX)] = ()
    ports: Ports = Ports()
    timeout_seconds: Seconds = 10.0
    connect_timeout_seconds: Seconds = 4.0
    body_bytes_max: Annotated[int, Meta(ge=1_024, le=16 * 1_024 * 1_024)] = 512 * 1_024
    redirects_max: Annotated[int, Meta(ge=0, le=20)] = 5
    concurrency: Annotated[int, Meta(ge=1, le=1_000)] = 128
    user_agent: Annotated[str, Meta(min_length=1, max_length=300, pattern=r"^[\x20-\x7e]+$")] = "phaseline/0.1"
    accept: Annotated[str, Meta(min_length=1, max_length=300, pattern=VISIBLE)] = ACCEPT
    accept_language: Annotated[str, Meta(min_length=1, max_length=300, pattern=VISIBLE)] | None = "en"
    headers: Annotated[tuple[Header, ...], Meta(max_length=HEADERS_MAX)] = ()
    proxies: Annotated[tuple[Annotated[str, Meta(max_length=300)], ...], Meta(max_length=PROXIES_MAX)] = ()
    politeness: Politeness | None = None
    bytes_per_second: Annotated[float, Meta(ge=1_024, le=1e12)] | None = None
    verify_tls: bool = False


class Analysis(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """How domains are scored: how much each sign counts (scaled to sum to one), and from where on one is a lead."""

    weights: Weights = Weights()
    thresholds: Thresholds = Thresholds()


class Configuration(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What each phase does; each part is copied into the phase's run when it starts."""

    advance: Advance = Advance.MANUAL
    network: Network = Network.INTERNET
    domain_generation: DomainGeneration | None = None
    dns_validation: DnsValidation = DnsValidation()
    http_validation: HttpValidation = HttpValidation()
    analysis: Analysis = Analysis()


PhaseConfiguration = DomainGeneration | DnsValidation | HttpValidation | Analysis


CampaignName = Annotated[
    str,
    Meta(min_length=1, max_length=CAMPAIGN_NAME_LENGTH_MAX, pattern=r"^[^\x00-\x1f]*[^\s\x00-\x1f][^\x00-\x1f]*$"),
]


class CreateCampaign(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A new campaign; it does not start by itself."""

    name: CampaignName
    initial_phase: CampaignPhase
    configuration: Configuration


class ConfigurationUpdate(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """Parts of a configuration; each one that is given replaces that part as a whole."""

    advance: Advance | UnsetType = UNSET
    domain_generation: DomainGeneration | UnsetType = UNSET
    dns_validation: DnsValidation | UnsetType = UNSET
    http_validation: HttpValidation | UnsetType = UNSET
    analysis: Analysis | UnsetType = UNSET


class UpdateCampaign(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """What changes; what is left out stays. A phase that is under way keeps what it was started with."""

    name: CampaignName | UnsetType = UNSET
    configuration: ConfigurationUpdate | UnsetType = UNSET


class RerunScope(StrEnum):
    """What a re-run does again: what failed and can be retried, everything, or what was found before an instant."""

    FAILED = "failed"
    ALL = "all"
    OLDER_THAN = "olderThan"


class Rerun(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """Ask for a finished phase once more. `olderThan` is an instant, there exactly where the scope is called so."""

    scope: RerunScope
    older_than: Instant | None = None


Reason = Annotated[str, Meta(max_length=REASON_LENGTH_MAX, pattern=r"^[^\x00]*$")]


class TransitionCampaign(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Start a phase."""

    target_phase: CampaignPhase
    transition_reason: Reason = ""
    rerun: Rerun | None = None


class CommandReason(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Why, for the audit trail; a command's body may also be empty."""

    reason: Reason = ""


class Campaign(msgspec.Struct, frozen=True, rename="camel"):
    """One campaign. `progress` is 0 to 100 of the current phase; `version` moves with commands, never with progress."""

    id: UUID
    name: str
    initial_phase: CampaignPhase
    current_phase: CampaignPhase
    phase_status: PhaseStatus
    progress: float
    configuration: Configuration
    version: int
    created_at: Instant
    updated_at: Instant


class DeletedCampaign(msgspec.Struct, frozen=True, rename="camel"):
    """A campaign that nobody finds any more; its rows go in the background."""

    id: UUID
    name: str
    deleted_at: Instant


class CampaignPage(msgspec.Struct, frozen=True, rename="camel"):
    """Campaigns, newest first; ask again with `nextCursor` for the following ones."""

    items: tuple[Campaign, ...]
    next_cursor: str | None


class PhaseError(msgspec.Struct, frozen=True, rename="camel"):
    """Why a phase could not go on."""

    code: str
    message: str


class PhaseRun(msgspec.Struct, frozen=True, rename="camel"):
    """What a phase has done so far; all counts are of domains.

    `outcomes` counts each outcome of the phase's closed list. `shortfall` is how many names a pattern's space could
    not give any more. `stale` results come from before an earlier phase was run again.
    """

    phase: CampaignPhase
    phase_status: PhaseStatus
    progress: float
    total: int
    processed: int
    succeeded: int
    negative: int
    failed: int
    outcomes: dict[str, int]
    shortfall: int
    rate_per_second: float
    eta_seconds: float | None
    stale: bool
    number: int
    started_at: Instant | None
    finished_at: Instant | None
    error: PhaseError | None


class Phases(msgspec.Struct, frozen=True, rename="camel"):
    """Where a campaign stands, and what a transition may ask for now."""

    current_phase: CampaignPhase
    phase_status: PhaseStatus
    available_transitions: tuple[CampaignPhase, ...]
    phases: tuple[PhaseRun, ...]


class TransitionCause(StrEnum):
    """Who or what moved a campaign."""

    USER = "user"
    AUTOMATIC = "automatic"
    FAILURE = "failure"


class Transition(msgspec.Struct, frozen=True, rename="camel"):
    """One line of the audit trail."""

    id: int
    command: str
    from_phase: CampaignPhase
    from_phase_status: PhaseStatus
    to_phase: CampaignPhase
    to_phase_status: PhaseStatus
    cause: TransitionCause
    reason: str
    actor: str
    at: Instant


class TransitionPage(msgspec.Struct, frozen=True, rename="camel"):
    """The audit trail, newest first."""

    items: tuple[Transition, ...]
    next_cursor: str | None


class Observation(msgspec.Struct, frozen=True, rename="camel"):
    """One reason why a campaign moves, waits or stands; `code` is stable for programs."""

    code: str
    message: str


class Explanation(msgspec.Struct, frozen=True, rename="camel"):
    """Whether a campaign moves, and why or why not."""

    moving: bool
    observations: tuple[Observation, ...]


class ChunkCounts(msgspec.Struct, frozen=True, rename="camel"):
    """What the chunks of a run add up to; `outcomes[i]` counts outcome code i + 1.

    `retrying` domains have a failed outcome that is about to be replaced: they are not counted as processed.
    `keyword_pages` are the pages reached that hold a keyword.
    """

    succeeded: int = 0
    negative: int = 0
    failed: int = 0
    retrying: int = 0
    outcomes: tuple[int, ...] = ()
    keyword_pages: int = 0
