"""What stands around the domains of a planted database: people, personas, keywords, and what is kept of campaigns."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from loadtest.baseline.plans import DNS, GENERATION, HTTP, LEADS, NOTHING, PHASES, WHOLE, Plan, make_id
from loadtest.baseline.planted_rows import PHASE_TIME, Row
from loadtest.bench.workload import KEYWORDS
from service.scoring.weights import Weights

USERS = 3
DNS_PERSONAS, HTTP_PERSONAS, PROXIES = 2, 2, 2
BATCH = 1_000
DNS_PERSONA = {
    "resolvers": ["1.1.1.1:53", "8.8.8.8:53", "https://cloudflare-dns.com/dns-query"],
    "useSystemResolvers": False,
    "queryTimeoutSeconds": 5,
    "maxDomainsPerRequest": 100,
    "resolverStrategy": "round_robin",
    "concurrentQueriesPerDomain": 2,
    "queryDelayMinMs": 0,
    "queryDelayMaxMs": 50,
    "maxConcurrentGoroutines": 10,
    "rateLimitDps": 100,
    "rateLimitBurst": 10,
}
HTTP_PERSONA = {
    "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    "headers": {"Accept": "text/html", "Accept-Language": "en-GB,en;q=0.8", "X-Purpose": "research"},
    "headerOrder": ["Accept", "Accept-Language"],
    "tlsClientHello": {"minVersion": "TLS12", "maxVersion": "TLS13"},
    "http2Settings": {"enabled": True},
    "cookieHandling": {"mode": "session"},
    "requestTimeoutSeconds": 15,
    "followRedirects": True,
    "allowedStatusCodes": [200, 203],
    "rateLimitDps": 10,
    "rateLimitBurst": 5,
}


class Rows(NamedTuple):
    """Of one table."""

    table: str
    columns: Sequence[str]
    rows: Iterable[Row]


def encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


def dns_persona_id(seed: int) -> UUID:
    return make_id(seed, "dns persona", 0)


def http_persona_id(seed: int) -> UUID:
    return make_id(seed, "http persona", 0)


def user_id(plan: Plan) -> UUID:
    return make_id(plan.seed, "user", plan.number % USERS)


def shared_rows(seed: int) -> Iterator[Rows]:
    """What campaigns refer to."""
    yield Rows("users", ("id", "email"), [(make_id(seed, "user", n), f"user{n}@old.example") for n in range(USERS)])
    personas: list[Row] = []
    for kind, count, details in (("dns", DNS_PERSONAS, DNS_PERSONA), ("http", HTTP_PERSONAS, HTTP_PERSONA)):
        personas += [(make_id(seed, f"{kind} persona", n), f"{kind} {n}", kind, encode(details)) for n in range(count)]
    yield Rows("personas", ("id", "name", "persona_type", "config_details"), personas)
    proxies = [(make_id(seed, "proxy", n), f"proxy {n}", f"192.0.2.{n + 1}:3128", "http") for n in range(PROXIES)]
    yield Rows("proxies", ("id", "name", "address", "protocol"), proxies)
    set_id = make_id(seed, "keyword set", 0)
    yield Rows("keyword_sets", ("id", "name"), [(set_id, "leads")])
    rules: list[Row] = [
        (make_id(seed, "rule", n), set_id, word, "string", False, "sales") for n, word in enumerate(KEYWORDS)
    ]
    rules.append((make_id(seed, "rule", len(rules)), set_id, r"price\s*list", "regex", True, None))
    rule_columns = ("id", "keyword_set_id", "pattern", "rule_type", "is_case_sensitive", "category")
    yield Rows("keyword_rules", rule_columns, rules)
    weights = encode(msgspec.to_builtins(Weights()))
    yield Rows("scoring_profiles", ("id", "name", "weights"), [(make_id(seed, "profile", 0), "default", weights)])


def campaign_rows(plans: Sequence[Plan]) -> Iterator[Rows]:
    """What is kept of campaigns, but for their domains."""
    yield Rows("campaigns", CAMPAIGN_COLUMNS, [campaign_row(plan) for plan in plans])
    makers = [plan for plan in plans if plan.campaign_type in (GENERATION, LEADS)]
    yield Rows("domain_generation_campaign_params", GENERATION_COLUMNS, [generation_row(plan) for plan in makers])
    resolving = [plan for plan in plans if plan.campaign_type in (DNS, LEADS)]
    yield Rows(
        "dns_validation_params",
        ("campaign_id", "source_generation_campaign_id", "persona_ids", "batch_size"),
        [(plan.campaign_id, source_id(plan), [dns_persona_id(plan.seed)], BATCH) for plan in resolving],
    )
    fetching = [plan for plan in plans if plan.campaign_type in (HTTP, LEADS)]
    yield Rows("http_keyword_campaign_params", HTTP_COLUMNS, [http_row(plan) for plan in fetching])
    leads = [plan for plan in plans if plan.campaign_type == LEADS]
    profiles: list[Row] = [(plan.campaign_id, make_id(plan.seed, "profile", 0)) for plan in leads]
    yield Rows("campaign_scoring_profile", ("campaign_id", "scoring_profile_id"), profiles)
    yield Rows("campaign_phases", PHASE_COLUMNS, [row for plan in leads for row in phase_rows(plan)])
    yield Rows(
        "phase_configurations",
        ("campaign_id", "phase_type", "configuration"),
        [row for plan in leads for row in configuration_rows(plan)],
    )
    yield Rows(
        "domain_generation_config_states",
        ("config_hash", "last_offset", "config_details"),
        [state_row(plan) for plan in makers if plan.made],
    )
    yield Rows("campaign_jobs", JOB_COLUMNS, [row for plan in plans for row in job_rows(plan)])
    yield Rows("campaign_state_events", EVENT_COLUMNS, [row for plan in plans for row in event_rows(plan)])


CAMPAIGN_COLUMNS = (
    *("id", "name", "user_id", "campaign_type", "status", "progress_percentage"),
    *("current_phase", "phase_status", "progress", "completed_phases", "is_full_sequence_mode", "auto_advance_phases"),
    *("total_items", "processed_items", "successful_items", "error_message"),
    *("discovery_config_hash", "discovery_offset_start", "discovery_offset_end"),
    *("created_at", "updated_at", "started_at", "completed_at"),
)


def campaign_row(plan: Plan) -> Row:
    """Both halves; a campaign of the types' era has no phase."""
    now = plan.share * 100
    is_automatic = plan.number % 2 == 0
    ended_at = plan.created_at + 5 * PHASE_TIME
    done = plan.done(plan.standing)
    is_maker = plan.made > 0
    return (
        *(plan.campaign_id, f"campaign {plan.number}", user_id(plan), plan.campaign_type, plan.status),
        sum(plan.shares) / len(PHASES) * 100 if plan.campaign_type == LEADS else now,
        *(plan.phase, plan.phase_status, now if plan.phase else None),
        sum(share == WHOLE for share in plan.shares),
        *(is_automatic, is_automatic, plan.domains, done, done),
        "connection to the resolvers lost" if plan.status == "failed" else None,
        *(plan.pattern.config_hash if is_maker else None, 0 if is_maker else None, plan.made if is_maker else None),
        *(plan.created_at, ended_at if done else plan.created_at, plan.created_at if done else None),
        ended_at if plan.status in ("completed", "archived") else None,
    )


