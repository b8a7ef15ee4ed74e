"""What a campaign has been through, as lines of our audit trail: each one a move that our state machine allows. Pure.

The old system keeps when phases began and ended, and some of what happened between. Where a line is missing between
two states, it is put in, with the time of the state that it leads to; where the old system goes back to an earlier
phase or in time, it is not followed.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import assert_never

import msgspec

from service.campaigns.model import PHASES, TransitionCause
from service.progress.events import CampaignPhase, PhaseStatus

PENDING, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED = PhaseStatus
EVENTS_MAX = 1_000  # of one campaign, the first ones

State = tuple[CampaignPhase, PhaseStatus]


class OldEvent(msgspec.Struct, frozen=True):
    """When a campaign was somewhere."""

    at: datetime
    phase: CampaignPhase
    status: PhaseStatus
    reason: str = ""


class Line(msgspec.Struct, frozen=True):
    """One line of the trail; it begins where the one before it ended."""

    command: str
    phase: CampaignPhase
    status: PhaseStatus
    cause: TransitionCause
    reason: str
    at: datetime


def trail(initial: CampaignPhase, end: State, events: Iterable[OldEvent], created_at: datetime) -> list[Line]:
    """From the campaign's beginning to where it stands, past the events that lie on the way."""
    state: State = (initial, PENDING)
    now = created_at
    lines: list[Line] = []
    for event in sorted(events, key=lambda each: each.at)[:EVENTS_MAX]:
        goal = (event.phase, event.status)
        if not is_between(state, goal, end):
            continue
        now = max(now, event.at)
        lines.extend(steps(state, goal, now, event.reason))
        state = goal
    lines.extend(steps(state, end, now, ""))
    return lines


def is_between(state: State, goal: State, end: State) -> bool:
    """Whether the campaign may have been there: not before where it was, nor behind where it is."""
    first, there, last = (PHASES.index(phase) for phase, _ in (state, goal, end))
    if not first <= there <= last or PENDING in {goal[1], end[1]}:
        return False
    return (there, goal[1]) != (last, COMPLETED) or end[1] is COMPLETED


def steps(state: State, goal: State, at: datetime, reason: str) -> Iterator[Line]:
    """The shortest way between two states; the reason goes to its end."""
    way = shortest_way(state, goal)
    for number, (command, cause, (phase, status)) in enumerate(way, start=1):
        yield Line(command, phase, status, cause, reason if number == len(way) else "", at)


Move = tuple[str, TransitionCause, State]


def shortest_way(state: State, goal: State) -> list[Move]:
    """Every state but a pending one can be reached from every other."""
    ways: dict[State, list[Move]] = {state: []}
    waiting = deque([state])
    while goal not in ways:
        here = waiting.popleft()
        for move in moves(here):
            if move[2] not in ways:
                ways[move[2]] = [*ways[here], move]
                waiting.append(move[2])
    return ways[goal]


def moves(state: State) -> Iterator[Move]:
    """What can happen in a state, as `campaigns.rules` decides; but for going back to an earlier phase."""
    phase, status = state
    user, automatic, failure = TransitionCause
    following = PHASES.index(phase) + 1
    match status:
        case PhaseStatus.PENDING:
            yield "transition", user, (phase, RUNNING)
            yield "cancel", user, (phase, CANCELLED)
        case PhaseStatus.RUNNING:
            yield "pause", user, (phase, PAUSED)
            yield "cancel", user, (phase, CANCELLED)
            yield "complete", automatic, (phase, COMPLETED)
            yield "fail", failure, (phase, FAILED)
        case PhaseStatus.PAUSED:
            yield "resume", user, (phase, RUNNING)
            yield "cancel", user, (phase, CANCELLED)
        case PhaseStatus.COMPLETED:
            if following < len(PHASES):
                yield "transition", user, (PHASES[following], RUNNING)
            yield "retry", user, (phase, RUNNING)
        case PhaseStatus.FAILED:
            yield "retry", user, (phase, RUNNING)
            yield "cancel", user, (phase, CANCELLED)
        case PhaseStatus.CANCELLED:
            yield "retry", user, (phase, RUNNING)
        case _:
            assert_never(status)
