"""Offsets to names."""

from pytest_benchmark.fixture import BenchmarkFixture

from service.generating.names import render_names
from service.generating.pattern import PatternKind, parse_pattern

COUNT = 50_000  # a chunk


def test_render_names(benchmark: BenchmarkFixture) -> None:
    pattern = parse_pattern(PatternKind.PREFIX, "bench", "abcdefghijklmnopqrstuvwxyz0123456789-", 6)
    block = benchmark(render_names, pattern, "market", 1_000_000_000, COUNT)
    assert block.matrix.shape == (COUNT, len("aaaaaabench.market"))
