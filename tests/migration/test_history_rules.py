"""Trails: every line is a move of our machine, whatever the old system remembers."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.campaigns import rules
from service.campaigns.model import PHASES, Rerun, RerunScope
from service.migration.history import Line, OldEvent, trail
from service.migration.standing import OldWords, Standing, stand
from service.progress.events import CampaignPhase, PhaseStatus

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase
PENDING, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED = PhaseStatus
BEGAN = datetime(2025, 8, 1, tzinfo=UTC)


def after(hours: float) -> datetime:
    return BEGAN + timedelta(hours=hours)


def test_a_campaign_that_has_not_begun_has_no_line() -> None:
    assert trail(GENERATION, (GENERATION, PENDING), [], BEGAN) == []


def test_what_was_done_once_more_is_told() -> None:
    events = [OldEvent(after(1), ANALYSIS, COMPLETED), OldEvent(after(2), ANALYSIS, RUNNING)]
    lines = trail(ANALYSIS, (ANALYSIS, COMPLETED), events, BEGAN)
    assert [(line.command, line.at) for line in lines] == [
        ("transition", after(1)),
        ("complete", after(1)),
        ("retry", after(2)),
        ("complete", after(2)),
    ]


def test_what_the_old_system_remembers_is_told_with_its_times() -> None:
    events = [
        OldEvent(after(1), GENERATION, RUNNING),
        OldEvent(after(2), GENERATION, COMPLETED),
        OldEvent(after(3), DNS, RUNNING),
        OldEvent(after(4), DNS, PAUSED, "lunch"),
    ]
    lines = trail(GENERATION, (DNS, PAUSED), events, BEGAN)
    assert [(line.command, line.phase, line.status) for line in lines] == [
        ("transition", GENERATION, RUNNING),
        ("complete", GENERATION, COMPLETED),
        ("transition", DNS, RUNNING),
        ("pause", DNS, PAUSED),
    ]
    assert [line.at for line in lines] == [after(hours) for hours in (1, 2, 3, 4)]
    assert lines[-1].reason == "lunch"


def test_what_it_has_forgotten_is_put_in() -> None:
    lines = trail(GENERATION, (HTTP, FAILED), [], BEGAN)
    assert [(line.command, line.phase) for line in lines] == [
        ("transition", GENERATION),
        ("complete", GENERATION),
        ("transition", DNS),
        ("complete", DNS),
        ("transition", HTTP),
        ("fail", HTTP),
    ]


def test_it_is_not_followed_back_or_beyond() -> None:
    events = [
        OldEvent(after(2), DNS, RUNNING),
        OldEvent(after(3), GENERATION, RUNNING),
        OldEvent(after(4), ANALYSIS, COMPLETED),
        OldEvent(after(5), DNS, COMPLETED),
    ]
    lines = trail(GENERATION, (DNS, RUNNING), events, BEGAN)
    assert (lines[-1].phase, lines[-1].status, lines[-1].at) == (DNS, RUNNING, after(2))


words = st.builds(
    OldWords,
    campaign_type=st.sampled_from([None, "lead_generation", "dns_validation", "http_keyword_validation"]),
    status=st.none() | st.sampled_from(["running", "paused", "completed", "cancelled", "failed", "archived"]),
    current_phase=st.none() | st.sampled_from(["generation", "dns", "http", "extraction", "analysis", "leads"]),
    phase_status=st.none() | st.sampled_from(["not_started", "in_progress", "paused", "completed", "failed"]),
)
events = st.lists(
    st.builds(
        OldEvent, st.datetimes(timezones=st.just(UTC)), st.sampled_from(CampaignPhase), st.sampled_from(PhaseStatus)
    ),
    max_size=12,
)


@given(words, events)
def test_random_old_states_have_trails_that_our_machine_allows(old: OldWords, remembered: list[OldEvent]) -> None:
    stood = stand(old)
    lines = trail(stood.initial, (stood.phase, stood.status), remembered, BEGAN)
    state = rules.State(stood.initial, stood.initial, PENDING)
    for line in lines:
        check_move(state, line)
        state = rules.State(stood.initial, line.phase, line.status)
    assert (state.phase, state.status) == (stood.phase, stood.status)
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert all(line.at >= BEGAN for line in lines)
    check_continues(stood)


def check_move(state: rules.State, line: Line) -> None:
    """The command, as `rules` decide it in this state, leads where the line says."""
    match line.command:
        case "transition":
            assert rules.decide_transition(state, line.phase, None) == rules.Start(line.phase)
            assert line.status is RUNNING
        case "retry":
            decision = rules.decide_retry(state, has_run=True, retryable_count=1)
            assert isinstance(decision, rules.Continue)
            assert (line.phase, line.status) == (decision.phase, RUNNING)
        case "pause" | "resume" | "cancel":
            decide = {"pause": rules.decide_pause, "resume": rules.decide_resume, "cancel": rules.decide_cancel}
            assert decide[line.command](state) == rules.Become(line.status)
            assert line.phase is state.phase
        case "complete" | "fail":
            assert (state.status, state.phase) == (RUNNING, line.phase)
            assert line.status is {"complete": COMPLETED, "fail": FAILED}[line.command]
        case _:
            pytest.fail(f"{line.command} is no command")


def check_continues(stood: Standing) -> None:
    """There is something that can be asked of it: it is no dead end."""
    state = rules.State(stood.initial, stood.phase, stood.status)
    if stood.status in {RUNNING, PAUSED}:
        assert rules.decide_cancel(state) == rules.Become(CANCELLED)
    elif stood.status in {FAILED, CANCELLED}:
        assert rules.decide_transition(state, state.phase, Rerun(RerunScope.FAILED))
    else:
        assert rules.available_transitions(state) or state.phase is PHASES[-1]
