"""Names to records of binary COPY."""

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

from service.postgres.copying import NAME_PREFIX_BYTES, lay_out_names

COUNT, WIDTH = 50_000, 18


def test_lay_out_names(benchmark: BenchmarkFixture) -> None:
    names = np.full((COUNT, WIDTH), ord("a"), dtype=np.uint8)
    positions = np.arange(COUNT, dtype=np.int32)
    laid_out = benchmark(lay_out_names, 1_000_000_000, positions, names)
    assert len(laid_out) == COUNT * (NAME_PREFIX_BYTES + WIDTH)
