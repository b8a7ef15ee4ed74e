# Made from the contract by `make client-python`; a change here is lost.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

from phaseline_client.known import Word


class Act(Word):
    """
    What is written down about people, besides the transitions of phases.
    """

    KEY_MADE = "key_made"
    KEY_REVOKED = "key_revoked"
    SESSION_OPENED = "session_opened"
    SESSION_CLOSED = "session_closed"
    CAMPAIGN_CREATED = "campaign_created"
    CAMPAIGN_DELETED = "campaign_deleted"


class Advance(Word):
    """
    Whether a completed phase starts the next one by itself.
    """

    MANUAL = "manual"
    AUTOMATIC = "automatic"


class AnalysisOutcome(Word):
    """
    Why a name is a lead or is none.
    """

    QUALIFIED = "qualified"
    LOW_SCORE = "low_score"
    NO_KEYWORDS = "no_keywords"
    PARKED = "parked"
    THIN_CONTENT = "thin_content"
    DNS_NEGATIVE = "dns_negative"
    DNS_FAILED = "dns_failed"
    HTTP_NEGATIVE = "http_negative"
    HTTP_FAILED = "http_failed"
    INTERNAL_ERROR = "internal_error"


class CampaignPhase(Word):
    """
    What is done to a campaign's domains, in this order.
    """

    DOMAIN_GENERATION = "domain_generation"
    DNS_VALIDATION = "dns_validation"
    HTTP_VALIDATION = "http_validation"
    ANALYSIS = "analysis"


