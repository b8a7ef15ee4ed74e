"""Which old system a database holds, and the views through which it is read, whatever its era. Pure."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

from service.errors import Invalid
from service.fetching.model import TITLE_LENGTH_MAX

Columns = Mapping[str, Mapping[str, str]]  # table -> column -> type, as PostgreSQL names it

# Versions of the old system's own migrations that are known: those of its eras with campaign types, both, and phases.
VERSION_FIRST, VERSION_LAST = 20250616, 20250831

SERVER_VERSION_MIN = 13

CAMPAIGN_TABLES = ("campaigns", "lead_generation_campaigns")
DOMAINS = "generated_domains"
DNS_RESULTS = "dns_validation_results"
HTTP_RESULTS = "http_keyword_results"
TYPE_COLUMNS, PHASE_COLUMNS = {"campaign_type", "status"}, {"current_phase", "phase_status"}


class Edition(StrEnum):
    """How an old system says where a campaign stands."""

    TYPES = "types"
    DUAL = "dual"
    PHASES = "phases"


class Kind(StrEnum):
    """Whence a campaign has its names and results: its own rows, or another campaign's and its own results."""

    OWN = "own"
    RESOLVED = "resolved"  # names of a campaign that generates, its own DNS results
    FETCHED = "fetched"  # addresses of a campaign that resolves, its own pages
    FETCHED_NAMES = "fetched_names"  # names of a campaign that generates, its own pages
    RESOLVED_ALONE = "resolved_alone"  # DNS results whose campaign of origin is gone
    FETCHED_ALONE = "fetched_alone"


class OldShape(msgspec.Struct, frozen=True):
    """What an old database looks like.

    `tables` are those whose changes matter; those of `placed` have domains, or what leads to them and their places.
    `columns` are those of campaigns and domains, into which something can be written back.
    """

    edition: Edition
    campaigns: str
    tables: tuple[str, ...]
    placed: frozenset[str]
    columns: Mapping[str, frozenset[str]]
    views: Mapping[str, str]


def recognise(columns: Columns, version: int | None, *, is_dirty: bool) -> OldShape:
    """`Invalid` says in one sentence why this is no old system, or none that is known."""
    campaigns = find_campaigns(columns)
    edition = find_edition(columns[campaigns])
    check_version(version, is_dirty=is_dirty)
    for table, needed in ((campaigns, ("id", "name")), (DOMAINS, ("id", "campaign_id", "domain_name"))):
        missing = [column for column in needed if column not in columns.get(table, {})]
        if missing:
            raise Invalid(
                "source_unknown", f"The old database's {table} has no {missing[0]}: this is no known version."
            )
    for table, column in ((campaigns, "id"), (DOMAINS, "campaign_id")):
        if columns[table][column] != "uuid":
            raise Invalid(
                "source_unknown", f"{table}.{column} is {columns[table][column]}, not uuid: no known version."
            )
    tables = [campaigns, *(table for table in WATCHED if table in columns)]
    return OldShape(
        edition=edition,
        campaigns=campaigns,
        tables=tuple(tables),
        placed=placed_tables(columns),
        columns={table: frozenset(columns[table]) for table in (campaigns, DOMAINS)},
        views=dict(views_over(columns, campaigns)),
    )


def placed_tables(columns: Columns) -> frozenset[str]:
    if "offset_index" not in columns[DOMAINS]:
        return frozenset()
    leads = {DOMAINS: "offset_index", DNS_RESULTS: "generated_domain_id", HTTP_RESULTS: "dns_result_id"}
    return frozenset(table for table, column in leads.items() if column in columns.get(table, {}))


def find_campaigns(columns: Columns) -> str:
    if "tenant_id" in columns.get("campaigns", {}):
        raise Invalid("source_is_ours", "The source is a Phaseline database, not one of the old system.")
    found = next((table for table in CAMPAIGN_TABLES if table in columns), None)
    if found is None:
        raise Invalid("source_unknown", f"The source has neither of the tables {' and '.join(CAMPAIGN_TABLES)}.")
    return found


def find_edition(campaigns: Mapping[str, str]) -> Edition:
    has_types, has_phases = (names <= campaigns.keys() for names in (TYPE_COLUMNS, PHASE_COLUMNS))
    if has_types and has_phases:
        return Edition.DUAL
    if has_phases:
        return Edition.PHASES
    if has_types:
        return Edition.TYPES
    raise Invalid("source_unknown", "The old campaigns have neither a type and status nor a phase and phase status.")


def check_server(major: int) -> None:
    """What our statements need there."""
    if major < SERVER_VERSION_MIN:
        raise Invalid(
            "source_server", f"The old database runs on PostgreSQL {major}; it needs {SERVER_VERSION_MIN} or newer."
        )


def check_version(version: int | None, *, is_dirty: bool) -> None:
    """None where the old system does not say: then its tables alone tell."""
    if is_dirty:
        raise Invalid("source_dirty", f"Migration {version} of the old system broke off: mend that with its own tools.")
    if version is not None and not VERSION_FIRST <= version <= VERSION_LAST:
        raise Invalid(
            "source_version",
            f"The old database is of version {version}; known are {VERSION_FIRST} to {VERSION_LAST}.",
        )


