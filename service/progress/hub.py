"""One hub per server process: it looks up what changed and keeps, for each watcher, only what is newest.

A watcher's mailbox holds at most one message for each campaign, so that a slow or frozen watcher costs a bounded
amount of memory, delays nobody, and gets the newest state when it wakes.
"""

import asyncio
from uuid import UUID

import msgspec

from service.errors import Exhausted
from service.postgres.database import Database
from service.progress import store
from service.progress.events import CampaignProgress

SENDS_PER_SECOND_MAX = 5
SEND_SECONDS = 1 / SENDS_PER_SECOND_MAX
POLL_SECONDS = 1.0  # heals a lost bell
LOOK_SECONDS = 0.05  # between two looks, however often the bell rings
WATCHERS_MAX = 10_000
SNAPSHOT_CAMPAIGNS_MAX = 10_000

encode = msgspec.json.Encoder().encode


class Frame(msgspec.Struct, frozen=True):
    """One state, encoded once for all who want it."""

    campaign_id: UUID
    sequence: int
    data: str


class Mailbox:
    """What one watcher has not been sent yet: the newest frame of each campaign."""

    def __init__(self, tenant_id: UUID) -> None:
        self.tenant_id = tenant_id
        self.wanted: frozenset[UUID] | None = frozenset()  # None: all campaigns of the tenant
        self.waiting: dict[UUID, Frame] = {}
        self.sent: dict[UUID, int] = {}  # the sequence that each campaign was last sent with
        self.filled = asyncio.Event()

    def wants(self, campaign_id: UUID) -> bool:
        return self.wanted is None or campaign_id in self.wanted

    def put(self, frame: Frame) -> None:
        """Keep a frame unless a newer one of its campaign was seen."""
        if frame.sequence > self.sent.get(frame.campaign_id, 0):
            before = self.waiting.get(frame.campaign_id)
            if before is None or before.sequence < frame.sequence:
                self.waiting[frame.campaign_id] = frame
                self.filled.set()

    def take_all(self) -> list[Frame]:
        """Everything that waits, in the order in which the campaigns changed."""
        frames = list(self.waiting.values())
        self.waiting.clear()
        self.filled.clear()
        for frame in frames:
            self.sent[frame.campaign_id] = frame.sequence
        return frames


class Hub:
    """Watchers, and the horizon of the last look."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mailboxes: set[Mailbox] = set()
        self._horizon: str | None = None

    async def tick(self) -> int:
        """Look what changed since the last tick and put it into the mailboxes of those who want it; how many states.

        The horizon is read before the states: what commits in between is seen now or at the next tick, never missed.
        It moves on with nobody watching too, so that a watcher who comes misses nothing after its snapshot.
        """
        async with self._database.transaction() as tx:
            horizon = await store.find_horizon(tx)
            changed = await store.list_changed_states(tx, self._horizon) if self._mailboxes and self._horizon else []
        self._horizon = horizon
        for tenant_id, progress in changed:
            self.deliver(tenant_id, progress)
        return len(changed)

    def deliver(self, tenant_id: UUID, progress: CampaignProgress) -> None:
        frame: Frame | None = None
        for mailbox in self._mailboxes:
            if mailbox.tenant_id == tenant_id and mailbox.wants(progress.campaign_id):
                frame = frame or frame_of(progress)
                mailbox.put(frame)

    def open_mailbox(self, tenant_id: UUID) -> Mailbox:
        if len(self._mailboxes) >= WATCHERS_MAX:
            raise Exhausted("too_many_watchers", "This server has as many watchers as it can serve; try again later.")
        mailbox = Mailbox(tenant_id)
        self._mailboxes.add(mailbox)
        return mailbox

    def close_mailbox(self, mailbox: Mailbox) -> None:
        self._mailboxes.discard(mailbox)

    async def subscribe(self, mailbox: Mailbox, campaign_ids: tuple[UUID, ...] | None) -> None:
        """From now on the mailbox gets changes of these campaigns (None: all); first their present states.

        Campaigns that the tenant does not have are as if they did not exist: nothing comes.
        """
        mailbox.wanted = None if campaign_ids is None else frozenset(campaign_ids)
        mailbox.waiting = {key: frame for key, frame in mailbox.waiting.items() if mailbox.wants(key)}
        mailbox.sent.clear()  # who subscribes again wants the snapshot again
        async with self._database.transaction() as tx:
            if campaign_ids is None:
                states = await store.list_states_of_tenant(tx, mailbox.tenant_id, SNAPSHOT_CAMPAIGNS_MAX)
            else:
                states = await store.list_states_of_campaigns(tx, mailbox.tenant_id, list(campaign_ids))
        for state in states:
            mailbox.put(frame_of(state))


def frame_of(progress: CampaignProgress) -> Frame:
    return Frame(progress.campaign_id, progress.sequence, encode(progress).decode())
