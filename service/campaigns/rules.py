"""The state machine: what each command means for a campaign in each state. Pure.

The table is the one of the design, section 3; `tests/campaigns/test_rules.py` walks each of its cells.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import assert_never

import msgspec

from service.campaigns.model import PHASES, Rerun, RerunScope
from service.errors import Conflict, Invalid
from service.progress.events import CampaignPhase, PhaseStatus


class State(msgspec.Struct, frozen=True):
    """Where a campaign stands."""

    initial: CampaignPhase
    phase: CampaignPhase
    status: PhaseStatus


class Keep(msgspec.Struct, frozen=True):
    """It is so already: answer 200 and change nothing."""


class Start(msgspec.Struct, frozen=True):
    """A new run of this phase."""

    phase: CampaignPhase


class Redo(msgspec.Struct, frozen=True):
    """A phase once more, into a new set; later phases become pending, their results stale.

    What was found at or after `kept_since` is kept; None: everything is done again.
    """

    phase: CampaignPhase
    kept_since: datetime | None = None


class Continue(msgspec.Struct, frozen=True):
    """The present run of this phase goes on: with what is unfinished, and what failed and can be retried."""

    phase: CampaignPhase
    retry_failed: bool


class Become(msgspec.Struct, frozen=True):
    """The current phase's status changes, nothing else."""

    status: PhaseStatus


Decision = Keep | Start | Redo | Continue | Become

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
REFUSALS = {
    PhaseStatus.PENDING: "has not been started",
    PhaseStatus.RUNNING: "is running",
    PhaseStatus.PAUSED: "is paused",
    PhaseStatus.COMPLETED: "is completed",
    PhaseStatus.FAILED: "has failed",
    PhaseStatus.CANCELLED: "was cancelled",
}


def phase_after(phase: CampaignPhase) -> CampaignPhase | None:
    following = PHASES.index(phase) + 1
    return PHASES[following] if following < len(PHASES) else None


def phases_of(initial: CampaignPhase) -> tuple[CampaignPhase, ...]:
    """The phases that a campaign goes through."""
    return PHASES[PHASES.index(initial) :]


def available_transitions(state: State) -> tuple[CampaignPhase, ...]:
    """The phases that a plain transition, without `rerun`, would start now."""
    if state.status is PhaseStatus.PENDING:
        return (state.phase,)
    if state.status is PhaseStatus.COMPLETED:
        following = phase_after(state.phase)
        return (following,) if following else ()
    return ()


def check_initial_phase(phase: CampaignPhase) -> None:
    if phase is CampaignPhase.ANALYSIS:
        raise Invalid(
            "initial_phase_invalid",
            "A campaign cannot begin with analysis: there would be nothing to score.",
            pointer="/initialPhase",
        )


def decide_transition(state: State, target: CampaignPhase, rerun: Rerun | None) -> Decision:
    """What `PUT /transition` means now; Conflict names what could be asked instead."""
    distance = PHASES.index(target) - PHASES.index(state.phase)
    if target not in phases_of(state.initial):
        raise refuse(state, "phase_not_in_campaign", f"This campaign begins with {state.initial}, after {target}.")
    if distance > 1:
        raise refuse(state, "phase_too_far", f"{target} is more than one phase ahead of {state.phase}.")
    if distance == 1:
        return advance_to(state, target)
    if distance == 0:
        return transition_to_current(state, rerun)
    return transition_back(state, target, rerun)


def advance_to(state: State, target: CampaignPhase) -> Decision:
    if state.status is not PhaseStatus.COMPLETED:
        raise refuse(state, "phase_not_ready", f"{target} can start when {state.phase} is completed; it {told(state)}.")
    return Start(target)


def transition_to_current(state: State, rerun: Rerun | None) -> Decision:
    match state.status:
        case PhaseStatus.PENDING:
            return Start(state.phase)
        case PhaseStatus.RUNNING:
            return Keep()
        case PhaseStatus.PAUSED:
            raise refuse(state, "phase_paused", f"{state.phase} is paused: resume it.")
        case PhaseStatus.COMPLETED | PhaseStatus.FAILED | PhaseStatus.CANCELLED:
            if rerun is None:
                raise refuse(state, "rerun_required", f"{state.phase} {told(state)}; to run it again, say `rerun`.")
            return run_again(state, state.phase, rerun)
        case _:
            assert_never(state.status)


def transition_back(state: State, target: CampaignPhase, rerun: Rerun | None) -> Decision:
    if state.status in {PhaseStatus.PENDING, PhaseStatus.RUNNING, PhaseStatus.PAUSED}:
        raise refuse(state, "phase_not_finished", f"{state.phase} {told(state)}; an earlier phase cannot be run now.")
    if rerun is None:
        raise refuse(state, "rerun_required", f"{target} lies behind; to run it again, say `rerun`.")
    return run_again(state, target, rerun)


