"""What `/metrics` tells, read back: counts, and quantiles that are exact at the bounds of buckets."""

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from loadtest.bench import histograms

BOUNDS = (0.005, 0.01, 0.025, 1.0)


class Told:
    """A histogram of requests as the service has it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "phaseline_request_seconds", "Time", ["operation", "code"], buckets=BOUNDS, registry=self.registry
        )

    def observe(self, operation: str, *values: float, code: str = "200") -> None:
        for value in values:
            self.seconds.labels(operation, code).observe(value)

    def read(self) -> histograms.Histograms:
        text = generate_latest(self.registry).decode()
        return histograms.read_histograms(text, "phaseline_request_seconds", "operation", code="200")


def test_each_operation_has_its_own() -> None:
    told = Told()
    told.observe("list_domains", 0.004, 0.02, 0.5)
    told.observe("list_domains", 0.3, code="500")
    told.observe("get_funnel", 0.002)
    found = told.read()
    assert found.keys() == {"list_domains", "get_funnel"}
    assert list(found["list_domains"].bounds) == [*BOUNDS, float("inf")]
    assert list(found["list_domains"].counts) == [1, 0, 1, 1, 0]
    assert found["list_domains"].total == pytest.approx(0.524)


def test_what_came_between_two_looks() -> None:
    told = Told()
    told.observe("list_domains", 0.004, 0.004)
    told.observe("get_phases", 0.004)
    before = told.read()
    told.observe("list_domains", 0.008)
    told.observe("get_funnel", 0.02)
    found = histograms.added(before, told.read())
    assert found.keys() == {"list_domains", "get_funnel"}
    assert (found["list_domains"].size, found["get_funnel"].size) == (1, 1)
    assert found["list_domains"].total == pytest.approx(0.008)


def test_a_quantile_is_exact_at_a_bound() -> None:
    """99 of a hundred are within the bound, or 98 are: that much can always be told apart."""
    told = Told()
    told.observe("within", *[0.004] * 50, *[0.009] * 49, 0.9)
    told.observe("beyond", *[0.004] * 50, *[0.009] * 48, 0.9, 0.9)
    found = told.read()
    assert found["within"].quantile(0.99) == 0.01
    assert found["beyond"].quantile(0.99) > 0.01
    assert found["within"].quantile(0.5) == 0.005


def test_within_a_bucket_a_quantile_is_linear() -> None:
    told = Told()
    told.observe("list_domains", *[0.02] * 10)
    assert told.read()["list_domains"].quantile(0.5) == pytest.approx(0.0175)


def test_beyond_all_bounds_the_last_one_is_told() -> None:
    told = Told()
    told.observe("list_domains", 7.0)
    assert told.read()["list_domains"].quantile(0.99) == 1.0
