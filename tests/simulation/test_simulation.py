"""A few fixed seeds of the simulation; `make simulate SEED=n` runs any other."""

import pytest

from tests.simulation.simulation import simulate

SEEDS = (9, 12, 31)  # the first two found bugs once


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_happens_every_campaign_comes_to_the_truth(database_url: str, seed: int) -> None:
    tally = await simulate(seed, database_url)
    assert tally["kill"] > 0, "nobody died: the simulation has become too kind"
    assert tally["cut off"] > 0
    assert tally["disconnect"] > 0
