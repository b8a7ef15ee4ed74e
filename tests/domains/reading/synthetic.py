"""Campaigns whose results are made up, and the same filters in plain Python: what pages are held against."""

import itertools
import random
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.configuration import checked_pattern
from service.campaigns.model import Analysis, DnsValidation, DomainGeneration, HttpValidation, Keyword, Pattern
from service.campaigns.outcomes import LABELS, GenerationOutcome
from service.campaigns.store import insert_generation_ranges
from service.domains.reading.model import Sort, Wanted
from service.fetching.outcomes import HttpOutcome
from service.generating.names import name_at
from service.generating.ranges import OffsetRange
from service.postgres.database import Database, Tx
from service.postgres.partitions import LARGE_SET_ID_MIN, make_partition
from service.progress.events import CampaignPhase
from service.resolving.outcomes import DnsOutcome
from service.scoring.score import Reason
from tests.world import KEYWORDS, a_campaign

PAGE_COLUMNS = (
    *("set_id", "position", "outcome", "status_code", "unique_keywords", "keyword_bits", "title"),
    *("title_hit", "keyword_hits", "duration_ms", "body_bytes", "parked_confidence", "found_after"),
)
SAME_PAGE = (False, 3, 9, 5_000, 0.0, 0)
TABLES = ("names", "dns_results", "http_results", "scores")
DNS, HTTP, ANALYSIS = (
    LABELS[phase] for phase in (CampaignPhase.DNS_VALIDATION, CampaignPhase.HTTP_VALIDATION, CampaignPhase.ANALYSIS)
)


class Made(NamedTuple):
    """One domain that was made up."""

    position: int
    name: str
    dns: int
    http: int | None
    bits: int
    score: float  # in thousandths, divided
    outcome: int | None  # None: not scored


def make_domains(count: int, seed: int, *, scored: float = 1.0, rare: float = 0.2) -> list[Made]:
    """Positions with gaps; `rare` of the resolved names have keywords, `scored` of all have a score."""
    chance = random.Random(seed)
    made, position = [], -1
    for _ in range(count):
        position += 1 + (chance.random() < 0.1)
        name = f"{chance.choice('abc')}{chance.choice('xyz')}{position}.{chance.choice(('com', 'net'))}"
        dns = chance.choice([DnsOutcome.RESOLVED] * 4 + list(DnsOutcome))
        http = chance.choice([HttpOutcome.REACHED] * 6 + list(HttpOutcome)) if dns is DnsOutcome.RESOLVED else None
        bits = chance.randrange(1, 2 ** len(KEYWORDS)) if http == HttpOutcome.REACHED and chance.random() < rare else 0
        score = chance.randrange(0, 40) / 40 if http == HttpOutcome.REACHED else 0.0
        outcome = chance.choice(list(Reason)) if chance.random() < scored else None
        made.append(
            Made(position, name, int(dns), None if http is None else int(http), bits, score, outcome and int(outcome))
        )
    return made


def passes(domain: Made, wanted: Wanted) -> bool:
    """The filters, said once more."""
    score = None if domain.outcome is None else domain.score
    return (
        (not wanted.dns_outcomes or DNS[domain.dns] in wanted.dns_outcomes)
        and (not wanted.http_outcomes or (domain.http is not None and HTTP[domain.http] in wanted.http_outcomes))
        and (
            not wanted.analysis_outcomes
            or (domain.outcome is not None and ANALYSIS[domain.outcome] in wanted.analysis_outcomes)
        )
        and (wanted.keyword is None or bool(domain.bits >> KEYWORDS.index(wanted.keyword) & 1))
        and (wanted.score_min is None or (score is not None and score >= wanted.score_min))
        and (wanted.score_max is None or (score is not None and score <= wanted.score_max))
        and (wanted.prefix is None or domain.name.startswith(wanted.prefix))
    )


def expected(domains: Sequence[Made], wanted: Wanted, sort: Sort) -> list[str]:
    found = [domain for domain in domains if passes(domain, wanted)]
    if sort is Sort.SCORE:
        found = [domain for domain in found if domain.outcome is not None]
        found.sort(key=lambda domain: (domain.score, domain.position), reverse=True)
    return [domain.name for domain in found]


class Planted(NamedTuple):
    """A campaign with made-up results, and where they are: the ids of its sets."""

    campaign_id: UUID
    set_ids: tuple[int, ...]
    domains: list[Made]


async def plant(database: Database, principal: Principal, domains: list[Made], first_set_id: int) -> Planted:
    """A campaign with these results; from `LARGE_SET_ID_MIN` on, in partitions of its own."""
    sets = tuple(range(first_set_id, first_set_id + 4))
    async with database.transaction() as tx:
        campaign = await commands.create_campaign(tx, principal, a_campaign())
        if first_set_id >= LARGE_SET_ID_MIN:
            for table, set_id in zip(TABLES, sets, strict=True):
                await make_partition(tx, table, set_id)
        await copy_results(tx, sets, domains)
    async with database.pool.acquire() as connection:
        await insert_runs(connection, campaign.id, sets, counted(domains), count_keyword_pages(domains))
        await connection.execute(
            "UPDATE campaigns SET name_set_id = $2, dns_set_id = $3, http_set_id = $4, score_set_id = $5"
            " WHERE campaign_id = $1",
            campaign.id,
            *sets,
        )
    return Planted(campaign.id, sets, domains)


