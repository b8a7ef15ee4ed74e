"""A small old system: campaigns put into the old tables one by one, as a test wants them, and what it writes later."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import msgspec

from loadtest.baseline.patterns import OldPattern

BEGAN = datetime(2025, 8, 1, tzinfo=UTC)
PATTERN = OldPattern("prefix", "shop", "zyxwvutsrqponmlkjihgfedcba", 4, ".com")  # not in our order
KEYWORDS = ("pricing", "checkout")


class OldCampaign(msgspec.Struct, frozen=True):
    """A campaign to be: so many names made, resolved and fetched, of those that its pattern was asked for."""

    asked: int = 40
    made: int = 40
    resolved: int = 0
    fetched: int = 0
    campaign_type: str | None = "lead_generation"
    status: str | None = "running"
    phase: str | None = "dns_validation"
    phase_status: str | None = "in_progress"
    pattern: OldPattern = PATTERN
    first: int = 0
    name: str | None = "an old campaign"


async def put(old: asyncpg.Connection, wanted: OldCampaign) -> UUID:
    """Its id."""
    campaign_id = uuid4()
    pattern = wanted.pattern
    await old.execute(
        "INSERT INTO campaigns (id, name, campaign_type, status, current_phase, phase_status, created_at, updated_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
        campaign_id,
        wanted.name or "",
        wanted.campaign_type,
        wanted.status,
        wanted.phase,
        wanted.phase_status,
        BEGAN,
    )
    await old.execute(
        "INSERT INTO domain_generation_campaign_params (campaign_id, pattern_type, variable_length, character_set,"
        " constant_string, tld, num_domains_to_generate, total_possible_combinations, current_offset)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        campaign_id,
        pattern.kind,
        pattern.length,
        pattern.characters,
        pattern.constant,
        pattern.tld,
        wanted.asked,
        pattern.size,
        wanted.made,
    )
    await old.execute(
        "INSERT INTO phase_configurations (campaign_id, phase_type, configuration)"
        " VALUES ($1, 'http_keyword_validation', $2)",
        campaign_id,
        msgspec.json.encode({"adHocKeywords": KEYWORDS, "requestTimeoutSeconds": 1.5}).decode(),
    )
    names = list(pattern.spell_names(wanted.first, wanted.first + wanted.made))
    await add_domains(old, campaign_id, names, first=wanted.first)
    await find_addresses(old, campaign_id, names[: wanted.resolved])
    await find_pages(old, campaign_id, names[: wanted.fetched])
    return campaign_id


async def add_domains(
    old: asyncpg.Connection, campaign_id: UUID, names: Sequence[str], first: int, tld: str = ".com"
) -> None:
    """At neighbouring offsets."""
    await old.executemany(
        "INSERT INTO generated_domains (id, campaign_id, domain_name, offset_index, tld) VALUES ($1, $2, $3, $4, $5)",
        [(uuid4(), campaign_id, name, offset, tld) for offset, name in enumerate(names, start=first)],
    )


async def find_addresses(old: asyncpg.Connection, campaign_id: UUID, names: Sequence[str]) -> None:
    """All but every fourth resolve, as the old system's batches write it: in place."""
    for at, status, reason, address in ((names, "ok", None, "192.0.2.7"), (names[3::4], "error", "NXDOMAIN", None)):
        await old.execute(
            "UPDATE generated_domains SET dns_status = $3, dns_reason = $4, dns_ip = $5, last_validated_at = $6"
            " WHERE campaign_id = $1 AND domain_name = ANY($2::text[])",
            campaign_id,
            list(at),
            status,
            reason,
            address,
            BEGAN + timedelta(hours=2),
        )


async def find_pages(old: asyncpg.Connection, campaign_id: UUID, names: Sequence[str]) -> None:
    """Of those that resolve; one in two holds a keyword."""
    await old.execute(
        "UPDATE generated_domains SET http_status = 'ok', http_status_code = 200, http_title = 'A shop',"
        " http_keywords = CASE WHEN offset_index % 2 = 0 THEN 'pricing' END, last_http_fetched_at = $3"
        " WHERE campaign_id = $1 AND domain_name = ANY($2::text[]) AND dns_status = 'ok'",
        campaign_id,
        list(names),
        BEGAN + timedelta(hours=4),
    )


async def score(old: asyncpg.Connection, campaign_id: UUID) -> None:
    """Pages with keywords are leads."""
    await old.execute(
        "UPDATE generated_domains SET domain_score = 0.5, lead_status = CASE WHEN http_keywords IS NULL THEN 'no_match'"
        " ELSE 'match' END, rejection_reason = CASE WHEN http_keywords IS NULL THEN 'no_keywords' ELSE 'qualified' END"
        " WHERE campaign_id = $1 AND http_status = 'ok'",
        campaign_id,
    )


async def move(old: asyncpg.Connection, campaign_id: UUID, phase: str, phase_status: str, status: str) -> None:
    await old.execute(
        "UPDATE campaigns SET current_phase = $2, phase_status = $3, status = $4 WHERE id = $1",
        campaign_id,
        phase,
        phase_status,
        status,
    )
