"""A campaign that went through its phases against the sandbox: funnel, leads, exports and their way back."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import pyarrow.parquet as pq
import pytest

from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.model import Analysis, HttpValidation, Keyword, Ports, Rerun, RerunScope, TransitionCampaign
from service.domains.importing.commands import import_domains
from service.domains.importing.formats import ListFormat, rows_of
from service.domains.reading import views
from service.domains.reading.export import stream_domains
from service.domains.reading.filters import check_filters
from service.domains.reading.model import Domain, ExportFormat, Lead, Wanted
from service.domains.reading.tables import COLUMNS
from service.fetching.keywords import CONTEXTS_MAX
from service.fetching.outcomes import TlsFault
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from service.scoring.score import SCORE_DECIMALS
from service.scoring.weights import Thresholds
from tests.domains.reading.paging import read_all
from tests.world import KEYWORDS, a_campaign, running_sandbox, running_worker, start, until

COUNT = 200
PATIENCE_SECONDS = 8.0  # with a page, on a busy machine: some must be reached
EVERYTHING = Wanted()
EASY = Analysis(thresholds=Thresholds(match=0.05, min_content_bytes=0))


async def finished(database: Database, principal: Principal) -> UUID:
    patient = HttpValidation(timeout_seconds=PATIENCE_SECONDS, keywords=tuple(Keyword(text) for text in KEYWORDS))
    campaign = await start(database, principal, a_campaign(COUNT, http_validation=patient, analysis=EASY))
    await until(database, principal, campaign.id, CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)
    return campaign.id


@pytest.fixture
async def campaign_id(database: Database, principal: Principal) -> AsyncIterator[UUID]:
    """A finished campaign; a worker is still there."""
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        yield await finished(database, principal)


async def exported(
    database: Database,
    principal: Principal,
    campaign_id: UUID,
    kind: ExportFormat,
    wanted: Wanted = EVERYTHING,
    after: int = -1,
) -> bytes:
    async with database.transaction() as tx:
        reading = await views.get_reading(tx, principal, campaign_id)
    filters = check_filters(wanted, reading.keywords)
    return b"".join([part async for part in stream_domains(database, reading, filters, kind, after)])


async def test_the_funnel_balances_and_agrees_with_the_rows(
    database: Database, principal: Principal, campaign_id: UUID
) -> None:
    async with database.transaction() as tx:
        funnel = await views.get_funnel(tx, principal, campaign_id)
    domains = await read_all(database, principal, campaign_id, EVERYTHING)
    assert funnel.balanced
    assert funnel.stale == ()
    assert funnel.generated is not None
    assert funnel.resolved is not None
    assert funnel.reached is not None
    assert funnel.keyword_hits is not None
    assert funnel.leads is not None
    assert funnel.generated.passed == funnel.resolved.entered == funnel.leads.entered == len(domains) == COUNT
    assert funnel.resolved.passed == funnel.reached.entered == sum(one.http is not None for one in domains)
    reached = [one for one in domains if one.http and one.http.outcome == "reached"]
    assert funnel.reached.passed == funnel.keyword_hits.entered == len(reached) > 0
    assert funnel.keyword_hits.passed == sum(bool(one.http and one.http.keywords) for one in reached) > 0
    qualified = sum(one.analysis is not None and one.analysis.outcome == "qualified" for one in domains)
    assert funnel.leads.passed == qualified > 0
    assert funnel.leads.losses["dns_negative"] == sum(
        funnel.resolved.losses[outcome] for outcome in ("absent", "no_data", "wildcard")
    )


async def test_pages_tell_their_hashes_and_keywords_in_context(
    database: Database, principal: Principal, campaign_id: UUID
) -> None:
    domains = await read_all(database, principal, campaign_id, EVERYTHING)
    pages = [one.http for one in domains if one.http and one.http.outcome in ("reached", "parked")]
    with_keywords = [page for page in pages if page.keywords]
    assert with_keywords
    for page in pages:
        assert {len(page.content_hash or ""), len(page.near_hash or "")} == {16}
        assert len(page.keyword_contexts) == min(CONTEXTS_MAX, len(page.keywords))
        for keyword, context in zip(page.keywords, page.keyword_contexts, strict=False):
            assert keyword in context.lower()
        assert page.tls_fault is None
    assert any("is one click away" in context for page in with_keywords for context in page.keyword_contexts)
    others = [one.http for one in domains if one.http and one.http.outcome not in ("reached", "parked")]
    assert {page.near_hash for page in others} == {None}
    assert {page.keyword_contexts for page in others} == {()}
    rows = pq.read_table(io.BytesIO(await exported(database, principal, campaign_id, ExportFormat.PARQUET))).to_pylist()
    assert [row["near_hash"] for row in rows] == [one.http and one.http.near_hash for one in domains]
    assert [row["keyword_contexts"] for row in rows] == [
        list(one.http.keyword_contexts) if one.http else None for one in domains
    ]


async def test_handshakes_that_fail_tell_why(database: Database, principal: Principal) -> None:
    """Without plain http to fall back on, and with certificates that count: nobody knows the sandbox's authority."""
    request = a_campaign(60)
    strict = msgspec.structs.replace(request.configuration.http_validation, verify_tls=True, ports=Ports(http=None))
    configuration = msgspec.structs.replace(request.configuration, http_validation=strict)
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        campaign = await start(database, principal, msgspec.structs.replace(request, configuration=configuration))
        await until(database, principal, campaign.id, CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)
        domains = await read_all(database, principal, campaign.id, EVERYTHING)
    failed = [one.http for one in domains if one.http and one.http.outcome == "tls_failed"]
    faults = {page.tls_fault for page in failed}
    assert "untrusted_certificate" in faults
    assert faults <= {fault.label for fault in TlsFault}
    assert len(failed) > 20


