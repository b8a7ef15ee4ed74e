"""Three of the runs that `make chaos` draws by their seeds; and that a run which lost something would be told of."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chaos.checking import check_data, where_all_stand
from tests.chaos.faults import FAULTS, possible_faults
from tests.chaos.logs import Log
from tests.chaos.rig import Rig, open_rig
from tests.chaos.runs import HELD, live_through, plan_run

LOSE_ONE = "DELETE FROM dns_results WHERE (set_id, position) IN (SELECT set_id, position FROM dns_results LIMIT 1)"
CAMPAIGNS = "SELECT campaign_id FROM campaigns JOIN tenants USING (tenant_id) WHERE tenants.name = $1"


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with open_rig() as opened:
        await opened.begin(0)
        yield opened


@pytest.mark.timeout(600)
async def test_it_holds_and_what_is_lost_is_found(rig: Rig) -> None:
    for seed, fault in enumerate(("worker killed", "server wire cuts", "PostgreSQL killed"), start=1):
        run = await live_through(rig, plan_run(seed, possible_faults(rig, fault)))
        assert run.verdict == HELD
        assert [strike.fault for strike in run.strikes] == [fault]
    assert await where_all_stand(rig) == ""
    watch = await rig.postgres.watch()
    tenant = "seed 1"
    campaign_ids = [row["campaign_id"] for row in await watch.fetch(CAMPAIGNS, tenant)]
    with pytest.raises(AssertionError, match="made twice, or never"):
        await check_data(rig, tenant, campaign_ids[1:], deceived=False)
    await watch.execute(LOSE_ONE)
    with pytest.raises(AssertionError, match="rows are not what chunks counted"):
        await check_data(rig, tenant, campaign_ids, deceived=False)
    await rig.end()


def test_a_seed_decides_everything() -> None:
    """Each kind of fault is drawn, and the same again by the same seed."""
    plans = [plan_run(seed, FAULTS) for seed in range(1, 501)]
    assert plans == [plan_run(seed, FAULTS) for seed in range(1, 501)]
    assert {strike.fault for plan in plans for strike in plan.strikes} == {fault.name for fault in FAULTS}
    assert any(len(plan.strikes) == 2 for plan in plans)


def test_errors_in_the_log_are_found_once() -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = Log(Path(folder) / "log")
        with log.file.open("a") as lines:
            lines.write('{"level": "warning", "event": "a wait"}\n{"level": "error", "event": "a fault"}\n')
            lines.write('{"level": "error", "event": "run 1 cannot go on"}\nTraceback of nobody\n')
        assert log.errors(("run ",)) == ["a fault\n", "Traceback of nobody\n"]
        assert log.errors(()) == []
