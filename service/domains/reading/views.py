"""Answers about a campaign's domains; nothing is locked or written."""

from uuid import UUID

import msgspec

from service.access.model import Principal
from service.domains.reading import store
from service.domains.reading.filters import check_filters
from service.domains.reading.funnel import make_funnel
from service.domains.reading.model import DomainPage, Filters, Funnel, Lead, LeadPage, Reading, Sort, Wanted
from service.domains.reading.rows import Key
from service.domains.reading.scanning import Walk, walk
from service.domains.reading.showing import domain, page_facts
from service.errors import Conflict, Invalid, NotFound
from service.postgres.database import Tx
from service.scoring.score import Reason, score_parts
from service.web.paging import decode_cursor, encode_cursor

LEADS = Filters(analysis_outcomes=(int(Reason.QUALIFIED),))


class Place(msgspec.Struct, frozen=True, array_like=True):
    """What a cursor holds. A place among scores means nothing in another set of scores."""

    score: float
    position: int
    score_set_id: int | None


async def get_reading(tx: Tx, principal: Principal, campaign_id: UUID) -> Reading:
    reading = await store.find_reading(tx, principal.tenant_id, campaign_id)
    if reading is None:
        raise NotFound("campaign_not_found", "There is no such campaign.")
    return reading


async def list_domains(
    tx: Tx,
    principal: Principal,
    campaign_id: UUID,
    *,
    wanted: Wanted,
    sort: Sort,
    cursor: str | None,
    limit: int,
    after: int = -1,
) -> DomainPage:
    """A page behind the cursor; without one, behind the position `after`."""
    reading = await get_reading(tx, principal, campaign_id)
    filters = check_filters(wanted, reading.keywords)
    scope = ("domains", campaign_id, wanted, sort)
    start = await start_of(tx, scope, cursor, reading, sort) or place_behind(after, sort)
    walked = await walk(tx, reading, filters, sort, start, limit)
    items = tuple(domain(row, reading.keywords) for row in walked.rows)
    return DomainPage(items, await cursor_after(tx, scope, walked, reading, sort), walked.inspected, reading.stale)


async def list_leads(tx: Tx, principal: Principal, campaign_id: UUID, *, cursor: str | None, limit: int) -> LeadPage:
    """Leads, best first, with the parts of their scores."""
    reading = await get_reading(tx, principal, campaign_id)
    scope = ("leads", campaign_id)
    walked = await walk(tx, reading, LEADS, Sort.SCORE, await start_of(tx, scope, cursor, reading, Sort.SCORE), limit)
    items = await explain_leads(tx, reading, walked)
    next_cursor = await cursor_after(tx, scope, walked, reading, Sort.SCORE)
    return LeadPage(items, next_cursor, walked.inspected, reading.stale)


async def explain_leads(tx: Tx, reading: Reading, walked: Walk) -> tuple[Lead, ...]:
    """Parts are computed from the facts that are stored, so only where the scores were made from these."""
    shown = [domain(row, reading.keywords) for row in walked.rows]
    scores = reading.sets.scores
    scoring = await store.find_scoring(tx, scores) if reading.coherent and scores is not None else None
    if scoring is None:
        return tuple(Lead(one, None) for one in shown)
    facts = [page_facts(row, scoring.age_seconds) for row in walked.rows]
    parts = score_parts(facts, scoring.analysis.weights)
    return tuple(Lead(one, its_parts) for one, its_parts in zip(shown, parts, strict=True))


async def get_funnel(tx: Tx, principal: Principal, campaign_id: UUID) -> Funnel:
    reading = await get_reading(tx, principal, campaign_id)
    return make_funnel(reading, await store.list_set_counts(tx, reading.sets))


async def start_of(tx: Tx, scope: tuple[object, ...], cursor: str | None, reading: Reading, sort: Sort) -> Key | None:
    place = await decode_cursor(tx, scope, cursor, Place)
    if place is None:
        return None
    if sort is Sort.SCORE and place.score_set_id != reading.sets.scores:
        raise Conflict("scores_replaced", "The domains were scored anew since the first page; begin without a cursor.")
    return Key(place.score, place.position)


def place_behind(position: int, sort: Sort) -> Key | None:
    if position < 0:
        return None
    if sort is Sort.SCORE:
        raise Invalid("after_unsorted", "Sorted by score, no position is a place to begin at.", pointer="/after")
    return Key(0.0, position)


async def cursor_after(tx: Tx, scope: tuple[object, ...], walked: Walk, reading: Reading, sort: Sort) -> str | None:
    if walked.end is None:
        return None
    return await encode_cursor(
        tx, scope, Place(walked.end.score, walked.end.position, reading.sets.scores if sort is Sort.SCORE else None)
    )