# Tables whose changes reach campaigns, and the column that leads to a campaign.
WATCHED: Mapping[str, str] = {
    DOMAINS: "campaign_id",
    DNS_RESULTS: "dns_campaign_id",
    HTTP_RESULTS: "http_keyword_campaign_id",
    "domain_generation_campaign_params": "campaign_id",
    "dns_validation_params": "campaign_id",
    "http_keyword_campaign_params": "campaign_id",
    "campaign_scoring_profile": "campaign_id",
    "campaign_phases": "campaign_id",
    "phase_configurations": "campaign_id",
    "campaign_state_events": "campaign_id",
}

# Views of small tables: (campaign_id, document), empty where there is no such table.
DOCUMENTS: Mapping[str, str] = {
    "legacy_generation_params": "domain_generation_campaign_params",
    "legacy_dns_params": "dns_validation_params",
    "legacy_http_params": "http_keyword_campaign_params",
    "legacy_phase_settings": "phase_configurations",
    "legacy_phases": "campaign_phases",
    "legacy_events": "campaign_state_events",
    "legacy_profiles": "campaign_scoring_profile",
}
SHARED_DOCUMENTS: Mapping[str, str] = {
    "legacy_personas": "personas",
    "legacy_keyword_rules": "keyword_rules",
    "legacy_weights": "scoring_profiles",
    "legacy_spaces": "domain_generation_config_states",
}


def views_over(columns: Columns, campaigns: str) -> Iterator[tuple[str, str]]:
    """Each view's name, and what it selects."""
    yield "legacy_campaigns", f"SELECT t.id AS campaign_id, to_jsonb(t) AS document FROM {campaigns} t"
    for view, table in DOCUMENTS.items():
        there = "campaign_id" in columns.get(table, {})
        yield view, f"SELECT t.campaign_id, to_jsonb(t) AS document FROM {table} t" if there else NO_DOCUMENT
    for view, table in SHARED_DOCUMENTS.items():
        document = f"SELECT NULL::uuid AS campaign_id, to_jsonb(t) AS document FROM {table} t"
        yield view, document if table in columns else NO_DOCUMENT
    for kind, rows in domain_views(columns).items():
        yield view_of(kind), rows


NO_DOCUMENT = "SELECT NULL::uuid AS campaign_id, NULL::jsonb AS document WHERE false"


def view_of(kind: Kind) -> str:
    return f"legacy_{kind}"


# Views of domains: the columns of `OldRow` behind the campaign's id. What a version lacks is NULL.

NAMES = {"place": "bigint", "row_id": "text", "name": "text"}
FOUND = {
    "dns_status": "text",
    "dns_reason": "text",
    "dns_ip": "text",
    "http_status": "text",
    "http_reason": "text",
    "status_code": "integer",
    "title": "text",
    "keywords": "text",
    "is_parked": "boolean",
    "parked_confidence": "double precision",
    "content_hash": "text",
    "features": "text",
    "lead_status": "text",
    "rejection_reason": "text",
    "score": "double precision",
    "dns_checked_at": "timestamptz",
    "http_checked_at": "timestamptz",
}
OWN_COLUMNS = {
    "dns_status": ("dns_status",),
    "dns_reason": ("dns_reason",),
    "dns_ip": ("dns_ip",),
    "http_status": ("http_status",),
    "http_reason": ("http_reason",),
    "status_code": ("http_status_code",),
    "title": ("http_title",),
    "keywords": ("http_keywords",),
    "is_parked": ("is_parked",),
    "parked_confidence": ("parked_confidence",),
    "features": ("feature_vector",),
    "lead_status": ("lead_status",),
    "rejection_reason": ("rejection_reason",),
    "score": ("domain_score", "lead_score"),
    "dns_checked_at": ("last_validated_at",),
    "http_checked_at": ("last_http_fetched_at",),
}
DNS_COLUMNS = {
    "dns_status": "r.validation_status",
    "dns_reason": "r.dns_records ->> 'error'",
    "dns_ip": "(SELECT string_agg(a.address, ',') FROM jsonb_each(CASE jsonb_typeof(r.dns_records) WHEN 'object' THEN"
    " r.dns_records ELSE '{}' END) AS e (type, value) CROSS JOIN LATERAL jsonb_array_elements_text(CASE"
    " jsonb_typeof(e.value) WHEN 'array' THEN e.value ELSE '[]' END) AS a (address) WHERE e.type IN ('A', 'AAAA'))",
    "dns_checked_at": "r.last_checked_at",
}
HTTP_COLUMNS = {
    "http_status": "h.validation_status",
    "status_code": "h.http_status_code",
    "title": "h.page_title",
    "keywords": "(coalesce(h.found_keywords_from_sets, '[]') || coalesce(h.found_ad_hoc_keywords, '[]'))",
    "content_hash": "h.content_hash",
    "http_checked_at": "h.last_checked_at",
}


