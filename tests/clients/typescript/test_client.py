"""The TypeScript client under Node, on live servers whose answers are lost."""

from pathlib import Path

import pytest

from service.access.model import NewKey
from service.postgres.database import Database
from tests.cli.wire import AT_ONCE, wired
from tests.clients.typescript.running import run
from tests.contracts.node.running import needs_node

pytestmark = needs_node


async def test_what_the_client_decides_by(built: Path) -> None:
    await run(built / "tests/following.test.js")


async def test_operations_and_errors_on_a_live_server(built: Path, base_url: str, key: NewKey) -> None:
    await run(built / "tests/live/operations.test.js", url=base_url, key=key.secret)


@pytest.mark.parametrize("cuts", [(0,), (AT_ONCE, 0), (20, 0, 0)])
async def test_a_command_whose_answer_was_lost_is_done_once(
    built: Path, base_url: str, key: NewKey, database: Database, cuts: tuple[int, ...]
) -> None:
    async with wired(base_url) as wire:
        wire.cut_answers(*cuts)
        said = await run(built / "tests/programs/create.js", "campaign", url=wire.url, key=key.secret)
    made = [row["campaign_id"] for row in await database.pool.fetch("SELECT campaign_id FROM campaigns")]
    assert [str(each) for each in made] == [said.strip()]
    assert wire.requests == ["POST /campaigns"] * (len(cuts) + 1)
    assert len(wire.keys) == len(cuts) + 1
    assert len(set(wire.keys)) == 1


async def test_what_is_not_safe_to_repeat_is_sent_once(built: Path, base_url: str, key: NewKey) -> None:
    async with wired(base_url) as wire:
        wire.cut_answers(0)
        said = await run(built / "tests/programs/create.js", "key", url=wire.url, key=key.secret)
    assert (said.strip(), wire.requests, wire.keys) == ("Lost", ["POST /keys"], [])
