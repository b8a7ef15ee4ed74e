"""`phaseline migrate legacy` by its own processes: what each step says, its exit code, and what follows from it."""

import asyncio
import json
import signal
from collections.abc import Iterator

import asyncpg
import pytest

from loadtest.baseline.planting import Planted
from service.migration import commands
from service.migration.commands import Wishes
from service.postgres.database import Database
from tests.cli.commanding import on_a_terminal, read_to_the_end
from tests.migration.dumping import dump, typed
from tests.migration.old_system import OldCampaign, put
from tests.migration.operating import CLOSED, NO_GO, WAITING, Operator, locked, stage_of, until_true

pytestmark = pytest.mark.timeout(400)

WRITE = "UPDATE campaigns SET name = name || '!'"


async def test_the_whole_way_there_and_back_and_to_the_end(
    old_url: str, old: asyncpg.Connection, planted: Planted, database: Database, operator: Operator
) -> None:
    """Each step says what the next one is, and the last word is the backup's."""
    before = await dump(old_url)
    assert "Go: `phaseline migrate legacy run`." in await operator.goes("plan")
    assert await dump(old_url) == before
    said = await operator.goes("run", "--sandbox", "--tenant", "research")
    assert "Next: `phaseline migrate legacy verify`." in said
    said = await operator.goes("verify", "--campaigns", "2")
    assert "Both sides say the same. Next: `phaseline migrate legacy switch`." in said
    assert said.count(" = ") >= 2  # phases of the campaigns that are shown, with both checksums
    said = await operator.goes("switch")
    assert f"Switched: {len(planted.plans):,} campaigns are here" in said
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await old.execute(WRITE)
    assert "confirm with --yes" in await operator.refused("rollback")
    said = await operator.goes("rollback", "--yes")
    assert "Written back: 0 campaigns, 0 domains changed, 0 added." in said
    assert await dump(old_url) == before
    await operator.goes("rollback", "--discard")
    for step in (("run", "--sandbox"), ("verify",), ("switch",)):
        await operator.goes(*step)
    assert "confirm with --yes" in await operator.refused("finish")
    said = await operator.goes("finish", "--yes")
    assert "generated_domains" not in await dump(old_url)
    refused = await operator.refused("rollback", "--yes")
    assert "nothing can be rolled back; restore them from the backup: pg_restore " in refused
    for command in [line.strip() for line in said.splitlines() if line.startswith("  ")]:
        assert command in refused
        await typed(command)
    assert await dump(old_url) == before
    assert await stage_of(database) == "finished"


async def test_what_programs_read(
    old_url: str, old: asyncpg.Connection, planted: Planted, database: Database, operator: Operator
) -> None:
    plan = json.loads(await operator.goes("plan", "--json", "--campaigns", "3"))
    assert (plan["edition"], plan["campaigns"], len(plan["planned"])) == ("dual", len(planted.plans), 3)
    carried = json.loads(await operator.goes("run", "--sandbox", "--json"))
    assert (carried["rows"], carried["isUpToDate"]) == (plan["domains"], True)
    verified = json.loads(await operator.goes("verify", "--json"))
    assert verified["proof"]["discrepancies"] == []
    assert verified["proof"]["rows"] == carried["rows"]
    switched = json.loads(await operator.goes("switch", "--json"))
    assert switched["campaigns"] == plan["campaigns"]
    rolled = json.loads(await operator.goes("rollback", "--yes", "--json"))
    assert (rolled["stage"], rolled["returned"]["lost"]) == ("switched", {})
    async with database.pool.acquire() as connection:
        log = await connection.fetch("SELECT command, event FROM migration_log ORDER BY entry_id")
    assert [(row["command"], row["event"]) for row in log] == [
        ("run", "added"),
        ("run", "began"),
        ("run", "ended"),
        ("verify", "holds"),
        ("switch", "done"),
        ("rollback", "done"),
    ]


@pytest.mark.parametrize("step", ["verify", "switch"])
async def test_a_discrepancy_is_no_go(
    old_url: str, old: asyncpg.Connection, database: Database, operator: Operator, wishes: Wishes, step: str
) -> None:
    """Something is otherwise here than there: it is told, the old system goes on, and there is no switch."""
    await put(old, OldCampaign(resolved=20))
    await commands.run(database, old_url, wishes)
    await commands.prove(database, old_url)
    async with database.pool.acquire() as connection:
        await connection.execute("UPDATE dns_results SET outcome = 3 WHERE position = 6")
        await connection.execute("UPDATE legacy_batches SET is_verified = false")
    ended = await operator(step)
    assert ended.code == NO_GO
    assert "dns_validation: 20 rows there and 20 here, checksums" in ended.out
    await old.execute(WRITE)
    assert "what can be done is: verify" in await operator.refused("switch")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C reaches what is started, though these tests were started by a shell in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
async def test_ctrl_c_opens_the_old_tables_again(
    old_url: str,
    old: asyncpg.Connection,
    database: Database,
    database_url: str,
    operator: Operator,
    wishes: Wishes,
) -> None:
    """In the middle of the switch."""
    await put(old, OldCampaign(resolved=20))
    await commands.run(database, old_url, wishes)
    await commands.prove(database, old_url)
    lock = "LOCK TABLE campaigns IN SHARE ROW EXCLUSIVE MODE"
    async with locked(database_url, lock) as held, operator.started("switch") as process:
        await until_true(old, CLOSED, process)
        await until_true(held, WAITING, process)
        process.send_signal(signal.SIGINT)
        await process.wait()
        assert process.returncode == 130
    await old.execute(WRITE)
    assert await stage_of(database) == "verified"


async def test_how_far_it_is_shows_on_a_terminal(
    old_url: str, planted: Planted, database: Database, operator: Operator
) -> None:
    """Share, rows, rate, and how long it takes yet."""
    arguments = ("migrate", "legacy", "run", "--sandbox")
    with on_a_terminal(operator.home, *arguments, settings=operator.settings) as (process, terminal):
        drawn = await asyncio.to_thread(read_to_the_end, terminal)
        assert process.wait() == 0
    assert "rows/s  ETA" in drawn
    assert "%  " in drawn
    assert "Next: `phaseline migrate legacy verify`." in drawn


async def test_command_lines_that_mean_nothing(old_url: str, database: Database, operator: Operator) -> None:
    nowhere = Operator(operator.database_url, "", operator.home)
    assert "Name the old database: --source" in await nowhere.refused("plan")
    assert "--discard means nothing to `run`" in await operator.refused("run", "--discard")
    assert "--campaigns means nothing to `switch`" in await operator.refused("switch", "--campaigns", "0")
    assert "No migration was begun here" in await operator.refused("verify")
    assert (await operator("march")).code == 2
    assert await stage_of(database) is None