async def test_a_count_that_is_off_by_one_does_not_balance(
    database: Database, principal: Principal, campaign_id: UUID
) -> None:
    """Each run's counters in turn lose a domain: the funnel says so."""
    async with database.pool.acquire() as connection:
        runs = await connection.fetch("SELECT run_id, outcome_counts, total_count FROM phase_runs ORDER BY run_id")
    assert len(runs) == 4
    for run in runs:
        index = max(range(len(run["outcome_counts"])), key=lambda code: run["outcome_counts"][code])
        wrong = [count - (code == index) for code, count in enumerate(run["outcome_counts"])]
        change = "UPDATE phase_runs SET outcome_counts = $2, total_count = $3 WHERE run_id = $1"
        async with database.pool.acquire() as connection:
            await connection.execute(change, run["run_id"], wrong, run["total_count"] - 1)
        async with database.transaction() as tx:
            assert not (await views.get_funnel(tx, principal, campaign_id)).balanced
        async with database.pool.acquire() as connection:
            await connection.execute(change, run["run_id"], run["outcome_counts"], run["total_count"])
    async with database.transaction() as tx:
        assert (await views.get_funnel(tx, principal, campaign_id)).balanced


async def test_what_is_stale_is_told_and_balances_again(
    database: Database, principal: Principal, campaign_id: UUID
) -> None:
    rerun = TransitionCampaign(target_phase=CampaignPhase.HTTP_VALIDATION, rerun=Rerun(RerunScope.ALL))
    async with database.transaction() as tx:
        await commands.transition_campaign(tx, principal, campaign_id, rerun, None)
    async with database.transaction() as tx:
        funnel = await views.get_funnel(tx, principal, campaign_id)
        leads = await views.list_leads(tx, principal, campaign_id, cursor=None, limit=200)
    assert funnel.stale == leads.stale == (CampaignPhase.ANALYSIS,)
    assert funnel.balanced
    assert {lead.parts for lead in leads.items} == {None}
    await until(database, principal, campaign_id, CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)
    async with database.transaction() as tx:
        again = await views.get_funnel(tx, principal, campaign_id)
    assert (again.stale, again.balanced) == ((), True)


async def test_leads_come_best_first_with_parts_that_add_up(
    database: Database, principal: Principal, campaign_id: UUID
) -> None:
    items: list[Lead] = []
    cursor = None
    while True:
        async with database.transaction() as tx:
            page = await views.list_leads(tx, principal, campaign_id, cursor=cursor, limit=3)
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    scores = [lead.domain.analysis.score for lead in items if lead.domain.analysis]
    domains = await read_all(database, principal, campaign_id, Wanted(analysis_outcomes=("qualified",)))
    assert len(scores) == len(items) == len(domains) > 3
    assert scores == sorted(scores, reverse=True)
    assert {lead.domain.domain for lead in items} == {one.domain for one in domains}
    for lead, score in zip(items, scores, strict=True):
        assert lead.parts is not None
        assert round(lead.parts.score, SCORE_DECIMALS) == score
        assert sum(part.contribution for part in lead.parts.components.values()) == pytest.approx(score, abs=0.0006)