GENERATION_COLUMNS = (
    *("campaign_id", "pattern_type", "variable_length", "prefix_variable_length", "suffix_variable_length"),
    *("character_set", "constant_string", "tld", "num_domains_to_generate", "total_possible_combinations"),
    "current_offset",
)


def generation_row(plan: Plan) -> Row:
    pattern = plan.pattern
    return (
        *(plan.campaign_id, pattern.kind, pattern.length),
        *(pattern.length if pattern.kind != "suffix" else None, pattern.length if pattern.kind != "prefix" else None),
        *(pattern.characters, pattern.constant, pattern.tld, plan.domains, pattern.size, plan.made),
    )


HTTP_COLUMNS = (
    *("campaign_id", "source_campaign_id", "source_type", "persona_ids", "keyword_set_ids", "ad_hoc_keywords"),
    *("target_http_ports", "batch_size"),
)


def http_row(plan: Plan) -> Row:
    return (
        *(plan.campaign_id, source_id(plan), "DNSValidation" if plan.source else None),
        *([http_persona_id(plan.seed)], [make_id(plan.seed, "keyword set", 0)], ["wholesale"], [443], BATCH),
    )


def source_id(plan: Plan) -> UUID | None:
    return plan.source.campaign_id if plan.source else None


PHASE_COLUMNS = (
    *("id", "campaign_id", "phase_type", "phase_order", "status", "progress_percentage", "total_items"),
    *("processed_items", "started_at", "completed_at"),
)


