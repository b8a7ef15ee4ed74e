"""Real processes, really killed: workers, their parent, PostgreSQL. What comes of it is as if nothing had happened."""

from pathlib import Path

from service.postgres.cluster import Site, find_running
from tests.crashes.installation import RUN, WORKERS, installation
from tests.crashes.processes import is_alive
from tests.crashes.scenario import survive

COUNT = 3_000  # `python -m tests.crashes.run` takes the sample's real size
SEED = 5


async def test_killed_five_times_on_the_way_the_result_is_the_same(tmp_path: Path) -> None:
    await survive(tmp_path, COUNT, SEED)


async def test_when_the_parent_is_killed_its_children_end(tmp_path: Path) -> None:
    """Workers and the sandbox notice; PostgreSQL goes on, and the next start uses it and in the end stops it."""
    async with installation(tmp_path, RUN) as here:
        await here.until_children(WORKERS + 1)
        postmaster = find_running(Site(home=here.home))
        assert postmaster is not None
        await here.kill_parent()
        assert is_alive(postmaster.pid)
        await here.start()
        assert find_running(Site(home=here.home)) == postmaster
    assert not is_alive(postmaster.pid)
