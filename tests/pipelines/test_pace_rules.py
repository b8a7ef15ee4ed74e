"""A worker's pace: what it finished within a window."""

from service.pipelines.pace import WINDOW_SECONDS, Pace


def test_nothing_is_known_at_first() -> None:
    assert Pace(now=7).look(7) == 0


def test_what_is_young_counts_from_its_beginning() -> None:
    pace = Pace(now=100)
    pace.count(50)
    assert pace.look(105) == 10


def test_lumps_are_spread_over_a_window_and_then_forgotten() -> None:
    pace = Pace(now=0)
    rates = []
    for second in range(1, 3 * int(WINDOW_SECONDS)):
        if second == WINDOW_SECONDS:
            pace.count(3_000)
        rates.append(pace.look(second))
    assert max(rates) == 3_000 / WINDOW_SECONDS
    assert rates[-1] == 0
    assert sum(rate > 0 for rate in rates) == WINDOW_SECONDS


def test_a_long_silence_is_counted_whole() -> None:
    """A worker that stood still for a minute was that slow."""
    pace = Pace(now=0)
    pace.look(1)
    pace.count(600)
    assert pace.look(61) == 10
