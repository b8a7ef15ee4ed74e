"""Cursors, changed in every way and carried everywhere: refused, or the page that they were made for; no other data."""

import base64
from collections.abc import AsyncIterator
from itertools import permutations
from urllib.parse import quote, urlencode

import msgspec
import pytest
import pytest_asyncio
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.contracts.operations import FILTERS
from tests.contracts.tenants import Tenant, World, new_things, succeeded
from tests.web.test_api import assert_problem
from tests.world import Answer

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Paged(msgspec.Struct, frozen=True):
    """A list that comes in pages: which operation, what is asked of it, and of which kind of campaign."""

    operation: str
    query: dict[str, str] = {}
    campaign: str = "planted"


# Each of these is a list of its own: no cursor of one fits another.
LISTS = [
    Paged("list_campaigns"),
    Paged("list_campaigns", {"phaseStatus": "pending"}),
    Paged("list_campaigns", {"currentPhase": "domain_generation"}),
    Paged("list_acts"),
    Paged("list_transitions", campaign="generating"),
    Paged("list_leads"),
    Paged("list_domains"),
    Paged("list_domains", {"sort": "score"}),
    *(Paged("list_domains", {name: value}) for name, value in FILTERS.items()),
    Paged("list_domains", {"sort": "score", "scoreMin": "0"}),
]


class Cursor(msgspec.Struct, frozen=True):
    """What came with the first item of a list, of this campaign of the owner's."""

    paged: Paged
    campaign_id: str
    text: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cursors(world: World) -> AsyncIterator[list[Cursor]]:
    generating = world.owned.campaigns["generating"]
    for command in ("pause", "resume"):
        await succeeded(world.owner, "POST", f"/campaigns/{generating}/{command}")
    found = []
    for paged in LISTS:
        campaign_id = world.owned.campaigns[paged.campaign]
        answer = await page(world, world.owner, paged, campaign_id, None)
        assert answer.body["nextCursor"], f"{paged} is too short to be tried"
        found.append(Cursor(paged, campaign_id, answer.body["nextCursor"]))
    yield found


async def page(world: World, tenant: Tenant, paged: Paged, campaign_id: str, cursor: str | None) -> Answer:
    """One item of the list, behind a cursor."""
    path = world.operations[paged.operation].path.format(campaignId=campaign_id)
    query = urlencode({**paged.query, "limit": "1"})
    behind = "" if cursor is None else f"&cursor={quote(cursor, safe='')}"
    return await tenant.caller.call("GET", f"{path}?{query}{behind}")


async def test_every_list_that_has_pages_is_tried(world: World) -> None:
    paged = {operation.id for operation in world.operations.values() if "cursor" in operation.parameters}
    assert paged == {each.operation for each in LISTS}


async def test_an_own_cursor_goes_on_behind_its_page(world: World, cursors: list[Cursor]) -> None:
    for cursor in cursors:
        first = await page(world, world.owner, cursor.paged, cursor.campaign_id, None)
        second = await page(world, world.owner, cursor.paged, cursor.campaign_id, cursor.text)
        assert second.status == 200, second.body
        assert second.body["items"]
        assert second.body["items"] != first.body["items"]


BITS = st.integers(1, 255)


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def packed(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def changed(text: str) -> st.SearchStrategy[str]:
    """Other bytes, fewer or more of them, another spelling, or something else altogether."""
    data = packed(text)
    place = st.integers(0, len(data) - 1)
    more = st.binary(min_size=1, max_size=600)
    return st.one_of(
        st.builds(lambda at, bits: unpadded(data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]), place, BITS),
        st.builds(lambda at, extra: unpadded(data[:at] + extra + data[at:]), place, more),
        place.map(lambda at: unpadded(data[:at])),
        place.map(lambda at: unpadded(data[at:] + data[:at])),
        place.map(lambda at: text[:at]),
        st.sampled_from([text + "=", text + "==", f" {text}", f"{text}\n", text.swapcase(), f"{text}\0"]),
        st.text(st.characters(codec="utf-8"), max_size=600),
    )


@settings(max_examples=150)
@given(data=st.data(), index=st.integers(0, len(LISTS) - 1))
async def test_a_changed_cursor_is_refused(
    world: World, cursors: list[Cursor], data: st.DataObject, index: int
) -> None:
    cursor = cursors[index]
    text = data.draw(changed(cursor.text))
    assume(text != cursor.text)
    answer = await page(world, world.owner, cursor.paged, cursor.campaign_id, text)
    assert_problem(answer, 422, "cursor_invalid")
    assert answer.body["pointer"] == "/cursor"


async def test_a_cursor_fits_no_other_list(world: World, cursors: list[Cursor]) -> None:
    for cursor, other in permutations(cursors, 2):
        answer = await page(world, world.owner, other.paged, other.campaign_id, cursor.text)
        assert_problem(answer, 422, "cursor_invalid")


async def test_a_cursor_fits_no_other_campaign(world: World, cursors: list[Cursor]) -> None:
    others = await new_things(world.owner)
    for cursor in cursors:
        if world.operations[cursor.paged.operation].id_parameters:
            answer = await page(world, world.owner, cursor.paged, others.campaigns["listed"], cursor.text)
            # A keyword is refused before the cursor where the campaign has not searched for it.
            assert (answer.status, answer.body["code"]) in {(422, "cursor_invalid"), (422, "keyword_unknown")}


async def test_a_cursor_of_anothers_is_one_that_nobody_made(world: World, cursors: list[Cursor]) -> None:
    for cursor in cursors:
        answers = [
            await page(world, world.stranger, cursor.paged, campaign_id, text)
            for text in (cursor.text, "A" * len(cursor.text))
            for campaign_id in (world.stranger.planted_id, cursor.campaign_id)
        ]
        assert_problem(answers[0], 422, "cursor_invalid")
        assert [answer.body for answer in answers[:2]] == [answer.body for answer in answers[2:]]
        if world.operations[cursor.paged.operation].id_parameters:
            assert_problem(answers[1], 404, "campaign_not_found")


async def test_cursors_end_with_the_key_that_sealed_them(world: World, cursors: list[Cursor]) -> None:
    """Whoever changes the row in `secrets` refuses all that were given out; with the old key, they are good again."""
    key = await world.database.pool.fetchval("SELECT value FROM secrets WHERE name = 'cursors'")
    rotate = "UPDATE secrets SET value = $1 WHERE name = 'cursors'"
    await world.database.pool.execute(rotate, bytes(32))
    for cursor in cursors:
        refused = await page(world, world.owner, cursor.paged, cursor.campaign_id, cursor.text)
        assert_problem(refused, 422, "cursor_invalid")
        renewed = (await page(world, world.owner, cursor.paged, cursor.campaign_id, None)).body["nextCursor"]
        assert renewed != cursor.text
        assert (await page(world, world.owner, cursor.paged, cursor.campaign_id, renewed)).status == 200
    await world.database.pool.execute(rotate, key)
    for cursor in cursors:
        assert (await page(world, world.owner, cursor.paged, cursor.campaign_id, cursor.text)).status == 200
