"""What is asked once more, when, and for how long."""

import itertools

import pytest

from service.cli.repeating import (
    ATTEMPTS_MAX,
    PAUSE_SECONDS_MAX,
    REPEATING_SECONDS_MAX,
    Answer,
    Lost,
    Patience,
    growing_pauses,
    seconds_of,
)


def pauses_of(outcome: Answer | Lost) -> list[float]:
    """All pauses of a request that always ends so, as if no time passed."""
    patience = Patience(lambda: 0.5)
    found = list(
        itertools.takewhile(lambda pause: pause is not None, (patience.next_pause(outcome, 0) for _ in range(50)))
    )
    return [pause for pause in found if pause is not None]


def test_nobody_listening_is_told_at_once() -> None:
    assert pauses_of(Lost(reached=False)) == []


def test_nobody_listening_any_more_is_waited_for() -> None:
    """A server that restarts has heard the command before, perhaps."""
    patience = Patience(lambda: 0.5)
    assert patience.next_pause(Lost(reached=True), 0) is not None
    assert patience.next_pause(Lost(reached=False), 1) is not None


@pytest.mark.parametrize(
    "outcome",
    [
        Lost(reached=True),
        Answer(503),
        Answer(502),
        Answer(504),
        Answer(429),
        Answer(409, code="idempotency_in_progress"),
    ],
)
def test_what_passes_is_asked_again_a_bounded_number_of_times(outcome: Answer | Lost) -> None:
    pauses = pauses_of(outcome)
    assert len(pauses) == ATTEMPTS_MAX - 1
    assert pauses == sorted(pauses)
    assert max(pauses) <= PAUSE_SECONDS_MAX


@pytest.mark.parametrize("outcome", [Answer(200), Answer(404), Answer(409, code="not_now"), Answer(412), Answer(500)])
def test_what_would_end_the_same_is_not_asked_again(outcome: Answer) -> None:
    assert pauses_of(outcome) == []


def test_the_server_says_how_long() -> None:
    assert pauses_of(Answer(503, retry_after_seconds=7.0)) == [7.0] * (ATTEMPTS_MAX - 1)
    assert pauses_of(Answer(503, retry_after_seconds=3_600.0)) == []


def test_no_attempt_begins_after_the_end() -> None:
    patience = Patience(lambda: 0.5)
    assert patience.next_pause(Lost(reached=True), REPEATING_SECONDS_MAX) is None


def test_pauses_are_spread() -> None:
    low = list(itertools.islice(growing_pauses(1, 8, lambda: 0.0), 6))
    high = list(itertools.islice(growing_pauses(1, 8, lambda: 1.0), 6))
    assert low == [0.5, 1, 2, 4, 4, 4]
    assert high == [1.5, 3, 6, 12, 12, 12]


@pytest.mark.parametrize(
    ("header", "seconds"), [(None, 0), ("", 0), ("2", 2), (" 30 ", 30), ("Wed, 25 Nov 2026 19:00:00 GMT", 0), ("-1", 0)]
)
def test_retry_after(header: str | None, seconds: float) -> None:
    assert seconds_of(header) == seconds
