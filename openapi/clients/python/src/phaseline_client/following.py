"""What one watch has seen of its campaigns, and how long it bears that the server is away. Pure.

A state is handed on if its `sequence` is greater than that of the one before, so that a campaign never goes back, not
even where a new connection begins with its snapshot. A snapshot does not tell of what was deleted long ago: campaigns
that it leaves out are `unheard`, and have to be asked for.
"""

from collections.abc import Callable, Iterable
from typing import Literal
from uuid import UUID

import msgspec

from phaseline_client.calls import Answer
from phaseline_client.errors import (
    ChannelRefused,
    Lost,
    NetworkFault,
    PhaselineError,
    Refused,
    Unreachable,
    Unreadable,
    passes,
    refusal_of,
)
from phaseline_client.generated.channel import CHANNEL, SERVER_MESSAGE_TYPES, ClientMessage, ServerMessage
from phaseline_client.generated.models import CampaignProgress, PhaseStatus, Refusal
from phaseline_client.repeating import Jitter, growing_pauses

PAUSE_SECONDS_MIN = 0.5
PAUSE_SECONDS_MAX = 15.0
NEVER_THERE_SECONDS_MAX = 10.0  # a server that was never there is not waited for any longer
STABLE_SECONDS = 5.0  # a connection that lasted so long was one
AWAY_SECONDS_MAX = 600.0
RETURN_SECONDS = 5.0  # over which those who were sent away together come back
SENDS_ALL_AWAY = frozenset({1001, 1012})  # the server stops, or starts again
LOOK_SECONDS_MAX = 3_600.0  # without a deadline
SNAPSHOT_SECONDS = 3.0  # after which campaigns that the snapshot left out are asked for
GLANCE_SECONDS = 0.01  # between two questions for what was left out
ENDED = frozenset({PhaseStatus.COMPLETED, PhaseStatus.FAILED, PhaseStatus.CANCELLED})

POLICY_VIOLATION = 1008
# The other side, or we, could not read what came: it would come again.
NOT_UNDERSTOOD = frozenset({1002, 1003, 1007, 1009, 1010})

Wanted = Iterable[UUID] | Literal["all"]


class Tagged(msgspec.Struct, frozen=True):
    """What every message has."""

    type: str


_decode_tag = msgspec.json.Decoder(Tagged).decode
_decode_message = msgspec.json.Decoder(ServerMessage).decode


class Away(Exception):
    """The server is gone for a while; `fault` is how it would be told to the caller in the end.

    All who were watching come back within `spread_seconds`, each at a moment of its own.
    """

    def __init__(self, fault: NetworkFault | Refused, *, spread_seconds: float = 0.0) -> None:
        super().__init__(fault)
        self.fault = fault
        self.spread_seconds = spread_seconds
        self.retry_after_seconds = (fault.retry_after_seconds or 0.0) if isinstance(fault, Refused) else 0.0


class Absence(msgspec.Struct, frozen=True):
    """The server is away; it is asked again after so many seconds. `fault` says why."""

    seconds: float
    fault: PhaselineError


class Watching(msgspec.Struct, frozen=True, kw_only=True):
    """How a watch is meant.

    `on_away` is told of each pause while the server is away, for `away_seconds_max` at most, and `on_back` when it is
    heard again, if it has nothing new to tell, too. After `timeout_seconds` the watch ends with WaitedTooLong.
    Campaigns that a snapshot left out are asked for after `snapshot_seconds`.
    """

    on_away: Callable[[Absence], object] | None = None
    on_back: Callable[[], object] | None = None
    away_seconds_max: float = AWAY_SECONDS_MAX
    timeout_seconds: float | None = None
    snapshot_seconds: float = SNAPSHOT_SECONDS


class Follower:
    """The newest state of each campaign that was handed on. `wanted`: None for all of the tenant's."""

    def __init__(self, wanted: frozenset[UUID] | None) -> None:
        self.unheard: set[UUID] = set()
        self._wanted = wanted
        self._newest: dict[UUID, CampaignProgress] = {}
        self._deleted: set[UUID] = set()

    @property
    def is_over(self) -> bool:
        """Whether nothing can come any more: all that was wanted has been deleted."""
        return self._wanted is not None and self._wanted <= self._deleted

    @property
    def subscription(self) -> str:
        """What is sent to begin with."""
        wanted: list[UUID] | Literal["all"] = "all"
        if self._wanted is not None:
            wanted = sorted(self._wanted - self._deleted)
        return msgspec.json.encode(ClientMessage(subscribe=[CHANNEL], campaign_ids=wanted)).decode()

    def begin(self) -> None:
        """A connection begins: its snapshot should tell of everything that is there."""
        self.unheard = set(self._newest if self._wanted is None else self._wanted) - self._deleted

    def accept(self, state: CampaignProgress) -> bool:
        """Whether it is new."""
        self.unheard.discard(state.campaign_id)
        before = self._newest.get(state.campaign_id)
        if before is not None and (before.deleted or before.sequence >= state.sequence):
            return False
        self._newest[state.campaign_id] = state
        if state.deleted:
            self._deleted.add(state.campaign_id)
        return True

    def miss(self, campaign_id: UUID) -> CampaignProgress | None:
        """It is known to be gone: its last state, as deleted; None where none was ever seen, or this was told."""
        last = self._newest.get(campaign_id)
        if last is None or last.deleted:
            return None
        gone = msgspec.structs.replace(last, deleted=True, sequence=last.sequence + 1, rate_per_second=0.0)
        return gone if self.accept(gone) else None


