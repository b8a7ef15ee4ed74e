"""Present states for whoever begins to watch. Those who come at once, as after a restart, share what is read.

A read is shared only by those who were listed for changes before it began: what changes after it is told to them. So
whoever comes while one is under way takes the next, which begins when that one is done.
"""

import asyncio
from uuid import UUID
from weakref import WeakValueDictionary

from service.postgres.database import Database
from service.progress import store
from service.progress.mailboxes import Frame, Mailbox

SNAPSHOT_CAMPAIGNS_MAX = 10_000

Key = tuple[UUID, bool]  # a tenant, and whether all of its campaigns are wanted


class Batch:
    """Those who share a read that has not begun."""

    def __init__(self) -> None:
        self.mailboxes: list[Mailbox] = []
        self.campaign_ids: set[UUID] = set()

    def has_room_for(self, mailbox: Mailbox) -> bool:
        return len(self.campaign_ids) + len(mailbox.wanted or ()) <= SNAPSHOT_CAMPAIGNS_MAX

    def add(self, mailbox: Mailbox) -> None:
        self.mailboxes.append(mailbox)
        self.campaign_ids.update(mailbox.wanted or ())


class Snapshots:
    """Of one server process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._batches: dict[Key, tuple[Batch, asyncio.Task[None]]] = {}  # those that can still be joined
        self._turns: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()

    async def fill(self, mailbox: Mailbox) -> None:
        """Put the present states of what it wants into a mailbox that is listed for changes already."""
        key = (mailbox.tenant_id, mailbox.wanted is None)
        batch, task = self._batches.get(key) or self._open_batch(key)
        if not batch.has_room_for(mailbox):
            batch, task = self._open_batch(key)
        batch.add(mailbox)
        await asyncio.wait([task])  # one who goes does not take it away from the others
        task.result()

    def _open_batch(self, key: Key) -> tuple[Batch, asyncio.Task[None]]:
        batch = Batch()
        task = asyncio.create_task(self._fill_all(key, batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._batches[key] = (batch, task)
        return self._batches[key]

    async def _fill_all(self, key: Key, batch: Batch) -> None:
        turn = self._turns.setdefault(key, asyncio.Lock())
        async with turn:
            if key in self._batches and self._batches[key][0] is batch:
                del self._batches[key]
            frames = await self._read(key, batch)
        for mailbox in batch.mailboxes:
            wanted = frames if mailbox.wanted is None else mailbox.wanted & frames.keys()
            for campaign_id in wanted:
                mailbox.put(frames[campaign_id])
            await asyncio.sleep(0)  # a thousand states take a millisecond

    async def _read(self, key: Key, batch: Batch) -> dict[UUID, Frame]:
        tenant_id, is_all = key
        async with self._database.transaction() as tx:
            if is_all:
                states = await store.list_states_of_tenant(tx, tenant_id, SNAPSHOT_CAMPAIGNS_MAX)
            else:
                states = await store.list_states_of_campaigns(tx, tenant_id, list(batch.campaign_ids))
        return {state.campaign_id: Frame(state) for state in states}
