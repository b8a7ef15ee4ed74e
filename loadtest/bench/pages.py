"""Pages of one large campaign, asked of an API process: how long they take at the worst, and how far they look.

A campaign is filled as the product fills it (`furnishing`), then VACUUM and ANALYZE have seen it, as autovacuum does
sooner or later. Times are those of the service's own histograms of requests, so from the arrival of a request to its
last byte, all statements and JSON included; PostgreSQL itself has no histogram of statements. What is asked for is
warm: asked for some times before it counts.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec
import numpy as np

from loadtest.bench import carrying
from loadtest.bench.footing import bytes_per_domain
from loadtest.bench.furnishing import Furnished
from loadtest.bench.histograms import added
from loadtest.bench.page_kinds import ALL, Kind
from loadtest.bench.running import Findings, Latency, Mismatch
from loadtest.bench.serving import Api, serving_api
from loadtest.bench.setting import Setting
from service.domains.reading.model import Domain, DomainPage, LeadPage, Sort
from service.domains.reading.scanning import INSPECT_MAX, INSPECT_TOTAL_MAX
from service.domains.reading.views import Place
from service.postgres.database import Database, open_database
from service.web.paging import encode_cursor

QUICK_MS = 10.0
BOUNDED_MS = 1_000.0
INSPECTED_MAX = INSPECT_TOTAL_MAX + INSPECT_MAX  # the stretch under way may go beyond
WARM_UP = 5
SECONDS_EACH = 10.0  # what takes long is asked less often
ASKED_MIN = 10
PLACES = 20  # deep in, asked for in turns
PLACES_LOOKED_AT = 2_000
SCORE_MIN = 0.3  # of a place among scores: no filter here wants more of one
SEED = 5

FIND_SCORES_SET = "SELECT score_set_id FROM campaigns WHERE campaign_id = $1"
LIST_SCORES = "SELECT position, score FROM scores WHERE set_id = $1 AND position = ANY($2) AND score >= $3 LIMIT $4"


class Asking(msgspec.Struct, frozen=True):
    """Whom to ask, about which campaign; `places` are deep in it, in whichever order."""

    api: Api
    database: Database
    campaign_id: UUID
    score_set_id: int
    places: tuple[Place, ...]
    times: int


async def compare(setting: Setting) -> Findings:
    count = setting.sizes.paged
    furnished = await setting.installation.prepare(Furnished(count))
    url = setting.installation.url(furnished.template)
    async with open_database(url, connections_max=carrying.CONNECTIONS_MAX) as database:
        costs = await bytes_per_domain(database, count)
        async with serving_api(database) as api:
            asking = await make_ready(setting, api, database, furnished.campaign_id)
            latencies = [await measure(asking, kind, deep=deep) for kind, deep in asked_for()]
    await setting.installation.drop(furnished.template)
    return Findings(costs=costs, latencies=tuple(latencies))


def asked_for() -> Iterator[tuple[Kind, bool]]:
    """First pages, and pages deep in behind a cursor."""
    return ((kind, deep) for kind in ALL for deep in ((False, True) if kind.is_paged else (False,)))


async def make_ready(setting: Setting, api: Api, database: Database, campaign_id: UUID) -> Asking:
    set_id = await database.pool.fetchval(FIND_SCORES_SET, campaign_id)
    positions = np.random.default_rng(SEED).integers(setting.sizes.paged, size=PLACES_LOOKED_AT).tolist()
    rows = await database.pool.fetch(LIST_SCORES, set_id, positions, SCORE_MIN, PLACES)
    places = tuple(Place(row["score"], row["position"], None) for row in rows)
    return Asking(api, database, campaign_id, set_id, places, setting.sizes.page_requests)


async def measure(asking: Asking, kind: Kind, *, deep: bool) -> Latency:
    paths = [await path_of(asking, kind, place) for place in (asking.places if deep else (None,))]
    for path in [*paths, *paths[:1] * WARM_UP]:
        await ask(asking.api, kind, path)
    requests, queries = await asking.api.requests(), await asking.api.queries()
    inspected_most = await ask_often(asking, kind, paths)
    taken = added(requests, await asking.api.requests())[kind.operation]
    statements = added(queries, await asking.api.queries())
    return Latency(
        name=f"{kind.name}{', deep' if deep else ''}",
        asked=taken.size,
        p50_ms=taken.quantile(0.5) * 1e3,
        p99_ms=taken.quantile(0.99) * 1e3,
        statements_ms=sum(histogram.total for histogram in statements.values()) / taken.size * 1e3,
        inspected_most=inspected_most,
        bound_ms=QUICK_MS if kind.is_quick else BOUNDED_MS,
    )


async def ask_often(asking: Asking, kind: Kind, paths: Sequence[str]) -> int:
    """As often as wanted, or as there is time for; the most that was inspected for one page."""
    end, most = time.monotonic() + SECONDS_EACH, 0
    for asked, path in zip(range(asking.times), itertools.cycle(paths), strict=False):
        if asked >= ASKED_MIN and time.monotonic() > end:
            break
        most = max(most, await ask(asking.api, kind, path))
    return most


async def ask(api: Api, kind: Kind, path: str) -> int:
    """How many domains were inspected; Mismatch where a page holds what it should not, or looked too far."""
    body = await api.get(path)
    if not kind.is_paged:
        return 0
    found, inspected = read_page(kind, body)
    if wrong := [domain for domain in found if not kind.admits(domain)]:
        raise Mismatch(f"{kind.name}: {wrong[0]} does not belong there.")
    if inspected > INSPECTED_MAX:
        raise Mismatch(f"{kind.name}: {inspected} domains were inspected for one page.")
    return inspected


def read_page(kind: Kind, body: bytes) -> tuple[Sequence[Domain], int]:
    """The domains of a page, and how many were inspected for it."""
    if kind.operation == "list_leads":
        leads = msgspec.json.decode(body, type=LeadPage)
        return [lead.domain for lead in leads.items], leads.inspected
    page = msgspec.json.decode(body, type=DomainPage)
    return page.items, page.inspected


async def path_of(asking: Asking, kind: Kind, place: Place | None) -> str:
    cursor = None if place is None else await cursor_of(asking, kind, place)
    return f"/campaigns/{asking.campaign_id}/{kind.path}{kind.query(cursor)}"


async def cursor_of(asking: Asking, kind: Kind, place: Place) -> str:
    """As a page that ended there would have given it."""
    is_by_score = kind.sort is Sort.SCORE or kind.operation == "list_leads"
    scope: tuple[object, ...] = ("leads", asking.campaign_id)
    if kind.operation == "list_domains":
        scope = ("domains", asking.campaign_id, kind.wanted, kind.sort)
    key = Place(place.score, place.position, asking.score_set_id) if is_by_score else Place(0.0, place.position, None)
    async with asking.database.transaction() as tx:
        return await encode_cursor(tx, scope, key)