async def test_an_export_is_what_the_pages_are(database: Database, principal: Principal, campaign_id: UUID) -> None:
    for wanted in (
        Wanted(),
        Wanted(keyword=KEYWORDS[0]),
        Wanted(dns_outcomes=("absent",), prefix="a"),
        Wanted(prefix="q9"),
    ):
        await compare_exports_with_pages(database, principal, campaign_id, wanted)


async def compare_exports_with_pages(
    database: Database, principal: Principal, campaign_id: UUID, wanted: Wanted
) -> None:
    pages = await read_all(database, principal, campaign_id, wanted)
    lines = (await exported(database, principal, campaign_id, ExportFormat.NDJSON, wanted)).splitlines()
    assert [msgspec.json.decode(line, type=Domain) for line in lines[:-1]] == pages
    assert msgspec.json.decode(lines[-1]) == {"complete": True, "rows": len(pages)}
    sheet = (await exported(database, principal, campaign_id, ExportFormat.CSV, wanted)).decode()
    header, *records, trailer = list(csv.reader(io.StringIO(sheet, newline="")))
    assert tuple(header) == COLUMNS
    assert [(int(record[0]), record[1]) for record in records] == [(one.position, one.domain) for one in pages]
    assert trailer == [f"# complete rows={len(pages)}"]
    table = pq.read_table(io.BytesIO(await exported(database, principal, campaign_id, ExportFormat.PARQUET, wanted)))
    rows: list[dict[str, Any]] = table.to_pylist()
    assert [row["domain"] for row in rows] == [one.domain for one in pages]
    assert [row["score"] for row in rows] == [one.analysis.score if one.analysis else None for one in pages]
    assert [tuple(row["addresses"] or ()) for row in rows] == [one.dns.addresses if one.dns else () for one in pages]


async def test_an_export_goes_on_behind_a_position(database: Database, principal: Principal, campaign_id: UUID) -> None:
    whole = (await exported(database, principal, campaign_id, ExportFormat.NDJSON)).splitlines()[:-1]
    middle = msgspec.json.decode(whole[90], type=Domain).position
    rest = await exported(database, principal, campaign_id, ExportFormat.NDJSON, after=middle)
    assert rest.splitlines()[:-1] == whole[91:]


async def test_an_export_comes_back_as_the_same_set(
    database: Database, principal: Principal, campaign_id: UUID
) -> None:
    ours = {one.domain for one in await read_all(database, principal, campaign_id, EVERYTHING)}
    assert len(ours) == COUNT
    for kind, list_format in ((ExportFormat.CSV, ListFormat.CSV), (ExportFormat.NDJSON, ListFormat.NDJSON)):
        content = await exported(database, principal, campaign_id, kind)
        copy = await imported(database, principal, content, list_format)
        assert {one.domain for one in await read_all(database, principal, copy, EVERYTHING)} == ours
        async with database.transaction() as tx:
            funnel = await views.get_funnel(tx, principal, copy)
        assert funnel.balanced
        assert funnel.generated is not None
        assert (funnel.generated.passed, funnel.resolved) == (COUNT, None)


async def imported(database: Database, principal: Principal, content: bytes, list_format: ListFormat) -> UUID:
    """A new campaign with an export's names; the trailer is the only line that is none."""

    async def sent() -> AsyncIterator[bytes]:
        yield content

    request = msgspec.structs.replace(a_campaign(), initial_phase=CampaignPhase.DNS_VALIDATION)
    async with database.transaction() as tx:
        campaign = await commands.create_campaign(tx, principal, request)
    rows = rows_of(list_format, column=None, field=None)
    receipt = await import_domains(database, principal, campaign.id, source=sent(), rows=rows, gunzip=None)
    assert (receipt.accepted, receipt.rejected_count) == (COUNT, 1)
    return campaign.id
