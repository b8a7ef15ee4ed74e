"""Write back into the old tables what was found after the switch, in the old system's words.

Only our own transactions may: they say so in a setting that the triggers know. What a version has no column for is left
out.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from service.campaigns.model import Keyword
from service.fetching.outcomes import HttpOutcome
from service.migration.model import WrittenRow
from service.migration.rows import packed_text
from service.migration.source.capture import REPLAYING
from service.migration.source.shape import DOMAINS, OldShape
from service.migration.source.store import Source
from service.postgres.queries import Query
from service.progress.events import CampaignPhase, PhaseStatus
from service.resolving.outcomes import DnsOutcome
from service.scoring.score import Reason

PHASE_WORDS: Mapping[CampaignPhase, str] = {
    CampaignPhase.DOMAIN_GENERATION: "domain_generation",
    CampaignPhase.DNS_VALIDATION: "dns_validation",
    CampaignPhase.HTTP_VALIDATION: "http_keyword_validation",
    CampaignPhase.ANALYSIS: "analysis",
}
PHASE_STATUS_WORDS: Mapping[PhaseStatus, str] = {
    PhaseStatus.PENDING: "not_started",
    PhaseStatus.RUNNING: "in_progress",
    PhaseStatus.PAUSED: "paused",
    PhaseStatus.COMPLETED: "completed",
    PhaseStatus.FAILED: "failed",
    PhaseStatus.CANCELLED: "cancelled",
}


class Words(NamedTuple):
    """A status and its reason."""

    status: str
    reason: str | None


PENDING = Words("pending", None)
DNS_WORDS: Mapping[int, Words] = {
    DnsOutcome.RESOLVED: Words("ok", None),
    DnsOutcome.NO_DATA: Words("error", "NOANSWER"),
    DnsOutcome.ABSENT: Words("error", "NXDOMAIN"),
    DnsOutcome.SERVFAIL: Words("error", "SERVFAIL"),
    DnsOutcome.REFUSED: Words("error", "REFUSED"),
    DnsOutcome.TIMED_OUT: Words("timeout", "TIMEOUT"),
    DnsOutcome.MALFORMED: Words("error", "ERROR"),
    DnsOutcome.WILDCARD: Words("error", "WILDCARD"),
    DnsOutcome.RATE_LIMITED: Words("error", "RATE_LIMITED"),
    DnsOutcome.INTERNAL_ERROR: Words("error", "ERROR"),
}
HTTP_WORDS: Mapping[int, Words] = {
    HttpOutcome.REACHED: Words("ok", None),
    HttpOutcome.PARKED: Words("ok", None),
    HttpOutcome.NOT_FOUND: Words("error", "NOT_FOUND"),
    HttpOutcome.CLIENT_ERROR: Words("error", "FORBIDDEN"),
    HttpOutcome.SERVER_ERROR: Words("error", "UPSTREAM_5XX"),
    HttpOutcome.RATE_LIMITED: Words("error", "RATE_LIMIT"),
    HttpOutcome.REDIRECT_LOOP: Words("error", "FETCH_ERROR"),
    HttpOutcome.BLOCKED: Words("error", "FETCH_ERROR"),
    HttpOutcome.UNRESOLVABLE: Words("error", "DNS_RESOLVE_ERROR"),
    HttpOutcome.CONNECTION_REFUSED: Words("error", "CONNECTION_REFUSED"),
    HttpOutcome.CONNECTION_RESET: Words("error", "CONNECTION_RESET"),
    HttpOutcome.TIMED_OUT: Words("timeout", "TIMEOUT"),
    HttpOutcome.TLS_FAILED: Words("error", "TLS_HANDSHAKE"),
    HttpOutcome.BROKEN_RESPONSE: Words("error", "FETCH_ERROR"),
    HttpOutcome.INTERNAL_ERROR: Words("error", "ERROR"),
}
LEAD_WORDS: Mapping[int, Words] = {
    Reason.QUALIFIED: Words("match", "qualified"),
    Reason.LOW_SCORE: Words("no_match", "low_score"),
    Reason.NO_KEYWORDS: Words("no_match", "no_keywords"),
    Reason.PARKED: Words("no_match", "parked"),
    Reason.THIN_CONTENT: Words("no_match", "low_score"),
    Reason.DNS_NEGATIVE: Words("error", "dns_error"),
    Reason.DNS_FAILED: Words("error", "dns_error"),
    Reason.HTTP_NEGATIVE: Words("error", "http_error"),
    Reason.HTTP_FAILED: Words("error", "http_error"),
    Reason.INTERNAL_ERROR: PENDING,
}
# Columns of the old table of domains that are written, and their types.
WRITTEN: Mapping[str, str] = {
    "dns_status": "text",
    "dns_reason": "text",
    "dns_ip": "text",
    "http_status": "text",
    "http_reason": "text",
    "http_status_code": "integer",
    "http_title": "text",
    "http_keywords": "text",
    "is_parked": "boolean",
    "parked_confidence": "real",
    "lead_status": "text",
    "rejection_reason": "text",
    "lead_score": "real",
    "domain_score": "real",
}
HTTP_COLUMNS_OF_PAGES = frozenset({int(HttpOutcome.REACHED), int(HttpOutcome.PARKED)})


class CampaignWrite(msgspec.Struct, frozen=True):
    """Where a campaign stands by now."""

    old_id: UUID
    name: str
    phase: CampaignPhase
    status: PhaseStatus


def old_words_of(row: WrittenRow, keywords: Sequence[Keyword]) -> dict[str, object]:
    """The columns of a domain, in the old system's words."""
    dns, http = DNS_WORDS.get(row.dns or 0, PENDING), HTTP_WORDS.get(row.http or 0, PENDING)
    lead = LEAD_WORDS.get(row.verdict or 0, PENDING)
    found = [keyword.text for bit, keyword in enumerate(keywords) if (row.keyword_bits or 0) >> bit & 1]
    is_page = row.http in HTTP_COLUMNS_OF_PAGES
    return {
        "dns_status": dns.status,
        "dns_reason": dns.reason,
        "dns_ip": packed_text(row.addresses),
        "http_status": http.status,
        "http_reason": http.reason,
        "http_status_code": row.status_code,
        "http_title": row.title,
        "http_keywords": ",".join(found) or None,
        "is_parked": row.http == HttpOutcome.PARKED if is_page else None,
        "parked_confidence": row.parked_confidence if is_page else None,
        "lead_status": lead.status,
        "rejection_reason": lead.reason,
        "lead_score": row.score,
        "domain_score": row.score,
    }


