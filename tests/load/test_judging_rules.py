"""How a run is judged: by windows, with what was turned away apart, and last states held against the truth."""

from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from loadtest.bench.histograms import Histogram
from loadtest.scenarios import judging
from loadtest.scenarios.capped import Cap
from loadtest.scenarios.counted_sandbox import Counted
from loadtest.scenarios.crowds import Crowds, crowds_of
from loadtest.scenarios.finals import Finals, Truth, compare
from loadtest.scenarios.judging import Verdict
from loadtest.scenarios.plan import plan_of
from loadtest.scenarios.running import Evidence, Stages
from loadtest.scenarios.sampling import Look, Memory, Processors
from loadtest.scenarios.tail import Tail
from loadtest.users.telling import Count, Farewell, Second, Standing, decode_line
from loadtest.users.troubles import Denied, Shed, Silent, Wrong, trouble_of
from phaseline_client import NotFound
from phaseline_client.calls import Answer, NoAnswer

STAGES = Stages(steady=100.0, overload=110.0, recovery=114.0, end=120.0)
SHED = Count("get_phases", "Shed", "503 server_busy", 3)
ONE, TWO = UUID(int=1), UUID(int=2)


def second(
    at: float, *times: float, troubles: tuple[Count, ...] = (), users: int = 0, name: str = "get_phases"
) -> Second:
    return Second(at, users, {name: list(times)} if times else {}, troubles, 0, [], 0)


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    """40 answers of 10 ms a second, 200 watchers, and a campaign at its cap of 1,000."""
    crowds = crowds_of(tmp_path)
    crowds.asking.lines += [second(at, *[10.0] * 40) for at in range(95, 121)]
    crowds.watching.lines += [second(at, users=200) for at in range(95, 121)]
    crowds.beyond.lines += [second(112, troubles=(SHED,))]
    return Evidence(
        plan=plan_of(20_000, 30, 10),
        cap=Cap(1_000.0, 2_000.0, 1.0),
        stages=STAGES,
        crowds=crowds,
        counted=[Counted(at, 1_000 * at) for at in range(95, 121)],
        looks=[],
        finals=Finals(10, 0, 5),
    )


def verdicts(evidence: Evidence) -> dict[str, Verdict]:
    steady = msgspec.structs.replace(evidence.plan, steady_seconds=10.0)
    return {verdict.name: verdict for verdict in judging.judge(evidence._replace(plan=steady))}


def failing(evidence: Evidence) -> set[str]:
    return {name for name, verdict in verdicts(evidence).items() if not verdict.holds}


def test_a_good_run_holds(evidence: Evidence) -> None:
    assert failing(evidence) == set()


def test_slow_answers_count_when_it_is_steady_and_transfers_never(evidence: Evidence) -> None:
    lines = evidence.crowds.asking.lines
    lines += [second(99, *[900.0] * 40), second(112, *[900.0] * 40)]
    lines += [second(105, *[900.0] * 40, name="import_domains")]
    assert failing(evidence) == set()
    lines += [second(105, *[900.0] * 5)]
    assert failing(evidence) == {"API p99"}


def test_what_is_turned_away_is_allowed_beyond_capacity_only(evidence: Evidence) -> None:
    evidence.crowds.asking.lines[:] = [
        second(each.at, *[10.0] * 40, troubles=(SHED,)) if isinstance(each, Second) and each.at == 105 else each
        for each in evidence.crowds.asking.lines
    ]
    assert failing(evidence) == {"5xx or turned away"}
    evidence.crowds.beyond.lines.clear()
    assert failing(evidence) == {"5xx or turned away", "turned away"}


@pytest.mark.parametrize("kind", ["Denied", "Silent", "Wrong"])
@pytest.mark.parametrize("at", [105, 112, 118])
def test_anything_else_that_goes_wrong_fails_at_any_time(evidence: Evidence, kind: str, at: int) -> None:
    evidence.crowds.exporting.lines.append(second(at, troubles=(Count("export_domains", kind, "404 not_found", 1),)))
    assert failing(evidence) == {"not answered, refused or wrong"}


def test_a_campaign_that_falls_behind_its_cap_fails(evidence: Evidence) -> None:
    evidence.counted[:] = [Counted(at, 880 * at) for at in range(95, 121)]
    assert failing(evidence) == {"rate of the campaign"}


def test_a_watcher_that_is_missing_for_a_while_fails(evidence: Evidence) -> None:
    evidence.crowds.watching.lines.append(second(106.5, users=199))
    assert failing(evidence) == {"watchers"}


@pytest.mark.parametrize(("bad", "recovered"), [([], 0.0), ([115], 1.0), ([115, 118], 4.0), ([120], None)])
def test_it_has_recovered_after_the_last_second_that_was_not_well(
    evidence: Evidence, bad: list[int], recovered: float | None
) -> None:
    evidence.crowds.asking.lines[:] = [second(at, *[900.0 if at in bad else 10.0] * 40) for at in range(95, 121)]
    assert verdicts(evidence)["recovered"].value == recovered
    assert verdicts(evidence)["recovered"].holds is (recovered is not None)