def domain_views(columns: Columns) -> dict[Kind, str]:
    domains = columns[DOMAINS]
    place = "d.offset_index" if "offset_index" in domains else "NULL"
    names = {"place": place, "row_id": "d.id", "name": "d.domain_name"}
    own = {
        column: "coalesce(" + ", ".join(f"d.{name}" for name in names_there) + ")"
        for column, candidates in OWN_COLUMNS.items()
        if (names_there := [name for name in candidates if name in domains])
    }
    views = {Kind.OWN: select_rows("d.campaign_id", {**names, **own}, f"{DOMAINS} d")}
    has_dns = {DNS_RESULTS, "dns_validation_params"} <= columns.keys()
    has_http = {HTTP_RESULTS, "http_keyword_campaign_params"} <= columns.keys()
    if has_dns:
        resolved = {**names, "row_id": "coalesce(r.id, d.id)", **DNS_COLUMNS}
        views[Kind.RESOLVED] = select_rows("p.campaign_id", resolved, RESOLVED_ROWS)
        alone = {"place": "NULL", "row_id": "r.id", "name": "r.domain_name"}
        views[Kind.RESOLVED_ALONE] = select_rows("r.dns_campaign_id", {**alone, **DNS_COLUMNS}, f"{DNS_RESULTS} r")
    if has_http:
        fetched = {**names, "row_id": "coalesce(h.id, d.id)", **HTTP_COLUMNS}
        views[Kind.FETCHED_NAMES] = select_rows("p.campaign_id", fetched, FETCHED_NAMES_ROWS)
        alone = {"place": "NULL", "row_id": "h.id", "name": "h.domain_name"}
        views[Kind.FETCHED_ALONE] = select_rows(
            "h.http_keyword_campaign_id", {**alone, **HTTP_COLUMNS}, f"{HTTP_RESULTS} h"
        )
    if has_dns and has_http:
        both = {**names, "row_id": "coalesce(h.id, r.id)", **DNS_COLUMNS, **HTTP_COLUMNS}
        views[Kind.FETCHED] = select_rows("p.campaign_id", both, FETCHED_ROWS)
    nothing = select_rows("NULL::uuid", {}, "(SELECT 1 WHERE false) AS none")
    return {kind: views.get(kind, nothing) for kind in Kind}


RESOLVED_ROWS = f"""dns_validation_params p
    JOIN {DOMAINS} d ON d.campaign_id = p.source_generation_campaign_id
    LEFT JOIN {DNS_RESULTS} r ON r.generated_domain_id = d.id AND r.dns_campaign_id = p.campaign_id"""
FETCHED_ROWS = f"""http_keyword_campaign_params p
    JOIN dns_validation_params s ON s.campaign_id = p.source_campaign_id
    JOIN {DOMAINS} d ON d.campaign_id = s.source_generation_campaign_id
    JOIN {DNS_RESULTS} r ON r.generated_domain_id = d.id AND r.dns_campaign_id = p.source_campaign_id
    LEFT JOIN {HTTP_RESULTS} h ON h.dns_result_id = r.id AND h.http_keyword_campaign_id = p.campaign_id"""
FETCHED_NAMES_ROWS = f"""http_keyword_campaign_params p
    JOIN {DOMAINS} d ON d.campaign_id = p.source_campaign_id
    LEFT JOIN {HTTP_RESULTS} h ON h.http_keyword_campaign_id = p.campaign_id AND h.domain_name = d.domain_name"""


def select_rows(campaign_id: str, given: Mapping[str, str], source: str) -> str:
    listed = ", ".join(f"({given.get(column, 'NULL')})::{kind} AS {column}" for column, kind in (NAMES | FOUND).items())
    return f"SELECT d.*, {PLAIN} AS is_plain FROM (SELECT {campaign_id} AS campaign_id, {listed} FROM {source}) AS d"


# Rows whose checksum the old database can compute by itself, because nothing in them is changed on the way: a name in
# its final form, IPv4 addresses, keywords with commas, a title of one line without what turns it.
OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
ADDRESS = rf"{OCTET}(\.{OCTET}){{3}}"
ODD_LETTERS = r"[\x01-\x1f\x7f-\xa0\u1680\u2000-\u200a\u200e\u200f\u2028-\u202f\u205f\u2066-\u2069\u3000]|  |^ | $"
PLAIN = rf"""(
    d.name IS NOT NULL AND length(d.name) <= 253 AND d.name !~ '[a-z0-9-]{{64}}'
    AND d.name ~ '^([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]([a-z0-9]|-[a-z0-9])+$'
    AND (d.dns_ip IS NULL OR d.dns_ip ~ '^{ADDRESS}(,{ADDRESS})*$')
    AND (d.keywords IS NULL OR d.keywords !~ '["{{}}\[\]]')
    AND (d.title IS NULL OR (length(d.title) <= {TITLE_LENGTH_MAX} AND d.title !~ '{ODD_LETTERS}'))
)"""