async def write_domains(
    source: Source,
    old_id: UUID,
    changed: Mapping[str, Mapping[str, object]],
    added: Mapping[str, Mapping[str, object]],
) -> None:
    """Columns of domains, by their names; new domains get the places behind the last one."""
    columns = [column for column in WRITTEN if column in source.shape.columns[DOMAINS]]
    typed = ", ".join(["domain_name text", *(f"{column} {WRITTEN[column]}" for column in columns)])
    async with source.transaction() as tx:
        await tx.define(f"SET LOCAL {REPLAYING} = 'on'")
        if changed:
            settings = ", ".join(f"{column} = u.{column}" for column in columns)
            text = (
                f"UPDATE {DOMAINS} d SET {settings} FROM jsonb_to_recordset($2::text::jsonb) AS u ({typed})"
                " WHERE d.campaign_id = $1 AND d.domain_name = u.domain_name"
            )
            await tx.execute(Query("migration.source.update_domains", text), old_id, documents(changed))
        if added:
            listed = ", ".join(columns)
            has_places = "offset_index" in source.shape.columns[DOMAINS]
            text = (
                f"INSERT INTO {DOMAINS} (id, campaign_id, domain_name, {'offset_index, ' * has_places}{listed})"
                f" SELECT gen_random_uuid(), $1, u.domain_name, {PLACE * has_places}{listed}"
                f" FROM jsonb_to_recordset($2::text::jsonb) AS u ({typed}) ON CONFLICT DO NOTHING"
            )
            await tx.execute(Query("migration.source.insert_domains", text), old_id, documents(added))


PLACE = (
    f"(SELECT coalesce(max(d.offset_index), -1) FROM {DOMAINS} d WHERE d.campaign_id = $1)"
    " + row_number() OVER (ORDER BY u.domain_name), "
)


def documents(domains: Mapping[str, Mapping[str, object]]) -> str:
    return msgspec.json.encode([{"domain_name": name, **columns} for name, columns in domains.items()]).decode()


async def write_campaign(source: Source, write: CampaignWrite) -> None:
    """Its name and its standing, in each of the ways in which its version tells it."""
    columns = dict(standing_columns(source.shape, write))
    settings = ", ".join(f"{column} = ${number}" for number, column in enumerate(columns, start=2))
    text = f"UPDATE {source.shape.campaigns} SET {settings} WHERE id = $1"
    async with source.transaction() as tx:
        await tx.define(f"SET LOCAL {REPLAYING} = 'on'")
        await tx.execute(Query("migration.source.update_campaign", text), write.old_id, *columns.values())


def standing_columns(shape: OldShape, write: CampaignWrite) -> Iterator[tuple[str, str]]:
    words = {
        "name": write.name,
        "status": write.status.value,
        "current_phase": PHASE_WORDS[write.phase],
        "phase_status": PHASE_STATUS_WORDS[write.status],
    }
    return ((column, word) for column, word in words.items() if column in shape.columns[shape.campaigns])