def run_again(state: State, phase: CampaignPhase, rerun: Rerun) -> Decision:
    if rerun.scope is RerunScope.FAILED:
        return Continue(phase, retry_failed=True)
    if phase is CampaignPhase.DOMAIN_GENERATION:
        raise refuse(state, "names_immutable", "Generated names never change; make another campaign, or retry.")
    return Redo(phase, rerun.older_than)


def check_rerun(rerun: Rerun | None, now: datetime) -> None:
    """An instant belongs to the scope `olderThan`, and to the past; or Invalid."""
    if rerun is None:
        return
    if (rerun.scope is RerunScope.OLDER_THAN) != (rerun.older_than is not None):
        raise Invalid(
            "older_than_misplaced",
            "`olderThan` is an instant that goes with the scope `olderThan`, and with no other.",
            pointer="/rerun/olderThan",
        )
    if rerun.older_than is not None and not EARLIEST <= rerun.older_than <= now:
        raise Invalid(
            "older_than_impossible",
            "`olderThan` lies between 1970 and now: nothing was found before, and nothing after.",
            pointer="/rerun/olderThan",
        )


def decide_pause(state: State) -> Decision:
    if state.status is PhaseStatus.PAUSED:
        return Keep()
    if state.status is PhaseStatus.RUNNING:
        return Become(PhaseStatus.PAUSED)
    raise refuse(state, "phase_not_running", f"Only a running phase can be paused; {state.phase} {told(state)}.")


def decide_resume(state: State) -> Decision:
    if state.status is PhaseStatus.RUNNING:
        return Keep()
    if state.status is PhaseStatus.PAUSED:
        return Become(PhaseStatus.RUNNING)
    raise refuse(state, "phase_not_paused", f"Only a paused phase can be resumed; {state.phase} {told(state)}.")


def decide_cancel(state: State) -> Decision:
    if state.status is PhaseStatus.CANCELLED:
        return Keep()
    if state.status is PhaseStatus.COMPLETED:
        raise refuse(state, "phase_completed", f"{state.phase} is completed: there is nothing to cancel.")
    return Become(PhaseStatus.CANCELLED)


def decide_retry(state: State, *, has_run: bool, retryable_count: int) -> Decision:
    """`has_run`: the phase was started before it was cancelled; `retryable_count`: domains that failed for a while."""
    match state.status:
        case PhaseStatus.PENDING | PhaseStatus.RUNNING | PhaseStatus.PAUSED:
            raise refuse(state, "phase_not_finished", f"{state.phase} {told(state)}: there is nothing to retry yet.")
        case PhaseStatus.COMPLETED:
            if retryable_count == 0:
                raise refuse(
                    state, "nothing_to_retry", f"No domain of {state.phase} failed in a way that can be retried."
                )
            return Continue(state.phase, retry_failed=True)
        case PhaseStatus.FAILED:
            return Continue(state.phase, retry_failed=True)
        case PhaseStatus.CANCELLED:
            return Continue(state.phase, retry_failed=False) if has_run else Start(state.phase)
        case _:
            assert_never(state.status)


def decide_import(state: State) -> None:
    """Names come in from outside before anything has begun, where the campaign does not make its own; or Conflict."""
    if state.initial is CampaignPhase.DOMAIN_GENERATION:
        raise refuse(state, "names_generated", "This campaign generates its names; none can be imported.")
    if state.phase is not state.initial or state.status is not PhaseStatus.PENDING:
        raise refuse(state, "phase_not_pending", f"Names can be imported before {state.initial} is started.")


def check_update(state: State, changed: Collection[CampaignPhase], *, has_names: bool) -> None:
    """Which phases' configurations may change now; or Conflict."""
    if state.phase in changed and state.status in {PhaseStatus.RUNNING, PhaseStatus.PAUSED}:
        raise refuse(
            state,
            "phase_under_way",
            f"{state.phase} {told(state)}; it keeps what it was started with until it has ended.",
        )
    if CampaignPhase.DOMAIN_GENERATION in changed and has_names:
        raise refuse(state, "names_immutable", "Names were generated already, and never change; clone the campaign.")


def nothing_to_retry(state: State, phase: CampaignPhase) -> Conflict:
    return refuse(state, "nothing_to_retry", f"No domain of {phase} failed in a way that can be retried.")


def nothing_older(state: State, phase: CampaignPhase, instant: datetime) -> Conflict:
    return refuse(state, "nothing_older", f"Everything that {phase} found is from {told_instant(instant)} or later.")


def told_instant(instant: datetime) -> str:
    """As RFC 3339 writes it, to the second."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def told(state: State) -> str:
    return REFUSALS[state.status]


def refuse(state: State, code: str, message: str) -> Conflict:
    return Conflict(code, message, available=available_transitions(state))
