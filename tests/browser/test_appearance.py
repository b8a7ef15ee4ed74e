"""How screens look, held against pictures that somebody has looked at; `make test-browser-references` takes new ones.

Everything that is shown is of the same data at the same instants. Letters are drawn by the system: where its fonts are
not those of the pictures, there is nothing to compare.
"""

from datetime import UTC, datetime

import msgspec
import pytest
from playwright.async_api import Browser, expect

from service.access.model import NewKey, Principal
from service.campaigns import commands
from service.campaigns.model import Advance, Campaign
from service.postgres.database import Database
from tests.browser.pictures import IS_RENEWED, LETTERS, difference, letters_of
from tests.browser.screens import SCREENS, open_door, open_screen
from tests.browser.visiting import NARROW, WIDE, opened_window, sign_in
from tests.large.building import carry_made_up, large_request
from tests.world import a_campaign, start

SHOWN = {"campaigns", "new campaign", "campaign", "running again", "domains", "domain", "configuration", "keys"}
NAMES = 2_000
THEN = datetime(2026, 5, 4, 10, 20, 30, tzinfo=UTC)
STAND_STILL = (
    "UPDATE campaigns SET created_at = $1, updated_at = $1",
    "UPDATE phase_runs SET started_at = $1, finished_at = $1::timestamptz + interval '42 seconds'",
    "UPDATE phase_transitions SET occurred_at = $1",
    "UPDATE api_keys SET created_at = $1, hint = 'phl_J2MhyW'",
)


@pytest.fixture
async def still(database: Database, principal: Principal, key: NewKey) -> Campaign:
    """One campaign that was carried to its end, and one of each other standing, all at the same instant."""
    manual = a_campaign(NAMES, advance=Advance.MANUAL)
    for name, command in (("paused", commands.pause_campaign), ("cancelled", commands.cancel_campaign)):
        begun = await start(database, principal, msgspec.structs.replace(manual, name=f"a {name} campaign"))
        async with database.transaction() as tx:
            await command(tx, principal, begun.id, "to be looked at", None)
    async with database.transaction() as tx:
        long = "a campaign with a name that is far too long for the place where it stands in a list"
        await commands.create_campaign(tx, principal, msgspec.structs.replace(manual, name=long))
    carried = await carry_made_up(database, principal, large_request(NAMES))
    for statement in STAND_STILL:
        await database.pool.execute(statement, THEN)
    return carried


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_look_at_the_screens(chromium: Browser, base_url: str, key: NewKey, still: Campaign, scheme: str) -> None:
    found = {}
    for size in (WIDE, NARROW):
        async with opened_window(chromium, base_url, size=size, scheme=scheme) as page:
            await page.clock.set_fixed_time(THEN)
            await open_door(page)
            letters = await letters_of(page, "h1", "code")
            if IS_RENEWED:
                LETTERS.write_text(letters)
            if letters != LETTERS.read_text():
                pytest.skip(f"The pictures were taken with other fonts than are here: {letters}")
            await sign_in(page, key.secret)
            for screen in [each for each in SCREENS if each.name in SHOWN]:
                await open_screen(page, screen, still)
                await expect(page.get_by_text("Live", exact=True)).to_be_visible()
                name = f"{screen.name} {scheme} {size['width']}"
                found[name] = await difference(page, name.replace(" ", "-"))
    assert {name: told for name, told in found.items() if told} == {}
