"""The schedule under a simulated clock: whatever comes, no limit is broken and everybody gets a turn."""

import heapq
import random
from bisect import bisect_left
from collections import Counter, deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.fetching.schedule import LATENESS_SECONDS_MAX, PAGE_BYTES_EXPECTED, Pace, Schedule

START = 1_000.0


def test_addresses_take_turns() -> None:
    schedule: Schedule[str] = Schedule(Pace(at_once=10))
    for ticket in ("a1", "a2", "a3", "b1", "c1"):
        schedule.add(ticket, ticket[0], START)
    assert [schedule.take(START) for _ in range(6)] == ["a1", "b1", "c1", "a2", "a3", None]


def test_a_full_address_holds_up_nobody_else() -> None:
    schedule: Schedule[str] = Schedule(Pace(at_once=3, connections_per_address=1))
    for ticket in ("a1", "a2", "b1"):
        schedule.add(ticket, ticket[0], START)
    assert [schedule.take(START) for _ in range(3)] == ["a1", "b1", None]
    schedule.release("a", 0, START)
    assert schedule.take(START) == "a2"


def test_requests_of_one_address_are_spaced_and_the_pause_outlives_the_queue() -> None:
    schedule: Schedule[str] = Schedule(Pace(at_once=10, requests_per_second_per_address=2))
    schedule.add("a1", "a", START)
    assert schedule.take(START) == "a1"
    schedule.release("a", 0, START + 0.1)
    schedule.add("a2", "a", START + 0.1)
    schedule.add("a3", "a", START + 0.1)
    assert schedule.take(START + 0.1) is None
    assert schedule.next_due() == pytest.approx(START + 0.5, abs=LATENESS_SECONDS_MAX)
    assert schedule.take(START + 0.5) == "a2"
    assert schedule.take(START + 0.5) is None


@pytest.mark.parametrize("rate", [0.5, 5.0, 19.0, 20.0, 50.0, 400.0])
def test_no_second_gets_more_than_a_twentieth_too_much(rate: float) -> None:
    """However late the clock is, and wherever the second begins."""
    chance = random.Random(7)
    schedule: Schedule[int] = Schedule(Pace(at_once=1_000, requests_per_second_per_address=rate))
    for number in range(900):
        schedule.add(number, "a", START)
    now, begun = START, list[float]()
    while len(begun) < 900:
        while schedule.take(now) is not None:
            begun.append(now)
        now = (
            max(now, schedule.next_due() or now) + chance.random() ** 4 * 0.2
        )  # mostly in time, sometimes far too late
    most = max(bisect_left(begun, at + 1.0) - index for index, at in enumerate(begun))
    assert most <= max(1.0, rate * 1.05)


def test_what_waits_no_more_is_not_given_out() -> None:
    schedule: Schedule[str] = Schedule(Pace(at_once=10))
    schedule.add("a1", "a", START)
    schedule.add("b1", "b", START)
    schedule.discard("a1", "a")
    schedule.discard("never", "z")
    assert [schedule.take(START), schedule.take(START)] == ["b1", None]
    schedule.discard("b1", "b")  # given out: it is released, not discarded
    schedule.release("b", 0, START)
    assert len(schedule) == 0


def test_addresses_are_forgotten_once_their_pause_is_over() -> None:
    schedule: Schedule[int] = Schedule(Pace(at_once=1_000, requests_per_second_per_address=1))
    for number in range(500):
        schedule.add(number, str(number), START)
        assert schedule.take(START) == number
        schedule.release(str(number), 0, START)
    assert len(schedule) == 500
    assert schedule.take(START + 1.001) is None
    assert len(schedule) == 0


def test_a_smaller_share_holds_at_once() -> None:
    pace = Pace(at_once=10, connections_per_address=4, requests_per_second_per_address=8, bytes_per_second=1_000)
    assert pace.share(0.5) == Pace(10, 2, 4, 500)
    assert pace.share(0.1) == Pace(10, 1, 0.8, 100)
    assert pace.share(0).at_once == 0
    schedule: Schedule[int] = Schedule(Pace(at_once=10, connections_per_address=4))
    for number in range(4):
        schedule.add(number, "a", START)
    assert schedule.take(START) == 0
    schedule.pace = Pace(at_once=10, connections_per_address=1)
    assert schedule.take(START) is None
    schedule.release("a", 0, START)
    assert schedule.take(START) == 1


