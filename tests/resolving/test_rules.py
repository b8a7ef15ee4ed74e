"""Windows, rate caps, deadlines, settings and outcomes: no sockets, no clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from service.errors import Invalid
from service.resolving.engine import EngineSettings, RecordType, ResolverAddress
from service.resolving.lanes import WINDOW_FIRST, WINDOW_MIN, Lane, TokenBucket, Window
from service.resolving.model import parse_resolver
from service.resolving.outcomes import FAILED, NEGATIVE, RETRYABLE, SUCCEEDED, DnsOutcome
from service.resolving.wheel import TICK_SECONDS, TURNS_PER_TICK_MAX, TimerWheel
from service.resolving.wildcards import parent_of

LOCALHOST = ResolverAddress("127.0.0.1")


def test_outcomes_are_stable_and_partitioned() -> None:
    assert [outcome.label for outcome in DnsOutcome] == [
        "resolved",
        "no_data",
        "absent",
        "servfail",
        "refused",
        "timed_out",
        "malformed",
        "wildcard",
        "rate_limited",
        "internal_error",
    ]
    assert [int(outcome) for outcome in DnsOutcome] == list(range(1, 11))
    assert set(DnsOutcome) == SUCCEEDED | NEGATIVE | FAILED
    assert len(SUCCEEDED) + len(NEGATIVE) + len(FAILED) == len(DnsOutcome)
    assert RETRYABLE == FAILED


def test_window_doubles_then_backs_off_then_grows_by_one_per_round() -> None:
    window = Window(1_000, calm_seconds=1.0)
    assert window.size == WINDOW_FIRST
    window.grow(WINDOW_FIRST)
    assert window.size == 2 * WINDOW_FIRST
    for _ in range(WINDOW_FIRST):
        window.lose(now=10.0)
    assert window.size == WINDOW_FIRST  # halved once: the losses of one burst come to light together
    window.grow(WINDOW_FIRST)
    assert window.size == WINDOW_FIRST + 1
    for _ in range(WINDOW_FIRST):
        window.lose(now=11.0)
    assert window.size == (WINDOW_FIRST + 1) // 2


def test_window_stays_within_its_bounds() -> None:
    window = Window(200, calm_seconds=1.0)
    window.grow(100_000)
    assert window.size == 200
    for second in range(100):
        for _ in range(50):
            window.lose(now=float(second))
        window.age()
    assert window.size == WINDOW_MIN
    assert Window(3, calm_seconds=1.0).size == 3


def test_rare_losses_leave_the_window_alone() -> None:
    window = Window(1_000, calm_seconds=1.0)
    for second in range(20):
        window.grow(1_000)
        for _ in range(20):
            window.lose(now=float(second))
        window.age()
    assert window.size == 1_000


@given(st.floats(0.5, 1e5), st.lists(st.floats(0.001, 0.2), min_size=1, max_size=200), st.floats(0.1, 1.0))
def test_bucket_never_gives_more_than_rate_and_burst(rate: float, steps: list[float], share: float) -> None:
    bucket = TokenBucket(rate)
    bucket.set_share(share)
    given_out = 0
    for seconds in steps:
        bucket.refill(seconds)
        room = bucket.room(10**9)
        bucket.take(max(room, 0))
        given_out += max(room, 0)
    assert given_out <= rate * share * sum(steps) + 1.001


def test_bucket_saves_up_little_and_pays_debts_first() -> None:
    bucket = TokenBucket(1_000)
    bucket.refill(60.0)
    assert bucket.room(1_000) == 100
    bucket.take(110)
    assert bucket.room(1_000) <= 0
    bucket.refill(0.02)
    assert bucket.room(1_000) == 10


def test_a_resolver_that_was_away_begins_anew_and_one_that_was_not_goes_on() -> None:
    lane = Lane(0, LOCALHOST, EngineSettings(resolvers=(LOCALHOST,)))
    lane.suspend(now=1.0)
    lane.canaries_unanswered = 1
    assert lane.room(10) == 0
    lane.resume()
    assert lane.window.size == WINDOW_FIRST
    lane.suspend(now=2.0)
    lane.canaries_unanswered = 2
    lane.resume()
    assert lane.window.size == lane.room(1_000) == WINDOW_MIN


def test_no_rate_is_no_cap() -> None:
    bucket = TokenBucket(0)
    bucket.take(10**9)
    assert bucket.room(123) == 123


@given(st.floats(0.02, 3.0), st.integers(0, 500))
def test_wheel_brings_keys_round_after_the_span_never_before(span: float, turns_before: int) -> None:
    wheel = TimerWheel(span)
    for _ in range(turns_before):
        wheel.advance()
    due, bucket = wheel.far_bucket()
    bucket.append(7)
    turns = 0
    while not wheel.advance():
        turns += 1
    assert wheel.turn == due
    assert span - TICK_SECONDS / 2 <= turns * TICK_SECONDS <= span + TICK_SECONDS


def test_wheel_leaves_a_stall_of_the_loop_out() -> None:
    wheel = TimerWheel(1.0)
    wheel.start(100.0)
    assert wheel.due_turns(100.0 + 2.5 * TICK_SECONDS) == 2
    assert wheel.due_turns(100.0 + 3.5 * TICK_SECONDS) == 1
    assert wheel.due_turns(160.0) == TURNS_PER_TICK_MAX
    assert wheel.due_turns(160.0 + 1.5 * TICK_SECONDS) == 1


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.0.2.1", "192.0.2.1", 53),
        ("192.0.2.1:5353", "192.0.2.1", 5353),
        ("2001:db8::1", "2001:db8::1", 53),
        ("[2001:db8::1]", "2001:db8::1", 53),
        ("[2001:db8::1]:5353", "2001:db8::1", 5353),
    ],
)
def test_resolver_addresses_are_read(text: str, host: str, port: int) -> None:
    assert parse_resolver(text) == ResolverAddress(host, port)


@pytest.mark.parametrize(
    "text", ["", "dns.example", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:x", "[::1", "[::1]53"]
)
def test_other_resolvers_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_resolver(text)


SETTINGS = EngineSettings(resolvers=(LOCALHOST,))


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"resolvers": ()}, "/resolvers"),
        ({"resolvers": (LOCALHOST, LOCALHOST)}, "/resolvers"),
        ({"record_types": ()}, "/recordTypes"),
        ({"record_types": (RecordType.NS,)}, "/recordTypes"),
        ({"record_types": (RecordType.A, RecordType.A)}, "/recordTypes"),
        ({"attempts": 0}, "/attempts"),
        ({"timeout_seconds": 0}, "/timeoutSeconds"),
        ({"queries_per_second": -1}, "/queriesPerSecond"),
        ({"queries_per_second_per_resolver": -1}, "/queriesPerSecondPerResolver"),
        ({"sockets_per_resolver": 0}, "/socketsPerResolver"),
        ({"in_flight_max": 70_000}, "/inFlightMax"),
        ({"wildcard_probes": 0}, "/wildcardProbes"),
        ({"dead_after_seconds": 0}, "/deadAfterSeconds"),
    ],
)
def test_settings_out_of_bounds_are_refused_by_field(changes: dict[str, object], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        structs.replace(SETTINGS, **changes)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    ("name", "parent"),
    [("abc.wild", b"wild"), (b"a.B.Example.", b"b.example"), ("single", b""), ("a.com.", b"com")],
)
def test_immediate_parent(name: str | bytes, parent: bytes) -> None:
    assert parent_of(name) == parent
