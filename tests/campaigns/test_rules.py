"""Each cell of the state machine's table, and a machine that walks it at random."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from service.campaigns.model import PHASES, Rerun, RerunScope
from service.campaigns.rules import (
    Become,
    Continue,
    Decision,
    Keep,
    Redo,
    Start,
    State,
    available_transitions,
    check_initial_phase,
    check_rerun,
    check_update,
    decide_cancel,
    decide_import,
    decide_pause,
    decide_resume,
    decide_retry,
    decide_transition,
    phase_after,
    phases_of,
)
from service.errors import Conflict, Invalid
from service.progress.events import CampaignPhase, PhaseStatus

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase
PENDING, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED = PhaseStatus
REFUSED = "refused"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
EVERYTHING, WHAT_FAILED = Rerun(RerunScope.ALL), Rerun(RerunScope.FAILED)
WHAT_IS_OLD = Rerun(RerunScope.OLDER_THAN, NOW)


def outcome(decide: Callable[..., Decision], *arguments: Any, **options: Any) -> Decision | str:
    try:
        return decide(*arguments, **options)
    except Conflict:
        return REFUSED


def at(phase: CampaignPhase, status: PhaseStatus) -> State:
    return State(GENERATION, phase, status)


# Rows of the table, by the status of the current phase: pending, running, paused, completed, failed, cancelled.
TO_CURRENT = [Start(DNS), Keep(), REFUSED, REFUSED, REFUSED, REFUSED]
TO_CURRENT_RERUN = [Start(DNS), Keep(), REFUSED, Redo(DNS), Redo(DNS), Redo(DNS)]
TO_CURRENT_RERUN_FAILED = [Start(DNS), Keep(), REFUSED, *[Continue(DNS, retry_failed=True)] * 3]
TO_NEXT = [REFUSED, REFUSED, REFUSED, Start(HTTP), REFUSED, REFUSED]
TOO_FAR = [REFUSED] * 6
BACK = [REFUSED] * 6
PAUSE = [REFUSED, Become(PAUSED), Keep(), REFUSED, REFUSED, REFUSED]
RESUME = [REFUSED, Keep(), Become(RUNNING), REFUSED, REFUSED, REFUSED]
CANCEL = [Become(CANCELLED), Become(CANCELLED), Become(CANCELLED), REFUSED, Become(CANCELLED), Keep()]


def row(expected: Sequence[object]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("status", "expected"), list(zip(PhaseStatus, expected, strict=True)))


@row(TO_CURRENT)
def test_transition_to_current(status: PhaseStatus, expected: object) -> None:
    assert outcome(decide_transition, at(DNS, status), DNS, None) == expected


@row(TO_CURRENT_RERUN)
def test_transition_to_current_with_rerun(status: PhaseStatus, expected: object) -> None:
    assert outcome(decide_transition, at(DNS, status), DNS, EVERYTHING) == expected


@row(TO_CURRENT_RERUN_FAILED)
def test_transition_to_current_with_rerun_of_what_failed(status: PhaseStatus, expected: object) -> None:
    assert outcome(decide_transition, at(DNS, status), DNS, WHAT_FAILED) == expected


@row(TO_NEXT)
def test_transition_to_next(status: PhaseStatus, expected: object) -> None:
    assert outcome(decide_transition, at(DNS, status), HTTP, None) == expected


@row(TO_NEXT)
def test_rerun_does_not_help_to_a_phase_that_never_ran(status: PhaseStatus, expected: object) -> None:
    assert outcome(decide_transition, at(DNS, status), HTTP, EVERYTHING) == expected


@row(TOO_FAR)
def test_transition_further_ahead(status: PhaseStatus, expected: object) -> None:
    assert outcome(decide_transition, at(GENERATION, status), HTTP, None) == expected
    assert outcome(decide_transition, at(GENERATION, status), ANALYSIS, EVERYTHING) == expected


@row(BACK)
def test_transition_back(status: PhaseStatus, expected: object) -> None:
    assert outcome(decide_transition, at(HTTP, status), DNS, None) == expected


@row([REFUSED, REFUSED, REFUSED, Redo(DNS), Redo(DNS), Redo(DNS)])
def test_transition_back_with_rerun(status: PhaseStatus, expected: object) -> None:
    assert outcome(decide_transition, at(HTTP, status), DNS, EVERYTHING) == expected


@row([REFUSED, REFUSED, REFUSED, *[Continue(DNS, retry_failed=True)] * 3])
def test_transition_back_with_rerun_of_what_failed(status: PhaseStatus, expected: object) -> None:
    assert outcome(decide_transition, at(ANALYSIS, status), DNS, WHAT_FAILED) == expected


@pytest.mark.parametrize("status", PhaseStatus)
@pytest.mark.parametrize("phase", PHASES)
def test_generated_names_are_never_made_anew(phase: CampaignPhase, status: PhaseStatus) -> None:
    decision = outcome(decide_transition, at(phase, status), GENERATION, EVERYTHING)
    assert not isinstance(decision, Redo)


@pytest.mark.parametrize("status", PhaseStatus)
def test_a_campaign_has_no_phases_before_its_first(status: PhaseStatus) -> None:
    assert outcome(decide_transition, State(DNS, HTTP, status), GENERATION, EVERYTHING) == REFUSED


@row(PAUSE)
def test_pause(status: PhaseStatus, expected: object) -> None:
    assert outcome(decide_pause, at(DNS, status)) == expected


@row(RESUME)
def test_resume(status: PhaseStatus, expected: object) -> None:
    assert outcome(decide_resume, at(DNS, status)) == expected


@row(CANCEL)
def test_cancel(status: PhaseStatus, expected: object) -> None:
    assert outcome(decide_cancel, at(DNS, status)) == expected


@row(
    [
        REFUSED,
        REFUSED,
        REFUSED,
        Continue(DNS, retry_failed=True),
        Continue(DNS, retry_failed=True),
        Continue(DNS, retry_failed=False),
    ]
)
def test_retry(status: PhaseStatus, expected: object) -> None:
    assert outcome(decide_retry, at(DNS, status), has_run=True, retryable_count=3) == expected


@row([REFUSED, REFUSED, REFUSED, REFUSED, Continue(DNS, retry_failed=True), Continue(DNS, retry_failed=False)])
def test_retry_with_nothing_retryable(status: PhaseStatus, expected: object) -> None:
    assert outcome(decide_retry, at(DNS, status), has_run=True, retryable_count=0) == expected


def test_retry_of_what_was_cancelled_before_it_began() -> None:
    assert decide_retry(at(DNS, CANCELLED), has_run=False, retryable_count=0) == Start(DNS)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("status", PhaseStatus)
def test_available_transitions_are_those_that_are_granted(phase: CampaignPhase, status: PhaseStatus) -> None:
    state = at(phase, status)
    granted = [target for target in PHASES if isinstance(outcome(decide_transition, state, target, None), Start)]
    assert list(available_transitions(state)) == granted


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("status", PhaseStatus)
def test_a_refusal_names_what_can_be_asked_instead(phase: CampaignPhase, status: PhaseStatus) -> None:
    state = at(phase, status)
    for goal in PHASES:
        if outcome(decide_transition, state, goal, None) == REFUSED:
            with pytest.raises(Conflict) as caught:
                decide_transition(state, goal, None)
            assert caught.value.available == available_transitions(state)
            assert caught.value.message.endswith(".")


def test_analysis_cannot_be_initial() -> None:
    with pytest.raises(Invalid):
        check_initial_phase(ANALYSIS)
    for phase in (GENERATION, DNS, HTTP):
        check_initial_phase(phase)


def test_phases_follow_each_other() -> None:
    assert [phase_after(phase) for phase in PHASES] == [DNS, HTTP, ANALYSIS, None]
    assert phases_of(HTTP) == (HTTP, ANALYSIS)


class CampaignMachine(RuleBasedStateMachine):
    """A campaign under random commands and random news from its workers; the rules alone move it.

    `done` are the phases that have a completed run which nothing has made stale: the truth that the rules must keep.
    """

    @initialize(initial=st.sampled_from([GENERATION, DNS, HTTP]))
    def begin(self, initial: CampaignPhase) -> None:
        self.state = State(initial, initial, PENDING)
        self.done: set[CampaignPhase] = set()
        self.ran: set[CampaignPhase] = set()

    @rule(goal=st.sampled_from(PHASES), rerun=st.sampled_from([None, EVERYTHING, WHAT_FAILED, WHAT_IS_OLD]))
    def transition(self, goal: CampaignPhase, rerun: Rerun | None) -> None:
        before = self.state
        decision = outcome(decide_transition, before, goal, rerun)
        self.apply(decision)
        if isinstance(decision, Start):
            assert decision.phase is goal
            assert goal is before.phase or (before.status is COMPLETED and goal is phase_after(before.phase))
        if isinstance(decision, Redo | Continue):
            assert rerun is not None, "nothing is run again by accident"

    @rule()
    def pause(self) -> None:
        self.apply(outcome(decide_pause, self.state))

    @rule()
    def resume(self) -> None:
        self.apply(outcome(decide_resume, self.state))

    @rule()
    def cancel(self) -> None:
        self.apply(outcome(decide_cancel, self.state))

    @rule(retryable=st.integers(0, 2))
    def retry(self, retryable: int) -> None:
        has_run = self.state.phase in self.ran
        self.apply(outcome(decide_retry, self.state, has_run=has_run, retryable_count=retryable))

    @rule()
    def last_chunk_is_done(self) -> None:
        if self.state.status is RUNNING:
            self.done.add(self.state.phase)
            self.move(self.state.phase, COMPLETED)

    @rule()
    def run_cannot_go_on(self) -> None:
        if self.state.status is RUNNING:
            self.move(self.state.phase, FAILED)

    @rule(command=st.sampled_from([decide_pause, decide_resume, decide_cancel]))
    def asking_twice_changes_nothing(self, command: Callable[[State], Decision]) -> None:
        first = outcome(command, self.state)
        if isinstance(first, Become):
            assert outcome(command, State(self.state.initial, self.state.phase, first.status)) == Keep()

    def apply(self, decision: Decision | str) -> None:
        match decision:
            case Start(phase) | Redo(phase) | Continue(phase):
                assert self.state.status not in {RUNNING, PAUSED}, "two phases never run at once"
                later = set(PHASES[PHASES.index(phase) :])
                self.done -= later
                self.ran.add(phase)
                self.move(phase, RUNNING)
            case Become(status):
                self.move(self.state.phase, status)
            case Keep() | str():
                pass

    def move(self, phase: CampaignPhase, status: PhaseStatus) -> None:
        self.state = State(self.state.initial, phase, status)

    @invariant()
    def every_phase_before_the_current_one_is_done(self) -> None:
        if hasattr(self, "state"):
            before = phases_of(self.state.initial)
            earlier = before[: before.index(self.state.phase)]
            assert set(earlier) <= self.done
            assert (self.state.phase in self.done) == (self.state.status is COMPLETED)

    @invariant()
    def pending_only_before_the_first_start(self) -> None:
        if hasattr(self, "state") and self.state.status is PENDING:
            assert not self.ran


TestCampaignMachine = CampaignMachine.TestCase


@row([Start(DNS), Keep(), REFUSED, *[Redo(DNS, NOW)] * 3])
def test_what_is_old_is_done_again(status: PhaseStatus, expected: object) -> None:
    assert outcome(decide_transition, at(DNS, status), DNS, WHAT_IS_OLD) == expected


@pytest.mark.parametrize(
    "rerun",
    [
        Rerun(RerunScope.OLDER_THAN),
        Rerun(RerunScope.ALL, NOW),
        Rerun(RerunScope.FAILED, NOW),
        Rerun(RerunScope.OLDER_THAN, NOW + timedelta(seconds=1)),
    ],
)
def test_an_instant_goes_with_its_scope_and_lies_behind(rerun: Rerun) -> None:
    with pytest.raises(Invalid) as refused:
        check_rerun(rerun, NOW)
    assert refused.value.pointer == "/rerun/olderThan"


@pytest.mark.parametrize("rerun", [None, EVERYTHING, WHAT_FAILED, WHAT_IS_OLD])
def test_reruns_that_make_sense_pass(rerun: Rerun | None) -> None:
    check_rerun(rerun, NOW)


@pytest.mark.parametrize("status", PhaseStatus)
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("changed", PHASES)
def test_only_a_phase_under_way_keeps_its_configuration(
    status: PhaseStatus, phase: CampaignPhase, changed: CampaignPhase
) -> None:
    if changed is phase and status in {RUNNING, PAUSED}:
        with pytest.raises(Conflict) as refused:
            check_update(at(phase, status), [changed], has_names=False)
        assert refused.value.code == "phase_under_way"
    else:
        check_update(at(phase, status), [changed], has_names=False)


def test_the_pattern_of_names_that_exist_stays() -> None:
    check_update(at(DNS, COMPLETED), [DNS, HTTP, ANALYSIS], has_names=True)
    with pytest.raises(Conflict) as refused:
        check_update(at(DNS, COMPLETED), [GENERATION], has_names=True)
    assert refused.value.code == "names_immutable"


@pytest.mark.parametrize("initial", [CampaignPhase.DNS_VALIDATION, CampaignPhase.HTTP_VALIDATION])
@pytest.mark.parametrize("status", PhaseStatus)
def test_names_are_imported_before_anything_has_begun(initial: CampaignPhase, status: PhaseStatus) -> None:
    state = State(initial, initial, status)
    if status is PhaseStatus.PENDING:
        decide_import(state)
        return
    with pytest.raises(Conflict) as refused:
        decide_import(state)
    assert refused.value.code == "phase_not_pending"


@pytest.mark.parametrize("status", PhaseStatus)
def test_a_later_phase_takes_no_names(status: PhaseStatus) -> None:
    with pytest.raises(Conflict):
        decide_import(State(CampaignPhase.DNS_VALIDATION, CampaignPhase.HTTP_VALIDATION, status))


@pytest.mark.parametrize("status", PhaseStatus)
def test_a_campaign_that_generates_its_names_takes_none(status: PhaseStatus) -> None:
    with pytest.raises(Conflict) as refused:
        decide_import(State(CampaignPhase.DOMAIN_GENERATION, CampaignPhase.DOMAIN_GENERATION, status))
    assert refused.value.code == "names_generated"
