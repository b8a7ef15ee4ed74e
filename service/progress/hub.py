"""One hub per server process: it looks up what changed and puts it into the mailboxes of those who want it."""

from collections.abc import Iterator
from uuid import UUID

from service.errors import Exhausted
from service.postgres.database import Database
from service.progress import store
from service.progress.events import CampaignProgress
from service.progress.mailboxes import Frame, Mailbox
from service.progress.snapshots import Snapshots

POLL_SECONDS = 1.0  # heals a lost bell
LOOK_SECONDS = 0.05  # between two looks, however often the bell rings
WATCHERS_MAX = 10_000


class Hub:
    """Watchers, by what they want, and the horizon of the last look."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mailboxes: set[Mailbox] = set()
        self._by_tenant: dict[UUID, set[Mailbox]] = {}  # who wants all of its campaigns
        self._by_campaign: dict[UUID, set[Mailbox]] = {}
        self._horizon: str | None = None
        self._snapshots = Snapshots(database)

    def __len__(self) -> int:
        return len(self._mailboxes)

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
        frame = Frame(progress)
        for mailbox in self._by_tenant.get(tenant_id, ()):
            mailbox.put(frame)
        for mailbox in self._by_campaign.get(progress.campaign_id, ()):
            if mailbox.tenant_id == tenant_id:
                mailbox.put(frame)

    def open_mailbox(self, tenant_id: UUID) -> Mailbox:
        if len(self._mailboxes) >= WATCHERS_MAX:
            raise Exhausted("too_many_watchers", "This server has as many watchers as it can serve; try again later.")
        mailbox = Mailbox(tenant_id)
        self._mailboxes.add(mailbox)
        return mailbox

    def close_mailbox(self, mailbox: Mailbox) -> None:
        self._mailboxes.discard(mailbox)
        self._unlist(mailbox)

    async def subscribe(self, mailbox: Mailbox, campaign_ids: tuple[UUID, ...] | None) -> None:
        """From now on the mailbox gets changes of these campaigns (None: all); first their present states.

        Campaigns that the tenant does not have are as if they did not exist: nothing comes.
        """
        self._unlist(mailbox)
        mailbox.begin_anew(None if campaign_ids is None else frozenset(campaign_ids))
        for index, key in self._places(mailbox):
            index.setdefault(key, set()).add(mailbox)
        await self._snapshots.fill(mailbox)

    def _unlist(self, mailbox: Mailbox) -> None:
        for index, key in self._places(mailbox):
            there = index.get(key)
            if there is not None:
                there.discard(mailbox)
                if not there:
                    del index[key]

    def _places(self, mailbox: Mailbox) -> Iterator[tuple[dict[UUID, set[Mailbox]], UUID]]:
        """Where a mailbox is listed."""
        if mailbox.wanted is None:
            yield self._by_tenant, mailbox.tenant_id
            return
        for campaign_id in mailbox.wanted:
            yield self._by_campaign, campaign_id
