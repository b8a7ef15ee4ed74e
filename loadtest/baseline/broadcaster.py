"""The old system's websocket: each step goes to everybody, in both formats.

`campaign_progress` and `campaign.progress` have the same envelope here, the leaner of the two that the old system had.
"""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

import msgspec
from websockets.asyncio.server import Server, ServerConnection, broadcast, serve

PHASE_FORMAT, TYPE_FORMAT = "campaign.progress", "campaign_progress"
INBOUND_BYTES_MAX: Final = 512
PING_SECONDS: Final = 54.0
PONG_SECONDS_MAX: Final = 60.0


class Step(msgspec.Struct, frozen=True):
    """Where a campaign stands after a batch. `found` counts domains generated, resolved, fetched, and leads."""

    campaign_id: str
    phase: str
    total: int
    processed: int
    successful: int
    failed: int
    progress: float  # of the phase, 0..100
    overall: float  # of the campaign, 0..100
    found: tuple[int, int, int, int]


class TypeData(msgspec.Struct, frozen=True, rename="camel"):
    campaign_id: str
    total_items: int
    processed_items: int
    successful_items: int
    failed_items: int
    progress_percent: float
    current_phase: str
    phase_status: str


class PhaseData(msgspec.Struct, frozen=True, rename="camel"):
    campaign_id: str
    progress: float
    status: str
    phase: str
    processed_items: int
    total_items: int
    domains_generated: int
    dns_validated: int
    http_validated: int
    leads_generated: int
    is_completed: bool


class Message(msgspec.Struct, frozen=True):
    type: str
    timestamp: datetime
    data: TypeData | PhaseData


class Broadcaster:
    """Everybody who subscribed, whatever to: the old system sends to all."""

    def __init__(self) -> None:
        self._watchers: set[ServerConnection] = set()
        self._encode = msgspec.json.Encoder().encode

    def tell(self, step: Step) -> None:
        """Hand both messages of a step to everybody's connection."""
        for message in messages_of(step, datetime.now(UTC)):
            broadcast(self._watchers, self._encode(message).decode())

    async def hold(self, connection: ServerConnection) -> None:
        """One connection until it ends: whatever it asks for is acknowledged, and subscribes it."""
        try:
            async for _ in connection:
                await connection.send('{"type":"subscription_ack"}')
                self._watchers.add(connection)
        finally:
            self._watchers.discard(connection)


def messages_of(step: Step, now: datetime) -> tuple[Message, Message]:
    by_type = TypeData(
        campaign_id=step.campaign_id,
        total_items=step.total,
        processed_items=step.processed,
        successful_items=step.successful,
        failed_items=step.failed,
        progress_percent=step.overall,
        current_phase=step.phase,
        phase_status="in_progress",
    )
    generated, resolved, fetched, leads = step.found
    by_phase = PhaseData(
        campaign_id=step.campaign_id,
        progress=step.progress,
        status="running",
        phase=step.phase,
        processed_items=step.processed,
        total_items=step.total,
        domains_generated=generated,
        dns_validated=resolved,
        http_validated=fetched,
        leads_generated=leads,
        is_completed=step.processed == step.total,
    )
    return Message(TYPE_FORMAT, now, by_type), Message(PHASE_FORMAT, now, by_phase)


@contextlib.asynccontextmanager
async def serving(broadcaster: Broadcaster) -> AsyncIterator[int]:
    """The websocket on loopback until the end of the block; its port."""
    server: Server
    async with serve(
        broadcaster.hold,
        "127.0.0.1",
        0,
        compression=None,
        max_size=INBOUND_BYTES_MAX,
        ping_interval=PING_SECONDS,
        ping_timeout=PONG_SECONDS_MAX,
    ) as server:
        yield next(iter(server.sockets)).getsockname()[1]