def test_the_server_is_read_from_its_histograms_between_two_looks(evidence: Evidence) -> None:
    def look(at: float, fast: float, slow: float) -> Look:
        histogram = Histogram((0.01, 0.1, float("inf")), (fast, slow, 0.0), 0.0)
        requests = {"get_phases": histogram, "import_domains": histogram}
        return Look(at, Memory(1, 1, 1, 1, 1), Processors(at, at, 0, 0, 0), requests)

    looks = [look(90, 5, 0), look(100, 10, 5), look(110, 110, 5), look(120, 110, 500)]
    found = judging.operations_of(evidence._replace(looks=looks))[0]
    assert (found.name, found.answered, found.p50_ms) == ("get_phases", 400, 10.0)
    assert found.server_p99_ms <= 10.0
    assert judging.asked_for(looks[0].requests).size == 5, "transfers are left out"


# Last states


def standing(
    campaign_id: UUID, sequence: int, watchers: int, *, is_dashboard: bool, is_deleted: bool = False
) -> Standing:
    return Standing(campaign_id, is_dashboard, sequence, is_deleted, watchers)


def test_whoever_saw_the_last_state_missed_nothing() -> None:
    standings = (standing(ONE, 7, 10, is_dashboard=True), standing(ONE, 7, 3, is_dashboard=False))
    assert compare(Truth({ONE: 7}, frozenset()), Farewell(10, 5, standings)) == Finals(18, 0, 5)


def test_whoever_is_behind_missed_it_and_so_has_who_never_heard_of_it() -> None:
    standings = (standing(ONE, 7, 7, is_dashboard=True), standing(ONE, 6, 2, is_dashboard=True))
    assert compare(Truth({ONE: 7}, frozenset()), Farewell(10, 0, standings)) == Finals(10, 3, 0)


def test_what_is_gone_from_the_database_has_to_be_known_as_deleted() -> None:
    standings = (
        standing(ONE, 8, 9, is_dashboard=True, is_deleted=True),
        standing(ONE, 7, 1, is_dashboard=True),
    )
    assert compare(Truth({}, frozenset()), Farewell(10, 0, standings)) == Finals(10, 1, 0)


def test_campaigns_that_have_not_ended_have_no_last_state() -> None:
    standings = (standing(TWO, 3, 10, is_dashboard=True),)
    assert compare(Truth({}, frozenset({TWO})), Farewell(10, 0, standings)) == Finals(0, 0, 0)


# Kinds of troubles


def problem(status: int, retry_after: float | None = None) -> Answer:
    body = {"title": "t", "status": status, "code": "some_code", "detail": "d"}
    return Answer(status, msgspec.json.encode(body), retry_after)


@pytest.mark.parametrize(
    ("outcome", "kind", "text"),
    [
        (problem(503, 1.0), Shed, "503 some_code"),
        (problem(429, 1.0), Shed, "429 some_code"),
        (problem(503), Denied, "503 some_code"),
        (problem(500, 1.0), Denied, "500 some_code"),
        (problem(409), Denied, "409 some_code"),
        (NoAnswer(reached=True), Silent, "TimeoutError"),
    ],
)
def test_troubles_are_told_apart(outcome: Answer | NoAnswer, kind: type[Exception], text: str) -> None:
    trouble = trouble_of(outcome, (NotFound,), why="TimeoutError")
    assert (type(trouble), str(trouble)) == (kind, text)


def test_what_is_to_be_expected_is_no_trouble() -> None:
    assert trouble_of(problem(404), (NotFound,), why="") is None
    assert trouble_of(Answer(201), (), why="") is None


# Files and plans


def test_a_file_is_read_by_whole_lines(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "lines", decode_line)
    line = msgspec.json.encode(second(1.0, 5.0))
    with tail.file.open("ab", buffering=0) as written:
        written.write(line[:10])
        assert tail.look() == []
        written.write(line[10:] + b"\n" + line[:5])
        assert tail.look() == [second(1.0, 5.0)]
        written.write(line[5:] + b"\n")
    assert tail.look() == [second(1.0, 5.0)]
    assert tail.lines == [second(1.0, 5.0)] * 2


@pytest.mark.parametrize("seconds", [12, 20, 60, 240, 3_600])
def test_stages_fill_the_time_and_most_of_it_is_steady(seconds: int) -> None:
    plan = plan_of(20_000, seconds, 10)
    assert plan.loaded_seconds == pytest.approx(seconds)
    assert plan.steady_seconds >= seconds / 4
    assert (plan.users, plan.crowd) == (80, 720)


def test_wrong_answers_are_troubles_of_their_own() -> None:
    assert repr(Wrong("a funnel balances")) == "Wrong: a funnel balances"
    assert Crowds._fields == ("asking", "exporting", "watching", "beyond")