def phase_rows(plan: Plan) -> Iterator[Row]:
    """One for each phase; that in which the campaign stands has its status, those behind it have not begun."""
    here = plan.phase_status or {"running": "in_progress", "archived": "completed"}.get(plan.status, plan.status)
    for order, (phase, share) in enumerate(zip(PHASES, plan.shares, strict=True)):
        status = "completed" if order < plan.standing else here if order == plan.standing else "not_started"
        began_at = plan.created_at + order * PHASE_TIME
        yield (
            *(make_id(plan.seed, f"phase {order}", plan.number), plan.campaign_id, phase, order + 1, status),
            *(share * 100, plan.domains, plan.done(order)),
            *(began_at if share else None, began_at + PHASE_TIME if share == WHOLE else None),
        )


def configuration_rows(plan: Plan) -> Iterator[Row]:
    dns = {"personaIds": [str(dns_persona_id(plan.seed))], "batchSize": BATCH, "timeout": 30, "maxRetries": 2}
    http = {
        "personaIds": [str(http_persona_id(plan.seed))],
        "keywordSetIds": [str(make_id(plan.seed, "keyword set", 0))],
        "adHocKeywords": ["wholesale"],
    }
    yield plan.campaign_id, DNS, encode(dns)
    yield plan.campaign_id, HTTP, encode(http)


def state_row(plan: Plan) -> Row:
    pattern = plan.pattern
    details = {
        "patternType": pattern.kind,
        "variableLength": pattern.length,
        "characterSet": pattern.characters,
        "constantString": pattern.constant,
        "tld": pattern.tld,
    }
    return pattern.config_hash, plan.made - 1, encode(details)


JOB_COLUMNS = ("id", "campaign_id", "job_type", "status", "attempts", "scheduled_at")
JOB_TYPES = ("generation", DNS, HTTP, "analysis")


def job_rows(plan: Plan) -> Iterator[Row]:
    """One for each phase that began."""
    for order, share in enumerate(plan.shares):
        if share == NOTHING or (plan.source and PHASES[order] != plan.campaign_type):
            continue
        status = "completed" if share == WHOLE else plan.status
        job_id = make_id(plan.seed, f"job {order}", plan.number)
        yield job_id, plan.campaign_id, JOB_TYPES[order], status, 1, plan.created_at + order * PHASE_TIME


EVENT_COLUMNS = ("campaign_id", "event_type", "phase", "old_state", "new_state", "reason", "actor", "occurred_at")
ENDINGS = {"paused": "phase_paused", "failed": "phase_failed", "cancelled": "phase_cancelled"}


def event_rows(plan: Plan) -> Iterator[Row]:
    """What a campaign has been through."""
    yield plan.campaign_id, "created", None, None, "draft", None, "user", plan.created_at
    for order, share in enumerate(plan.shares):
        if share == NOTHING or (plan.source and PHASES[order] != plan.campaign_type):
            continue
        at, phase = plan.created_at + order * PHASE_TIME, PHASES[order]
        yield plan.campaign_id, "phase_started", phase, "configured", "in_progress", None, "user", at
        end = "phase_completed" if share == WHOLE else ENDINGS.get(plan.status)
        if end is None:
            continue
        state, reason = end.removeprefix("phase_"), "connection lost" if end == "phase_failed" else None
        yield plan.campaign_id, end, phase, "in_progress", state, reason, "system", at + PHASE_TIME
