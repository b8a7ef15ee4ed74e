"""What watchers are owed: the newest, in order, once, however slow they are."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.model import TransitionCampaign
from service.postgres.database import Database
from service.progress.events import CampaignPhase, CampaignProgress, PhaseCounts, PhaseStatus, eta_seconds
from service.progress.hub import Hub
from service.progress.mailboxes import Frame, Mailbox
from tests.world import a_campaign, start

TENANT = uuid4()
CAMPAIGNS = [uuid4() for _ in range(3)]


A_STATE = CampaignProgress(
    campaign_id=CAMPAIGNS[0],
    phase=CampaignPhase.DNS_VALIDATION,
    phase_status=PhaseStatus.RUNNING,
    sequence=7,
    progress=12.5,
    processed=8,
    total=64,
    succeeded=4,
    negative=3,
    failed=1,
    rate_per_second=2.0,
    eta_seconds=28.0,
    occurred_at=datetime(2026, 1, 2, tzinfo=UTC),
)


def frame(campaign_id: UUID, sequence: int) -> Frame:
    return Frame(msgspec.structs.replace(A_STATE, campaign_id=campaign_id, sequence=sequence))


def take_all(mailbox: Mailbox) -> list[CampaignProgress]:
    return [each.progress for each in mailbox.take(len(mailbox))]


@given(st.lists(st.tuples(st.sampled_from(CAMPAIGNS), st.integers(1, 50), st.booleans()), max_size=60))
def test_a_mailbox_holds_the_newest_of_each_campaign(steps: list[tuple[UUID, int, bool]]) -> None:
    mailbox = Mailbox(TENANT)
    sent: dict[UUID, list[int]] = {}
    newest: dict[UUID, int] = {}
    for campaign_id, sequence, take in steps:
        mailbox.put(frame(campaign_id, sequence))
        newest[campaign_id] = max(newest.get(campaign_id, 0), sequence)
        assert len(mailbox) <= len(CAMPAIGNS)
        if take:
            for taken in take_all(mailbox):
                sent.setdefault(taken.campaign_id, []).append(taken.sequence)
    for taken in take_all(mailbox):
        sent.setdefault(taken.campaign_id, []).append(taken.sequence)
    for campaign_id, sequences in sent.items():
        assert sequences == sorted(set(sequences)), "nothing twice, nothing backwards"
        assert sequences[-1] == newest[campaign_id], "the last one always"
    assert set(sent) == set(newest)


@given(st.integers(0, 2**40), st.integers(0, 2**40), st.integers(0, 2**40), st.integers(0, 2**40))
def test_percent_is_100_only_when_all_is_done(total: int, succeeded: int, negative: int, failed: int) -> None:
    counts = PhaseCounts(total, succeeded, negative, failed)
    assert 0 <= counts.percent <= 100
    assert (counts.percent == 100) == (counts.processed >= total)


def test_eta() -> None:
    counts = PhaseCounts(total=100, succeeded=40)
    assert eta_seconds(counts, PhaseStatus.RUNNING, 20.0) == 3.0
    assert eta_seconds(counts, PhaseStatus.RUNNING, 0.0) is None
    assert eta_seconds(counts, PhaseStatus.PAUSED, 20.0) is None
    assert eta_seconds(PhaseCounts(), PhaseStatus.COMPLETED, 0.0) == 0.0


def test_the_message_has_the_contract_words_and_no_others() -> None:
    assert msgspec.json.decode(msgspec.json.encode(A_STATE)) == {
        "type": "campaign.progress",
        "campaignId": str(CAMPAIGNS[0]),
        "phase": "dns_validation",
        "phaseStatus": "running",
        "sequence": 7,
        "progress": 12.5,
        "processed": 8,
        "total": 64,
        "succeeded": 4,
        "negative": 3,
        "failed": 1,
        "ratePerSecond": 2.0,
        "etaSeconds": 28.0,
        "occurredAt": "2026-01-02T00:00:00Z",
    }


async def test_changes_reach_only_those_who_want_and_may_see_them(
    database: Database, principal: Principal, stranger: Principal
) -> None:
    hub = Hub(database)
    await hub.tick()
    mine = await start(database, principal, a_campaign(10))
    theirs = await start(database, stranger, a_campaign(10))
    all_of_mine, one_of_mine, nosy = (hub.open_mailbox(who.tenant_id) for who in (principal, principal, principal))
    await hub.subscribe(all_of_mine, None)
    await hub.subscribe(one_of_mine, (mine.id,))
    await hub.subscribe(nosy, (theirs.id, uuid4()))
    assert {each.campaign_id for each in take_all(all_of_mine)} == {mine.id}
    assert {each.campaign_id for each in take_all(one_of_mine)} == {mine.id}
    async with database.transaction() as tx:
        await commands.pause_campaign(tx, principal, mine.id, "", None)
    async with database.transaction() as tx:
        await commands.pause_campaign(tx, stranger, theirs.id, "", None)
    await hub.tick()
    assert [each.campaign_id for each in take_all(all_of_mine)] == [mine.id]
    assert [each.campaign_id for each in take_all(one_of_mine)] == [mine.id]
    assert take_all(nosy) == []


async def test_a_change_that_commits_late_is_not_missed(database: Database, principal: Principal) -> None:
    """A transaction that began long before the last look, and commits after it, is seen at the next."""
    hub = Hub(database)
    await hub.tick()
    mailbox = hub.open_mailbox(principal.tenant_id)
    slow, quick = [await start(database, principal, a_campaign(10)) for _ in range(2)]
    await hub.subscribe(mailbox, None)
    take_all(mailbox)
    async with database.transaction() as tx:
        await commands.pause_campaign(tx, principal, slow.id, "", None)
        async with database.transaction() as other:
            await commands.pause_campaign(other, principal, quick.id, "", None)
        await hub.tick()
        assert [each.campaign_id for each in take_all(mailbox)] == [quick.id]
    await hub.tick()
    assert [each.campaign_id for each in take_all(mailbox)] == [slow.id]
    assert await hub.tick() >= 0
    assert take_all(mailbox) == [], "and not twice"


async def test_what_happens_between_two_looks_without_watchers_is_in_the_snapshot_or_comes(
    database: Database, principal: Principal
) -> None:
    hub = Hub(database)
    await hub.tick()
    campaign = await start(database, principal, a_campaign(10))
    mailbox = hub.open_mailbox(principal.tenant_id)
    await hub.subscribe(mailbox, None)
    async with database.transaction() as tx:
        await commands.pause_campaign(tx, principal, campaign.id, "", None)
    await hub.tick()
    last = take_all(mailbox)[-1]
    assert last.phase_status is PhaseStatus.PAUSED


async def test_sequence_counts_every_change_and_nothing_rolled_back(database: Database, principal: Principal) -> None:
    campaign = await start(database, principal, a_campaign(10))

    async def sequence() -> int:
        return int(await database.pool.fetchval("SELECT sequence FROM progress_states"))

    before = await sequence()
    try:
        async with database.transaction() as tx:
            await commands.pause_campaign(tx, principal, campaign.id, "", None)
            raise KeyError
    except KeyError:
        pass
    assert await sequence() == before
    async with database.transaction() as tx:
        await commands.pause_campaign(tx, principal, campaign.id, "", None)
    assert await sequence() == before + 1
    async with database.transaction() as tx:
        request = TransitionCampaign(target_phase=CampaignPhase.DOMAIN_GENERATION)
        await commands.resume_campaign(tx, principal, campaign.id, "", None)
        await commands.transition_campaign(tx, principal, campaign.id, request, None)
    assert await sequence() == before + 2