def counted(domains: Sequence[Made]) -> list[list[int]]:
    """How many there are of each outcome, phase by phase."""
    outcomes: list[list[int | None]] = [
        [GenerationOutcome.GENERATED] * len(domains),
        [one.dns for one in domains],
        [one.http for one in domains],
        [one.outcome for one in domains],
    ]
    return [[codes.count(code) for code in LABELS[phase]] for phase, codes in zip(CampaignPhase, outcomes, strict=True)]


def count_keyword_pages(domains: Sequence[Made]) -> int:
    return sum(one.http == HttpOutcome.REACHED and one.bits != 0 for one in domains)


async def insert_runs(
    connection: asyncpg.Connection,
    campaign_id: UUID,
    sets: Sequence[int],
    counts: Sequence[Sequence[int]],
    keyword_pages: int = 0,
) -> None:
    """A completed run for each set, bound to the sets before it; `counts` are its rows by outcome."""
    generation = a_campaign().configuration.domain_generation
    pages = HttpValidation(keywords=tuple(Keyword(text) for text in KEYWORDS))
    for phase, set_id, configuration, bound, outcomes in zip(
        CampaignPhase,
        sets,
        [generation, DnsValidation(), pages, Analysis()],
        [(None, None, None), (sets[0], None, None), (sets[0], sets[1], None), tuple(sets[:3])],
        counts,
        strict=True,
    ):
        await connection.execute(
            "INSERT INTO phase_runs (run_id, campaign_id, phase, number, phase_status, configuration, network,"
            " name_set_id, dns_set_id, http_set_id, total_count, outcome_counts, keyword_page_count, plan,"
            " started_at, finished_at)"
            " VALUES ($1, $2, $3, 1, 'completed', $4, 'sandbox', $5, $6, $7, $8, $9, $10, 'planned', now(), now())",
            set_id,
            campaign_id,
            phase,
            msgspec.json.encode(configuration).decode(),
            *bound,
            sum(outcomes),
            outcomes,
            keyword_pages if phase is CampaignPhase.HTTP_VALIDATION else 0,
        )


async def plant_pattern(
    database: Database, principal: Principal, domains: list[Made], first_set_id: int, tlds: int
) -> Planted:
    """The same, but for the names: those of a pattern, in as many TLDs, each with offsets from its own on."""
    generation = DomainGeneration(
        pattern=Pattern.PREFIX, constant="x", character_set="abc", variable_length=7, tlds=("com",), count=1
    )
    pattern, _ = checked_pattern(generation)
    end = domains[-1].position + 1
    cuts = [end * number // tlds for number in range(tlds + 1)]
    ranges = [OffsetRange(f"t{n}", 10 * n, first, stop) for n, (first, stop) in enumerate(itertools.pairwise(cuts))]
    names = {
        position: name_at(pattern, leased.tld, leased.first_offset + position - leased.first_position)
        for leased in ranges
        for position in range(leased.first_position, leased.end_position)
    }
    made = [one._replace(name=names[one.position]) for one in domains]
    planted = await plant(database, principal, made, first_set_id)
    async with database.pool.acquire() as connection:
        await connection.execute(
            "UPDATE phase_runs SET configuration = $2 WHERE run_id = $1",
            first_set_id,
            msgspec.json.encode(generation).decode(),
        )
    async with database.transaction() as tx:
        await insert_generation_ranges(tx, first_set_id, ranges)
    return planted


async def copy_results(tx: Tx, sets: Sequence[int], domains: Sequence[Made]) -> None:
    names, dns, http, scores = sets
    await tx.copy_records("names", ("set_id", "position", "name"), [(names, one.position, one.name) for one in domains])
    await tx.copy_records(
        "dns_results",
        ("set_id", "position", "outcome", "resolver", "duration_ms", "addresses", "found_after"),
        [(dns, one.position, one.dns, 0, 5, bytes((192, 0, 2, 1)) if one.dns == 1 else None, 0) for one in domains],
    )
    await tx.copy_records(
        "http_results",
        PAGE_COLUMNS,
        [
            (http, one.position, one.http, 200, one.bits.bit_count(), one.bits, f"=cmd({one.name})", *SAME_PAGE)
            for one in domains
            if one.http is not None
        ],
    )
    await tx.copy_records(
        "scores",
        ("set_id", "position", "score", "outcome", "dns_outcome", "http_outcome", "keyword_bits"),
        [
            (scores, one.position, one.score, one.outcome, one.dns, one.http, one.bits)
            for one in domains
            if one.outcome is not None
        ],
    )