def test_nothing_is_limited_that_is_not_set() -> None:
    assert Pace(at_once=7).share(0.25) == Pace(at_once=7)
    assert Pace(at_once=7).share(0) == Pace(at_once=7)
    schedule: Schedule[int] = Schedule(Pace(at_once=7))
    for number in range(9):
        schedule.add(number, "a", START)
    assert [schedule.take(START) for _ in range(8)] == [*range(7), None]


@pytest.mark.parametrize("page_bytes", [100, PAGE_BYTES_EXPECTED, 400_000])
def test_bytes_a_second_hold_whatever_pages_weigh(page_bytes: int) -> None:
    """After some pages to learn from, each second brings what it may."""
    per_second, pages = 50 * page_bytes, 1_500
    schedule: Schedule[int] = Schedule(Pace(at_once=100, bytes_per_second=per_second))
    for number in range(pages):
        schedule.add(number, "a", START)
    now, read, under_way = START, Counter[int](), deque[float]()
    while len(schedule):
        while schedule.take(now) is not None:
            under_way.append(now + 0.1)
        now = min(under_way[0] if under_way else now + 1, schedule.next_due() or now + 1)
        while under_way and under_way[0] <= now:
            schedule.release("a", page_bytes, under_way.popleft())
            read[int(now - START)] += page_bytes
    assert read.total() == pages * page_bytes
    steady = [read[second] for second in range(8, max(read) - 1)]
    assert len(steady) >= 15
    assert min(steady) >= 0.95 * per_second
    assert max(steady) <= 1.05 * per_second


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    at_once=st.integers(1, 8),
    connections=st.none() | st.integers(1, 4),
    rate=st.none() | st.sampled_from([0.5, 3.0, 40.0]),
    addresses=st.integers(1, 5),
    total=st.integers(1, 120),
)
def test_no_limit_is_broken_and_everybody_gets_a_turn(
    seed: int, at_once: int, connections: int | None, rate: float | None, addresses: int, total: int
) -> None:
    chance = random.Random(seed)
    pace = Pace(at_once=at_once, connections_per_address=connections, requests_per_second_per_address=rate)
    begun = travel(Schedule(pace), [str(chance.randrange(addresses)) for _ in range(total)], chance)
    assert len(begun) == total
    for address in {address for address, _ in begun}:
        instants = [at for where, at in begun if where == address]
        for first, last in zip(
            instants, instants[int((rate or total) * (1 + LATENESS_SECONDS_MAX)) + 1 :], strict=False
        ):
            assert last - first >= 1.0 - LATENESS_SECONDS_MAX, "so many in one second are too many"


def travel(schedule: Schedule[int], addresses: list[str], chance: random.Random) -> list[tuple[str, float]]:
    """Send everything by a simulated clock; what began where and when. Checks what is under way at every step."""
    now, begun = START, list[tuple[str, float]]()
    ends: list[tuple[float, str]] = []
    for ticket, address in enumerate(addresses):
        schedule.add(ticket, address, now)
    while len(begun) < len(addresses) or ends:
        while (taken := schedule.take(now)) is not None:
            begun.append((addresses[taken], now))
            heapq.heappush(ends, (now + chance.random() * 0.3, addresses[taken]))
        busiest = Counter(address for _, address in ends).most_common(1)
        assert len(ends) <= schedule.pace.at_once
        assert not busiest or busiest[0][1] <= (schedule.pace.connections_per_address or schedule.pace.at_once)
        due_at = schedule.next_due()
        if ends and (due_at is None or ends[0][0] <= due_at):
            now, address = heapq.heappop(ends)
            schedule.release(address, 0, now)
        else:
            assert due_at is not None or not ends, "nothing would ever happen again"
            now = max(now, due_at or now) + chance.random() * 0.01  # clocks are late, never early
    return begun