class Newest:
    """What came over one connection and was not asked for yet: of each campaign the newest state."""

    def __init__(self) -> None:
        self.end: Exception | None = None
        self._waiting: dict[UUID, CampaignProgress] = {}

    @property
    def is_settled(self) -> bool:
        """Whether there is something to tell, if only that nothing more comes."""
        return bool(self._waiting) or self.end is not None

    def offer(self, state: CampaignProgress) -> None:
        """Let a state wait in place of the one before; nothing comes after a deletion."""
        before = self._waiting.get(state.campaign_id)
        if before is None or (before.sequence < state.sequence and not before.deleted):
            self._waiting[state.campaign_id] = state

    def take(self) -> CampaignProgress | None:
        """One of them; the end of the connection is raised after all that came."""
        for campaign_id in self._waiting:
            return self._waiting.pop(campaign_id)
        if self.end is not None:
            raise self.end
        return None


def read_message(message: str | bytes) -> CampaignProgress | None:
    """None where a later server tells of something that this client does not know."""
    try:
        if _decode_tag(message).type not in SERVER_MESSAGE_TYPES:
            return None
        told: ServerMessage = _decode_message(message)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Unreadable("message_unreadable", "The server sent a message that cannot be read.") from None
    if isinstance(told, Refusal):
        raise ChannelRefused(told.code, told.message)
    return told


def told_by_closure(code: int, reason: str) -> Away | PhaselineError:
    """What the end of a connection says."""
    sentence = f"The server ended the connection ({code}{f': {reason}' if reason else ''})."
    if code == POLICY_VIOLATION:
        return ChannelRefused(f"closed_{code}", sentence)
    if code in NOT_UNDERSTOOD:
        return Unreadable(f"closed_{code}", sentence)
    return Away(Lost("server_lost", sentence), spread_seconds=RETURN_SECONDS if code in SENDS_ALL_AWAY else 0.0)


def told_by_handshake(answer: Answer) -> Away | PhaselineError:
    """What it says that a websocket was not opened."""
    if answer.status < 400:
        return Unreadable("answer_redirected", "What answers there opens no websocket.")
    refusal = refusal_of(answer)
    return Away(refusal) if passes(refusal) else refusal


def not_opened() -> Away:
    return Away(Unreachable("server_away", "The websocket does not open."))


def has_ended(progress: CampaignProgress) -> bool:
    """Whether nothing more happens by itself: a phase that starts the next one is never seen as completed."""
    return progress.phase_status in ENDED


class Bearing:
    """The pauses between connections, growing until one lasts; the bound of an absence."""

    def __init__(self, seconds_max: float, jitter: Jitter) -> None:
        self._seconds_max_later = seconds_max
        self._seconds_max = min(seconds_max, NEVER_THERE_SECONDS_MAX)
        self._jitter = jitter
        self._connected_at: float | None = None
        self._away_since: float | None = None
        self._is_away = False
        self.end()

    def connected(self, now: float) -> None:
        self._connected_at = now
        self._seconds_max = self._seconds_max_later

    def end(self) -> None:
        """The server is there: something came."""
        self._away_since = None
        self._pauses = growing_pauses(PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX, self._jitter)

    def is_back(self) -> bool:
        """Something was heard: whether it is the first after an absence that was told of."""
        was_away, self._is_away = self._is_away, False
        return was_away

    def begin(self, away: Away, now: float) -> Absence:
        """How long to wait now; what went wrong is raised where it has gone on for too long."""
        if self._connected_at is not None and now - self._connected_at >= STABLE_SECONDS:
            self.end()
        self._connected_at = None
        self._away_since = now if self._away_since is None else self._away_since
        seconds = max(next(self._pauses), away.retry_after_seconds) + away.spread_seconds * self._jitter()
        if now + seconds - self._away_since > self._seconds_max:
            raise away.fault
        self._is_away = True
        return Absence(seconds, away.fault)