class CommandReason(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Why, for the audit trail; a command's body may also be empty.

    Left out: `reason` is "".
    """

    reason: Annotated[str, Meta(max_length=500, pattern="^[^\\x00]*$")] | UnsetType = UNSET


class DeletedCampaign(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A campaign that nobody finds any more; its rows go in the background.
    """

    id: UUID
    name: str
    deleted_at: datetime = field(name="deletedAt")


class DnsOutcome(Word):
    """
    What became of a name in DNS.
    """

    RESOLVED = "resolved"
    NO_DATA = "no_data"
    ABSENT = "absent"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    MALFORMED = "malformed"
    WILDCARD = "wildcard"
    RATE_LIMITED = "rate_limited"
    INTERNAL_ERROR = "internal_error"


Resolver: TypeAlias = Annotated[str, Meta(max_length=100)]


Tld: TypeAlias = Annotated[str, Meta(max_length=253, min_length=1)]


class ExportFormat(Word):
    """
    How an export is written.
    """

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


class ExportTrailer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    The last line of a whole NDJSON export.
    """

    complete: bool
    rows: int


class FunnelStage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    entered = passed + waiting + the sum of `losses`, which has every outcome that does not pass.
    """

    entered: int
    passed: int
    waiting: int
    losses: Mapping[str, int]


class Header(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One header that is sent with every request.
    """

    name: Annotated[str, Meta(max_length=64, min_length=1)]
    value: Annotated[str, Meta(max_length=1024, min_length=1, pattern="^[\\x21-\\x7e]([\\x20-\\x7e]*[\\x21-\\x7e])?$")]


class HttpOutcome(Word):
    """
    What became of its page.
    """

    REACHED = "reached"
    PARKED = "parked"
    NOT_FOUND = "not_found"
    CLIENT_ERROR = "client_error"
    SERVER_ERROR = "server_error"
    RATE_LIMITED = "rate_limited"
    REDIRECT_LOOP = "redirect_loop"
    BLOCKED = "blocked"
    UNRESOLVABLE = "unresolvable"
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_RESET = "connection_reset"
    TIMED_OUT = "timed_out"
    TLS_FAILED = "tls_failed"
    BROKEN_RESPONSE = "broken_response"
    INTERNAL_ERROR = "internal_error"


Proxy: TypeAlias = Annotated[str, Meta(max_length=300)]


class ImportState(Word):
    """
    Whether an import is under way, or whole.
    """

    RUNNING = "running"
    COMPLETED = "completed"


class KeyScope(Word):
    """
    What a key allows. None includes another.
    """

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class KeywordKind(Word):
    LITERAL = "literal"
    REGEX = "regex"


class Liveness(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    The process answers; one that does not gives no answer.
    """

    live: Literal["yes"]


class Network(Word):
    """
    Where a campaign's traffic goes: the real internet, or the sandbox on loopback and nothing else.
    """

    INTERNET = "internet"
    SANDBOX = "sandbox"


class NewKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A key just made: `secret` is known to nobody else and stored nowhere.
    """

    id: UUID
    name: str
    secret: str
    scopes: Sequence[KeyScope]
    expires_at: datetime | None = field(name="expiresAt")


class Note(Word):
    """
    What was taken off a text, or turned, to make a name of it.
    """

    SCHEME_STRIPPED = "scheme_stripped"
    USERINFO_STRIPPED = "userinfo_stripped"
    PORT_STRIPPED = "port_stripped"
    PATH_STRIPPED = "path_stripped"
    TRAILING_DOT_STRIPPED = "trailing_dot_stripped"
    CASE_FOLDED = "case_folded"
    CONVERTED_TO_ASCII = "converted_to_ascii"


class Observation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One reason why a campaign moves, waits or stands; `code` is stable for programs.
    """

    code: str
    message: str


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What one component adds to a score: its value, 0..1, times its share of the weights, times the row's factor.
    """

    value: float
    weight: float
    contribution: float


class Pattern(Word):
    """
    Where the variable characters stand: before the constant, after it, or on both sides.
    """

    PREFIX = "prefix"
    SUFFIX = "suffix"
    BOTH = "both"


class PhaseError(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Why a phase could not go on.
    """

    code: str
    message: str


class PhaseEstimate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What a phase would take. Queries and requests leave out repeats and redirects; `bytes` are of the database.

    `names` is what the phase would work on: known where the phases before it are done, else at most so many.
    """

    phase: CampaignPhase
    names: int
    names_known: bool = field(name="namesKnown")
    dns_queries: int = field(name="dnsQueries")
    http_requests: int = field(name="httpRequests")
    names_per_second: float = field(name="namesPerSecond")
    rate_measured: bool = field(name="rateMeasured")
    minutes: float
    bytes: int
    warnings: Sequence[Observation]


class PhaseStatus(Word):
    """
    Where the current phase stands.
    """

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Politeness(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What one address is asked at most, over all worker processes together; null means no limit.

    Many domains live at one address, so that it is the address which is protected, not the name.

    Left out: `connections_per_address` is 8, `requests_per_second_per_address` is 20.0.
    """

    connections_per_address: Annotated[int, Meta(ge=1, le=1000)] | UnsetType | None = field(
        name="connectionsPerAddress", default=UNSET
    )
    requests_per_second_per_address: Annotated[float, Meta(ge=0.01, le=10000.0)] | UnsetType | None = field(
        name="requestsPerSecondPerAddress", default=UNSET
    )


class Ports(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Which ports are asked; null leaves a scheme out. https is tried first.

    Left out: `https` is 443, `http` is 80.
    """

    https: Annotated[int, Meta(ge=1, le=65535)] | UnsetType | None = UNSET
    http: Annotated[int, Meta(ge=1, le=65535)] | UnsetType | None = UNSET


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Why a request was refused. `code` is stable for programs; `pointer` names the field of the request.
    """

    title: str
    status: int
    code: str
    detail: str
    pointer: str | UnsetType = UNSET
    available_transitions: Sequence[str] | UnsetType = field(name="availableTransitions", default=UNSET)


class Readiness(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Requests can be served; otherwise a problem says why not.
    """

    ready: Literal["yes"]


class RecordType(Word):
    A = "A"
    AAAA = "AAAA"


class Refusal(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="error"):
    """
    What a client sent cannot be read; the connection stays open.
    """

    code: str
    message: str


class RejectReason(Word):
    """
    Why a line gives no name.
    """

    LINE_TOO_LONG = "line_too_long"
    NOT_UTF8 = "not_utf8"
    TEXT_TOO_LONG = "text_too_long"
    CONTROL_CHARACTER = "control_character"
    WHITESPACE = "whitespace"
    IP_ADDRESS = "ip_address"
    PORT_INVALID = "port_invalid"
    NO_HOST = "no_host"
    NO_DOT = "no_dot"
    EMPTY_LABEL = "empty_label"
    LABEL_TOO_LONG = "label_too_long"
    NAME_TOO_LONG = "name_too_long"
    CHARACTER_INVALID = "character_invalid"
    HYPHEN_MISPLACED = "hyphen_misplaced"
    TLD_INVALID = "tld_invalid"
    IDNA_INVALID = "idna_invalid"
    COLUMN_MISSING = "column_missing"
    QUOTE_UNCLOSED = "quote_unclosed"
    CSV_INVALID = "csv_invalid"
    JSON_INVALID = "json_invalid"
    FIELD_MISSING = "field_missing"


class RejectedLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A line that gives no name: its number from 1, the beginning of its text, and why.
    """

    line: int
    text: str
    reason: RejectReason


class RerunScope(Word):
    """
    What a re-run does again: what failed and can be retried, everything, or what was found before an instant.
    """

    FAILED = "failed"
    ALL = "all"
    OLDER_THAN = "olderThan"


class ScoreComponents(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    The part of each component.
    """

    keyword_density: Part = field(name="keywordDensity")
    unique_keyword_coverage: Part = field(name="uniqueKeywordCoverage")
    non_parked: Part = field(name="nonParked")
    content_length_quality: Part = field(name="contentLengthQuality")
    title_keyword: Part = field(name="titleKeyword")
    freshness: Part
    tf_lite: Part = field(name="tfLite")


class ScoreParts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    The contributions add up to the score, before it is rounded to three decimals.

    `factor` is 1 for a page, `PARKED_PENALTY` for one that may be parked, and 0 without a page.
    """

    components: ScoreComponents
    factor: float
    score: float


class Session(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A browser's session: whose key opened it, and when it ends at the latest.
    """

    actor: str
    scopes: Sequence[KeyScope]
    expires_at: datetime = field(name="expiresAt")


class ShownDnsValidation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    How names are resolved.

    `resolvers` are addresses, `192.0.2.1` or `192.0.2.1:5353` or `[2001:db8::1]:53`; in the sandbox none are needed.
    Rates are queries a second over all worker processes together; null means no cap.
    """

    resolvers: Sequence[str]
    record_types: Sequence[RecordType] = field(name="recordTypes")
    timeout_seconds: float = field(name="timeoutSeconds")
    attempts: int
    queries_per_second: float | None = field(name="queriesPerSecond")
    queries_per_second_per_resolver: float | None = field(name="queriesPerSecondPerResolver")
    in_flight_max: int = field(name="inFlightMax")
    detect_wildcards: bool = field(name="detectWildcards")


class ShownDomainGeneration(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Names from a pattern: variable characters and a constant, under each of the TLDs.

    `count` is how many offsets of the pattern's space are taken, over all TLDs together, from where the tenant's
    earlier campaigns of the same pattern ended (or from `offset`, if that lies further on). Offsets that break the
    host name rules are rejected and counted; a space that ends early completes with its shortfall told.
    """

    pattern: Pattern
    constant: Annotated[str, Meta(description="The fixed part of the label; may be empty.")]
    character_set: Annotated[str, Meta(description="Letters, digits and the hyphen.")] = field(name="characterSet")
    variable_length: int = field(name="variableLength")
    tlds: Sequence[str]
    count: int
    second_variable_length: int | None = field(name="secondVariableLength")
    offset: int


class ShownHeader(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One header that is sent with every request.
    """

    name: str
    value: str


class ShownKeyword(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One thing to look for in a page's visible text.
    """

    text: str
    kind: KeywordKind
    case_sensitive: bool = field(name="caseSensitive")
    category: str | None


class ShownPoliteness(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What one address is asked at most, over all worker processes together; null means no limit.

    Many domains live at one address, so that it is the address which is protected, not the name.
    """

    connections_per_address: int | None = field(name="connectionsPerAddress")
    requests_per_second_per_address: float | None = field(name="requestsPerSecondPerAddress")


class ShownPorts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Which ports are asked; null leaves a scheme out. https is tried first.
    """

    https: int | None
    http: int | None


class ShownSetting(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A setting as it is in this process; of a secret one only whether it is set.
    """

    name: str
    value: str
    default: str
    meaning: str


class ShownSettings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Every setting of this process.
    """

    items: Sequence[ShownSetting]


class ShownThresholds(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What a page must reach to qualify.

    `match`: the least score, 0..1. `min_content_bytes`: the least size of the body, in bytes.
    `parked_floor`: the confidence, 0..1, from which on a page counts as parked whatever it scores.
    """

    match: float
    min_content_bytes: int = field(name="minContentBytes")
    parked_floor: float = field(name="parkedFloor")


class ShownWeights(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    How much each component of a score counts, relative to the others; `share_weights` makes them add up to 1.
    """

    keyword_density: float = field(name="keywordDensity")
    unique_keyword_coverage: float = field(name="uniqueKeywordCoverage")
    non_parked: float = field(name="nonParked")
    content_length_quality: float = field(name="contentLengthQuality")
    title_keyword: float = field(name="titleKeyword")
    freshness: float
    tf_lite: float = field(name="tfLite")


class Sort(Word):
    """
    By position ascending, or by score from the best down.
    """

    POSITION = "position"
    SCORE = "score"


CampaignIds: TypeAlias = Annotated[Sequence[UUID], Meta(max_length=10000)]


class Subscribe(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What a client sends: the channel, and the campaigns it wants ("all" of its tenant's, or their ids).
    """

    subscribe: Annotated[Sequence[Literal["campaign.progress"]], Meta(max_length=1, min_length=1)]
    campaign_ids: CampaignIds | Literal["all"] = field(name="campaignIds")


class Thresholds(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What a page must reach to qualify.

    `match`: the least score, 0..1. `min_content_bytes`: the least size of the body, in bytes.
    `parked_floor`: the confidence, 0..1, from which on a page counts as parked whatever it scores.

    Left out: `match` is 0.27, `min_content_bytes` is 1024, `parked_floor` is 0.45.
    """

    match: Annotated[float, Meta(ge=0.05, le=0.95)] | UnsetType = UNSET
    min_content_bytes: Annotated[int, Meta(ge=0, le=16777216)] | UnsetType = field(
        name="minContentBytes", default=UNSET
    )
    parked_floor: Annotated[float, Meta(ge=0.05, le=1.0)] | UnsetType = field(name="parkedFloor", default=UNSET)


class TldPreview(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One TLD: where the tenant's next names of this pattern begin, and how many offsets are left from there.
    """

    tld: str
    next_offset: int = field(name="nextOffset")
    left: int


class TlsFault(Word):
    """
    Why a handshake failed.
    """

    CERTIFICATE_EXPIRED = "certificate_expired"
    WRONG_HOST = "wrong_host"
    UNTRUSTED_CERTIFICATE = "untrusted_certificate"
    BAD_CERTIFICATE = "bad_certificate"
    NO_AGREEMENT = "no_agreement"
    CLOSED = "closed"
    NOT_TLS = "not_tls"


class TransitionCause(Word):
    """
    Who or what moved a campaign.
    """

    USER = "user"
    AUTOMATIC = "automatic"
    FAILURE = "failure"


class Verdict(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A score, 0..1 in three decimals, and why the domain is a lead (`qualified`) or is none.
    """

    score: float
    outcome: AnalysisOutcome


class Weights(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    How much each component of a score counts, relative to the others; `share_weights` makes them add up to 1.

    Left out: `keyword_density` is 0.35, `unique_keyword_coverage` is 0.25, `non_parked` is 0.1,
    `content_length_quality` is 0.1, `title_keyword` is 0.1, `freshness` is 0.1, `tf_lite` is 0.0.
    """

    keyword_density: Annotated[float, Meta(ge=0.0, le=1.0)] | UnsetType = field(name="keywordDensity", default=UNSET)
    unique_keyword_coverage: Annotated[float, Meta(ge=0.0, le=1.0)] | UnsetType = field(
        name="uniqueKeywordCoverage", default=UNSET
    )
    non_parked: Annotated[float, Meta(ge=0.0, le=1.0)] | UnsetType = field(name="nonParked", default=UNSET)
    content_length_quality: Annotated[float, Meta(ge=0.0, le=1.0)] | UnsetType = field(
        name="contentLengthQuality", default=UNSET
    )
    title_keyword: Annotated[float, Meta(ge=0.0, le=1.0)] | UnsetType = field(name="titleKeyword", default=UNSET)
    freshness: Annotated[float, Meta(ge=0.0, le=1.0)] | UnsetType = UNSET
    tf_lite: Annotated[float, Meta(ge=0.0, le=1.0)] | UnsetType = field(name="tfLite", default=UNSET)


class WorkerView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One worker process: is it alive, how many chunks does it hold, and how fast is it?

    `ratePerSecond` is how many domains it finished a second over the last quarter of a minute, whatever the phase.
    """

    id: UUID
    host: str
    process_id: int = field(name="processId")
    version: str
    chunks_held: int = field(name="chunksHeld")
    rate_per_second: float = field(name="ratePerSecond")
    draining: bool
    live: bool
    started_at: datetime = field(name="startedAt")
    heartbeat_at: datetime = field(name="heartbeatAt")


class ActDetail(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What is worth knowing of an act's target.
    """

    name: str | UnsetType = UNSET
    scopes: Sequence[KeyScope] = field(default_factory=list)
    expires_at: datetime | UnsetType = field(name="expiresAt", default=UNSET)


class Analysis(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    How domains are scored: how much each sign counts (scaled to sum to one), and from where on one is a lead.
    """

    weights: Weights | UnsetType = UNSET
    thresholds: Thresholds | UnsetType = UNSET


class CampaignEstimate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What each phase would take, from the initial one on. Of a list that is yet to come there are no names.
    """

    phases: Sequence[PhaseEstimate]


class CampaignProgress(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="campaign.progress"
):
    """
    The newest state of one campaign.

    `processed` = `succeeded` + `negative` + `failed`: an absent name is an answer, not a failure. `sequence` grows
    with each change of the campaign. `etaSeconds` is null while it cannot be told.
    """

    campaign_id: UUID = field(name="campaignId")
    phase: CampaignPhase
    phase_status: PhaseStatus = field(name="phaseStatus")
    sequence: int
    progress: float
    processed: int
    total: int
    succeeded: int
    negative: int
    failed: int
    rate_per_second: float = field(name="ratePerSecond")
    eta_seconds: float | None = field(name="etaSeconds")
    occurred_at: datetime = field(name="occurredAt")
    deleted: bool = False


class DnsFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What DNS said. `canonicalName`: where the name's aliases end, null if it is none.
    """

    outcome: DnsOutcome
    addresses: Sequence[str]
    canonical_name: str | None = field(name="canonicalName")
    duration_ms: int = field(name="durationMs")


class DnsValidation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    How names are resolved.

    `resolvers` are addresses, `192.0.2.1` or `192.0.2.1:5353` or `[2001:db8::1]:53`; in the sandbox none are needed.
    Rates are queries a second over all worker processes together; null means no cap.

    Left out: `resolvers` is [], `record_types` is ["A"], `timeout_seconds` is 2.0, `attempts` is 3,
    `queries_per_second` is null, `queries_per_second_per_resolver` is null, `in_flight_max` is 1000,
    `detect_wildcards` is true.
    """

    resolvers: Annotated[Sequence[Resolver], Meta(max_length=64)] | UnsetType = UNSET
    record_types: Annotated[Sequence[RecordType], Meta(max_length=2, min_length=1)] | UnsetType = field(
        name="recordTypes", default=UNSET
    )
    timeout_seconds: Annotated[float, Meta(ge=0.05, le=300.0)] | UnsetType = field(name="timeoutSeconds", default=UNSET)
    attempts: Annotated[int, Meta(ge=1, le=10)] | UnsetType = UNSET
    queries_per_second: Annotated[float, Meta(ge=1.0, le=10000000.0)] | UnsetType | None = field(
        name="queriesPerSecond", default=UNSET
    )
    queries_per_second_per_resolver: Annotated[float, Meta(ge=1.0, le=1000000.0)] | UnsetType | None = field(
        name="queriesPerSecondPerResolver", default=UNSET
    )
    in_flight_max: Annotated[int, Meta(ge=1, le=10000)] | UnsetType = field(name="inFlightMax", default=UNSET)
    detect_wildcards: bool | UnsetType = field(name="detectWildcards", default=UNSET)


class DomainGeneration(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Names from a pattern: variable characters and a constant, under each of the TLDs.

    `count` is how many offsets of the pattern's space are taken, over all TLDs together, from where the tenant's
    earlier campaigns of the same pattern ended (or from `offset`, if that lies further on). Offsets that break the
    host name rules are rejected and counted; a space that ends early completes with its shortfall told.

    Left out: `second_variable_length` is null, `offset` is 0.
    """

    pattern: Pattern
    constant: Annotated[str, Meta(description="The fixed part of the label; may be empty.", max_length=63)]
    character_set: Annotated[str, Meta(description="Letters, digits and the hyphen.", max_length=100, min_length=1)] = (
        field(name="characterSet")
    )
    variable_length: Annotated[int, Meta(ge=1, le=63)] = field(name="variableLength")
    tlds: Annotated[Sequence[Tld], Meta(max_length=100, min_length=1)]
    count: Annotated[int, Meta(ge=1, le=2000000000)]
    second_variable_length: Annotated[int, Meta(ge=1, le=63)] | UnsetType | None = field(
        name="secondVariableLength", default=UNSET
    )
    offset: Annotated[int, Meta(ge=0, le=9223372036854775807)] | UnsetType = UNSET


class Explanation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Whether a campaign moves, and why or why not.
    """

    moving: bool
    observations: Sequence[Observation]


class Funnel(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    From candidates to leads, from the counters of the phases' runs; a stage is null before its phase has begun.

    `generated` counts offsets of a pattern, or imported names. `keywordHits` narrows `reached`. `leads` judges every
    name, so what it enters with is what was generated. `balanced`: each stage adds up, enters with what an earlier one
    passed and, once all have ended, the verdicts are those that the earlier outcomes call for.
    """

    generated: FunnelStage | None
    resolved: FunnelStage | None
    reached: FunnelStage | None
    keyword_hits: FunnelStage | None = field(name="keywordHits")
    leads: FunnelStage | None
    balanced: bool
    stale: Sequence[CampaignPhase]


class GrantKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A key that somebody asks for; it can do nothing that the asking key cannot.

    Left out: `scopes` is ["read","write"], `expires_at` is null.
    """

    name: Annotated[str, Meta(max_length=200, min_length=1)]
    scopes: Annotated[Sequence[KeyScope], Meta(min_length=1)] | UnsetType = UNSET
    expires_at: datetime | UnsetType | None = field(name="expiresAt", default=UNSET)


class HttpFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What a page said. `keywords` are the texts that were found, `keywordHits` how often they stand there in all.

    `keywordContexts[i]` are the words around the first place of `keywords[i]`, for at most five of them. Hashes are 16
    hexadecimal digits: `contentHash` is of the bytes; between `nearHash` of pages that say nearly the same, few bits
    differ. `tlsFault` says why a handshake failed, where the outcome is `tls_failed`.
    """

    outcome: HttpOutcome
    status_code: int | None = field(name="statusCode")
    title: str | None
    final_url: str | None = field(name="finalUrl")
    keywords: Sequence[str]
    keyword_hits: int = field(name="keywordHits")
    body_bytes: int = field(name="bodyBytes")
    parked_confidence: float = field(name="parkedConfidence")
    duration_ms: int = field(name="durationMs")
    content_hash: str | None = field(name="contentHash")
    near_hash: str | None = field(name="nearHash")
    keyword_contexts: Sequence[str] = field(name="keywordContexts")
    tls_fault: TlsFault | None = field(name="tlsFault")


class ImportProgress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One import as it stands; while it is running, `accepted` and `duplicates` are not known and are 0.
    """

    import_id: UUID = field(name="importId")
    state: ImportState
    bytes_read: int = field(name="bytesRead")
    lines_read: int = field(name="linesRead")
    accepted: int
    duplicates: int
    rejected_count: int = field(name="rejectedCount")
    started_at: datetime = field(name="startedAt")
    finished_at: datetime | None = field(name="finishedAt")


class ImportReceipt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What became of a list: linesRead = accepted + duplicates + rejectedCount + skipped (blank, comment, header).

    `rejects` holds the first ones; all of them are under `/rejects`. `notes` counts names by what was changed on them.
    """

    import_id: UUID = field(name="importId")
    lines_read: int = field(name="linesRead")
    accepted: int
    duplicates: int
    rejected_count: int = field(name="rejectedCount")
    skipped: int
    rejects: Sequence[RejectedLine]
    notes: Mapping[Note, int]


class Key(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A key as it can be shown: `hint` is its beginning.
    """

    id: UUID
    name: str
    hint: str
    scopes: Sequence[KeyScope]
    created_at: datetime = field(name="createdAt")
    expires_at: datetime | None = field(name="expiresAt")
    revoked_at: datetime | None = field(name="revokedAt")


class KeyList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    All keys of a tenant, newest first.
    """

    items: Sequence[Key]


class Keyword(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One thing to look for in a page's visible text.

    Left out: `kind` is "literal", `case_sensitive` is false, `category` is null.
    """

    text: Annotated[str, Meta(max_length=500, min_length=1)]
    kind: KeywordKind | UnsetType = UNSET
    case_sensitive: bool | UnsetType = field(name="caseSensitive", default=UNSET)
    category: Annotated[str, Meta(max_length=100)] | UnsetType | None = UNSET


class PatternPreview(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What a pattern spans. `spaceSize` and `validNames` are of one TLD; `shortfall` is what `count` asks in vain.

    `validNames` are those of the offsets that keep the rules of host names. `samples` are the next valid names.
    """

    space_size: int = field(name="spaceSize")
    valid_names: int = field(name="validNames")
    shortfall: int
    tlds: Sequence[TldPreview]
    samples: Sequence[str]
    warnings: Sequence[Observation]


class PhaseRun(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What a phase has done so far; all counts are of domains.

    `outcomes` counts each outcome of the phase's closed list. `shortfall` is how many names a pattern's space could
    not give any more. `stale` results come from before an earlier phase was run again.
    """

    phase: CampaignPhase
    phase_status: PhaseStatus = field(name="phaseStatus")
    progress: float
    total: int
    processed: int
    succeeded: int
    negative: int
    failed: int
    outcomes: Mapping[str, int]
    shortfall: int
    rate_per_second: float = field(name="ratePerSecond")
    eta_seconds: float | None = field(name="etaSeconds")
    stale: bool
    number: int
    started_at: datetime | None = field(name="startedAt")
    finished_at: datetime | None = field(name="finishedAt")
    error: PhaseError | None


class Phases(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Where a campaign stands, and what a transition may ask for now.
    """

    current_phase: CampaignPhase = field(name="currentPhase")
    phase_status: PhaseStatus = field(name="phaseStatus")
    available_transitions: Sequence[CampaignPhase] = field(name="availableTransitions")
    phases: Sequence[PhaseRun]


ProgressMessage: TypeAlias = CampaignProgress | Refusal


class RecordedAct(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Who did what; `target` is the id of the key, session or campaign.
    """

    act: Act
    actor: str
    target: str
    detail: ActDetail
    occurred_at: datetime = field(name="occurredAt")


class Rerun(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Ask for a finished phase once more. `olderThan` is an instant, there exactly where the scope is called so.

    Left out: `older_than` is null.
    """

    scope: RerunScope
    older_than: datetime | UnsetType | None = field(name="olderThan", default=UNSET)


class ShownAnalysis(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    How domains are scored: how much each sign counts (scaled to sum to one), and from where on one is a lead.
    """

    weights: ShownWeights
    thresholds: ShownThresholds


class ShownHttpValidation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    How pages are fetched and what is looked for in them.

    `politeness` null means 8 connections and 20 requests a second to one address on the internet, and no limit in the
    sandbox, whose hosts share few addresses. `bytesPerSecond` caps what pages bring, over all worker processes
    together. `headers` come beside `userAgent`, `accept` and `acceptLanguage`. `proxies` are `http://host:port` or
    `socks5://host:port`, without credentials; where there are any, nothing is fetched but through them. A socks5 proxy
    is told addresses that were judged; an http proxy looks names up by itself, after we have judged what we see of
    them. `verifyTls` makes a bad certificate a failure; otherwise its page is read like any other.
    """

    keywords: Sequence[ShownKeyword]
    ports: ShownPorts
    timeout_seconds: float = field(name="timeoutSeconds")
    connect_timeout_seconds: float = field(name="connectTimeoutSeconds")
    body_bytes_max: int = field(name="bodyBytesMax")
    redirects_max: int = field(name="redirectsMax")
    concurrency: int
    user_agent: str = field(name="userAgent")
    accept: str
    accept_language: str | None = field(name="acceptLanguage")
    headers: Sequence[ShownHeader]
    proxies: Sequence[str]
    politeness: ShownPoliteness | None
    bytes_per_second: float | None = field(name="bytesPerSecond")
    verify_tls: bool = field(name="verifyTls")


class Transition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One line of the audit trail.
    """

    id: int
    command: str
    from_phase: CampaignPhase = field(name="fromPhase")
    from_phase_status: PhaseStatus = field(name="fromPhaseStatus")
    to_phase: CampaignPhase = field(name="toPhase")
    to_phase_status: PhaseStatus = field(name="toPhaseStatus")
    cause: TransitionCause
    reason: str
    actor: str
    at: datetime


class TransitionCampaign(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Start a phase.

    Left out: `transition_reason` is "", `rerun` is null.
    """

    target_phase: CampaignPhase = field(name="targetPhase")
    transition_reason: Annotated[str, Meta(max_length=500, pattern="^[^\\x00]*$")] | UnsetType = field(
        name="transitionReason", default=UNSET
    )
    rerun: Rerun | UnsetType | None = UNSET


class TransitionPage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    The audit trail, newest first.
    """

    items: Sequence[Transition]
    next_cursor: str | None = field(name="nextCursor")


class WorkerList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    All workers that were heard of lately.
    """

    items: Sequence[WorkerView]


class ActPage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Acts, newest first.
    """

    items: Sequence[RecordedAct]
    next_cursor: str | None = field(name="nextCursor")


class Domain(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One domain; a part is null as long as its phase has not come to it.
    """

    position: int
    domain: str
    dns: DnsFacts | None
    http: HttpFacts | None
    analysis: Verdict | None


class DomainPage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Domains in the order asked for; ask again with `nextCursor` for the following ones.

    `inspected` is how many were looked at for this page. A page may be short, even empty, and have a `nextCursor`: it
    stopped looking there. `stale` names the phases whose results come from before an earlier phase was run again.
    """

    items: Sequence[Domain]
    next_cursor: str | None = field(name="nextCursor")
    inspected: int
    stale: Sequence[CampaignPhase]


class HttpValidation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    How pages are fetched and what is looked for in them.

    `politeness` null means 8 connections and 20 requests a second to one address on the internet, and no limit in the
    sandbox, whose hosts share few addresses. `bytesPerSecond` caps what pages bring, over all worker processes
    together. `headers` come beside `userAgent`, `accept` and `acceptLanguage`. `proxies` are `http://host:port` or
    `socks5://host:port`, without credentials; where there are any, nothing is fetched but through them. A socks5 proxy
    is told addresses that were judged; an http proxy looks names up by itself, after we have judged what we see of
    them. `verifyTls` makes a bad certificate a failure; otherwise its page is read like any other.

    Left out: `keywords` is [], `timeout_seconds` is 10.0, `connect_timeout_seconds` is 4.0, `body_bytes_max` is
    524288, `redirects_max` is 5, `concurrency` is 128, `user_agent` is "phaseline/0.1", `accept` is
    "text/html,application/xhtml+xml,text/plain;q=0.9,*/*;q=0.5", `accept_language` is "en", `headers` is [],
    `proxies` is [], `politeness` is null, `bytes_per_second` is null, `verify_tls` is false.
    """

    keywords: Annotated[Sequence[Keyword], Meta(max_length=63)] | UnsetType = UNSET
    ports: Ports | UnsetType = UNSET
    timeout_seconds: Annotated[float, Meta(ge=0.05, le=300.0)] | UnsetType = field(name="timeoutSeconds", default=UNSET)
    connect_timeout_seconds: Annotated[float, Meta(ge=0.05, le=300.0)] | UnsetType = field(
        name="connectTimeoutSeconds", default=UNSET
    )
    body_bytes_max: Annotated[int, Meta(ge=1024, le=16777216)] | UnsetType = field(name="bodyBytesMax", default=UNSET)
    redirects_max: Annotated[int, Meta(ge=0, le=20)] | UnsetType = field(name="redirectsMax", default=UNSET)
    concurrency: Annotated[int, Meta(ge=1, le=1000)] | UnsetType = UNSET
    user_agent: Annotated[str, Meta(max_length=300, min_length=1, pattern="^[\\x20-\\x7e]+$")] | UnsetType = field(
        name="userAgent", default=UNSET
    )
    accept: (
        Annotated[str, Meta(max_length=300, min_length=1, pattern="^[\\x21-\\x7e]([\\x20-\\x7e]*[\\x21-\\x7e])?$")]
        | UnsetType
    ) = UNSET
    accept_language: (
        Annotated[str, Meta(max_length=300, min_length=1, pattern="^[\\x21-\\x7e]([\\x20-\\x7e]*[\\x21-\\x7e])?$")]
        | UnsetType
        | None
    ) = field(name="acceptLanguage", default=UNSET)
    headers: Annotated[Sequence[Header], Meta(max_length=30)] | UnsetType = UNSET
    proxies: Annotated[Sequence[Proxy], Meta(max_length=16)] | UnsetType = UNSET
    politeness: Politeness | UnsetType | None = UNSET
    bytes_per_second: Annotated[float, Meta(ge=1024.0, le=1000000000000.0)] | UnsetType | None = field(
        name="bytesPerSecond", default=UNSET
    )
    verify_tls: bool | UnsetType = field(name="verifyTls", default=UNSET)


class ImportList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    The imports of a campaign, newest first; one at most is running.
    """

    items: Sequence[ImportProgress]


class Lead(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A domain that qualified. `parts` say how its score comes about; null where the facts behind it are stale.
    """

    domain: Domain
    parts: ScoreParts | None


class LeadPage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Leads, best first; the other fields are those of a page of domains.
    """

    items: Sequence[Lead]
    next_cursor: str | None = field(name="nextCursor")
    inspected: int
    stale: Sequence[CampaignPhase]


class ShownConfiguration(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What each phase does; each part is copied into the phase's run when it starts.
    """

    advance: Advance
    network: Network
    domain_generation: ShownDomainGeneration | None = field(name="domainGeneration")
    dns_validation: ShownDnsValidation = field(name="dnsValidation")
    http_validation: ShownHttpValidation = field(name="httpValidation")
    analysis: ShownAnalysis


class Campaign(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One campaign. `progress` is 0 to 100 of the current phase; `version` moves with commands, never with progress.
    """

    id: UUID
    name: str
    initial_phase: CampaignPhase = field(name="initialPhase")
    current_phase: CampaignPhase = field(name="currentPhase")
    phase_status: PhaseStatus = field(name="phaseStatus")
    progress: float
    configuration: ShownConfiguration
    version: int
    created_at: datetime = field(name="createdAt")
    updated_at: datetime = field(name="updatedAt")


class CampaignPage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Campaigns, newest first; ask again with `nextCursor` for the following ones.
    """

    items: Sequence[Campaign]
    next_cursor: str | None = field(name="nextCursor")


class Configuration(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What each phase does; each part is copied into the phase's run when it starts.

    Left out: `advance` is "manual", `network` is "internet", `domain_generation` is null.
    """

    advance: Advance | UnsetType = UNSET
    network: Network | UnsetType = UNSET
    domain_generation: DomainGeneration | UnsetType | None = field(name="domainGeneration", default=UNSET)
    dns_validation: DnsValidation | UnsetType = field(name="dnsValidation", default=UNSET)
    http_validation: HttpValidation | UnsetType = field(name="httpValidation", default=UNSET)
    analysis: Analysis | UnsetType = UNSET


class ConfigurationUpdate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Parts of a configuration; each one that is given replaces that part as a whole.
    """

    advance: Advance | UnsetType = UNSET
    domain_generation: DomainGeneration | UnsetType = field(name="domainGeneration", default=UNSET)
    dns_validation: DnsValidation | UnsetType = field(name="dnsValidation", default=UNSET)
    http_validation: HttpValidation | UnsetType = field(name="httpValidation", default=UNSET)
    analysis: Analysis | UnsetType = UNSET


class CreateCampaign(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A new campaign; it does not start by itself.
    """

    name: Annotated[
        str, Meta(max_length=200, min_length=1, pattern="^[^\\x00-\\x1f]*[^\\s\\x00-\\x1f][^\\x00-\\x1f]*$")
    ]
    initial_phase: CampaignPhase = field(name="initialPhase")
    configuration: Configuration


class EstimateCampaign(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A campaign that is thought of; nothing of it is kept.
    """

    initial_phase: CampaignPhase = field(name="initialPhase")
    configuration: Configuration


class UpdateCampaign(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What changes; what is left out stays. A phase that is under way keeps what it was started with.
    """

    name: (
        Annotated[str, Meta(max_length=200, min_length=1, pattern="^[^\\x00-\\x1f]*[^\\s\\x00-\\x1f][^\\x00-\\x1f]*$")]
        | UnsetType
    ) = UNSET
    configuration: ConfigurationUpdate | UnsetType = UNSET


__all__ = [
    "Act",
    "ActDetail",
    "ActPage",
    "Advance",
    "Analysis",
    "AnalysisOutcome",
    "Campaign",
    "CampaignEstimate",
    "CampaignPage",
    "CampaignPhase",
    "CampaignProgress",
    "CommandReason",
    "Configuration",
    "ConfigurationUpdate",
    "CreateCampaign",
    "DeletedCampaign",
    "DnsFacts",
    "DnsOutcome",
    "DnsValidation",
    "Domain",
    "DomainGeneration",
    "DomainPage",
    "EstimateCampaign",
    "Explanation",
    "ExportFormat",
    "ExportTrailer",
    "Funnel",
    "FunnelStage",
    "GrantKey",
    "Header",
    "HttpFacts",
    "HttpOutcome",
    "HttpValidation",
    "ImportList",
    "ImportProgress",
    "ImportReceipt",
    "ImportState",
    "Key",
    "KeyList",
    "KeyScope",
    "Keyword",
    "KeywordKind",
    "Lead",
    "LeadPage",
    "Liveness",
    "Network",
    "NewKey",
    "Note",
    "Observation",
    "Part",
    "Pattern",
    "PatternPreview",
    "PhaseError",
    "PhaseEstimate",
    "PhaseRun",
    "PhaseStatus",
    "Phases",
    "Politeness",
    "Ports",
    "Problem",
    "ProgressMessage",
    "Readiness",
    "RecordType",
    "RecordedAct",
    "Refusal",
    "RejectReason",
    "RejectedLine",
    "Rerun",
    "RerunScope",
    "ScoreComponents",
    "ScoreParts",
    "Session",
    "ShownAnalysis",
    "ShownConfiguration",
    "ShownDnsValidation",
    "ShownDomainGeneration",
    "ShownHeader",
    "ShownHttpValidation",
    "ShownKeyword",
    "ShownPoliteness",
    "ShownPorts",
    "ShownSetting",
    "ShownSettings",
    "ShownThresholds",
    "ShownWeights",
    "Sort",
    "Subscribe",
    "Thresholds",
    "TldPreview",
    "TlsFault",
    "Transition",
    "TransitionCampaign",
    "TransitionCause",
    "TransitionPage",
    "UpdateCampaign",
    "Verdict",
    "Weights",
    "WorkerList",
    "WorkerView",
]
