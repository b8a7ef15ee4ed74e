"""What the Python client decides by: values and rules, without a server."""

import bisect
import itertools
import random
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phaseline_client import ChannelRefused, Conflict, Lost, Repeating, Unreadable, is_known
from phaseline_client.calls import (
    URL,
    Answer,
    Call,
    Manner,
    NoAnswer,
    Place,
    find_place,
    is_loopback,
    seconds_of,
    with_key,
)
from phaseline_client.calls import given as given_arguments
from phaseline_client.errors import refusal_of
from phaseline_client.following import Away, Bearing, Follower, Newest, read_message, told_by_closure
from phaseline_client.generated.calls import campaigns, domains
from phaseline_client.generated.models import (
    CampaignPhase,
    CampaignProgress,
    DnsOutcome,
    ExportFormat,
    PhaseStatus,
    Problem,
    UpdateCampaign,
)
from phaseline_client.repeating import REPEATING, Patience, growing_pauses

IDS = [UUID(int=number) for number in range(3)]
FIRST, SECOND, THIRD = IDS
SENT = st.tuples(st.sampled_from(IDS), st.integers(0, 20), st.booleans())


def state(campaign_id: UUID, sequence: int, *, deleted: bool = False) -> CampaignProgress:
    return msgspec.convert(
        {
            "type": "campaign.progress", "campaignId": campaign_id, "phase": "analysis", "phaseStatus": "running",
            "sequence": sequence, "progress": 1.0, "processed": 1, "total": 2, "succeeded": 1, "negative": 0,
            "failed": 0, "ratePerSecond": 3.0, "etaSeconds": None, "occurredAt": "2026-01-02T03:04:05Z",
            "deleted": deleted,
        },
        CampaignProgress,
    )  # fmt: skip


# Following


@given(st.lists(SENT))
def test_a_campaign_never_goes_back_and_after_its_deletion_nothing_is_told_of_it(
    sent: list[tuple[UUID, int, bool]],
) -> None:
    follower = Follower(None)
    states = [state(campaign_id, sequence, deleted=deleted) for campaign_id, sequence, deleted in sent]
    told = [each for each in states if follower.accept(each)]
    for campaign_id in IDS:
        mine = [each for each in told if each.campaign_id == campaign_id]
        assert all(before.sequence < after.sequence for before, after in itertools.pairwise(mine))
        assert not any(each.deleted for each in mine[:-1])
        assert [each.campaign_id for each in mine[:1]] == [campaign_id] * bool(mine)
        first = next((each for each in states if each.campaign_id == campaign_id), None)
        assert mine[:1] == ([] if first is None else [first])


@given(st.lists(SENT))
def test_who_reads_slowly_loses_no_last_state(sent: list[tuple[UUID, int, bool]]) -> None:
    """Of what came in order, the last of each campaign, and its deletion."""
    newest = Newest()
    for campaign_id, sequence, deleted in sent:
        newest.offer(state(campaign_id, sequence, deleted=deleted))
    waiting = list(iter(newest.take, None))
    assert {each.campaign_id for each in waiting} == {campaign_id for campaign_id, _, _ in sent}
    assert len(waiting) == len({each.campaign_id for each in waiting})
    for each in waiting:
        mine = [(sequence, deleted) for campaign_id, sequence, deleted in sent if campaign_id == each.campaign_id]
        assert each.deleted or each.sequence == max(sequence for sequence, _ in mine)
    newest.end = Away(Lost("server_lost", "Gone."))
    with pytest.raises(Away):
        newest.take()


def test_what_a_snapshot_leaves_out_is_told_as_deleted_once_and_ends_the_watch() -> None:
    follower = Follower(frozenset(IDS))
    assert all(follower.accept(state(campaign_id, 4)) for campaign_id in IDS)
    follower.begin()
    assert not follower.accept(state(FIRST, 4))
    assert follower.unheard == {SECOND, THIRD}
    gone = follower.miss(SECOND)
    assert gone is not None
    assert (gone.sequence, gone.deleted, gone.rate_per_second) == (5, True, 0.0)
    assert follower.miss(SECOND) is None
    assert not follower.accept(state(SECOND, 9, deleted=True))
    assert msgspec.json.decode(follower.subscription) == {
        "subscribe": ["campaign.progress"],
        "campaignIds": [str(FIRST), str(THIRD)],
    }
    assert not follower.is_over
    for campaign_id in (FIRST, THIRD):
        follower.miss(campaign_id)
    assert follower.is_over


def test_a_watch_of_everything_is_never_over() -> None:
    follower = Follower(None)
    assert msgspec.json.decode(follower.subscription)["campaignIds"] == "all"
    follower.accept(state(FIRST, 1, deleted=True))
    follower.begin()
    assert (follower.is_over, follower.unheard) == (False, set())


@given(st.binary() | st.text())
def test_whatever_else_comes_is_no_message(noise: str | bytes) -> None:
    with pytest.raises(Unreadable):
        read_message(noise)


def test_messages_of_a_later_server_do_no_harm() -> None:
    assert read_message('{"type":"campaign.cost","cents":3}') is None
    told = msgspec.json.encode({**msgspec.to_builtins(state(FIRST, 1)), "phaseStatus": "suspended", "ofLaterOn": [1]})
    read = read_message(told)
    assert read is not None
    assert (read.phase_status, is_known(read.phase_status)) == ("suspended", False)
    with pytest.raises(ChannelRefused):
        read_message('{"type":"error","code":"subscription_invalid","message":"No."}')


def test_an_absence_is_borne_as_long_as_was_said_and_no_longer_where_a_server_never_was() -> None:
    away = Away(Lost("server_lost", "Gone."))
    bearing = Bearing(600, lambda: 0.5)
    assert bearing.begin(away, 0).seconds == 0.5
    with pytest.raises(Lost):
        bearing.begin(away, 9.5)
    bearing.connected(10)
    assert bearing.begin(away, 20).seconds == 0.5
    assert bearing.begin(away, 21).seconds == 1
    assert [bearing.is_back(), bearing.is_back()] == [True, False]
    with pytest.raises(Lost):
        bearing.begin(away, 620)


def test_a_restart_under_five_thousand_watchers_is_no_stampede() -> None:
    """The server says that it stops; in no quarter of a second more than a tenth of them knock at its door again."""
    dice = random.Random(7)
    stops = told_by_closure(1001, "the server stops; come back in a moment")
    assert isinstance(stops, Away)
    returns = sorted(Bearing(60.0, dice.random).begin(stops, now=0.0).seconds for _ in range(5_000))
    busiest = max(bisect.bisect_left(returns, at + 0.25) - index for index, at in enumerate(returns))
    assert busiest <= 500
    assert returns[-1] <= 6.0, "nor does anybody stay away for long"
    cut = told_by_closure(1006, "")
    assert isinstance(cut, Away)
    assert Bearing(60.0, dice.random).begin(cut, now=0.0).seconds < 1, "a single one that was cut off is soon back"


def test_what_an_end_says() -> None:
    assert isinstance(told_by_closure(1001, ""), Away)
    assert isinstance(told_by_closure(1006, ""), Away)
    assert isinstance(told_by_closure(1008, "ended"), ChannelRefused)
    assert isinstance(told_by_closure(1009, ""), Unreadable)


# Repeating


def test_pauses_grow_up_to_a_bound_and_a_server_that_asks_for_patience_gets_it() -> None:
    pauses = growing_pauses(1, 4, lambda: 0.5)
    assert list(itertools.islice(pauses, 4)) == [1, 2, 4, 4]
    assert patience().next_pause(Answer(503, retry_after_seconds=3), 0) == 3
    assert patience().next_pause(Answer(503, retry_after_seconds=21), 0) is None
    assert patience().next_pause(Answer(404), 0) is None
    assert patience().next_pause(Answer(429), 59.99) is None
    unheard = patience()
    assert [unheard.next_pause(NoAnswer(reached=False), 0) is None for _ in range(4)] == [False, False, False, True]
    heard = patience()
    assert [heard.next_pause(NoAnswer(reached=True), 0) is None for _ in range(6)] == [False] * 5 + [True]


def patience(repeating: Repeating = REPEATING) -> Patience:
    return Patience(repeating, lambda: 0.0)


def test_a_command_that_is_still_under_way_is_asked_for_again() -> None:
    def conflict(code: str) -> Answer:
        return Answer(409, msgspec.json.encode(Problem(title="Conflict", status=409, code=code, detail="No.")))

    assert patience().next_pause(conflict("idempotency_in_progress"), 0) is not None
    assert patience().next_pause(conflict("phase_too_far"), 0) is None
    assert isinstance(refusal_of(conflict("phase_too_far")), Conflict)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), (" 20 ", 20.0), (None, None), ("", None), ("soon", None), ("-1", None), ("٣", None)],
)
def test_what_a_server_asks_for_is_read(header: str | None, seconds: float | None) -> None:
    assert seconds_of(header) == seconds


# Calls


def test_what_is_left_out_is_not_sent_and_null_is() -> None:
    assert campaigns.update_campaign(FIRST, UpdateCampaign(name="b")).body == b'{"name":"b"}'
    assert campaigns.pause_campaign(FIRST).body is None
    exported = domains.export_domains(
        FIRST, format=ExportFormat.CSV, dns_outcome=[DnsOutcome.ABSENT, DnsOutcome.REFUSED]
    )
    assert exported.query == (("format", "csv"), ("dnsOutcome", "absent"), ("dnsOutcome", "refused"))
    assert given_arguments(("a", None), ("b", 0), ("c", ()), ("d", 0.5)) == (("b", "0"), ("d", "0.5"))


def test_a_path_holds_what_it_is_given_and_nothing_more() -> None:
    phase = CampaignPhase("a/../b?c")
    assert domains.estimate_phase(FIRST, phase).path == f"/campaigns/{FIRST}/phases/a%2F..%2Fb%3Fc/estimate"


def test_a_command_has_one_key_and_what_is_read_has_none() -> None:
    assert with_key(campaigns.get_campaign(FIRST), "mine").headers == ()
    assert with_key(domains.estimate_phase(FIRST, CampaignPhase.ANALYSIS), "mine").headers == ()
    command = with_key(campaigns.cancel_campaign(FIRST), "mine")
    assert command.headers == (("Idempotency-Key", "mine"),)
    assert with_key(command, "another") == command
    once: Call[None] = Call(method="POST", path="/", answer=type(None), manner=Manner.ONCE)
    assert with_key(once, "mine") == once


def test_the_environment_says_where_a_server_is_where_nobody_else_does() -> None:
    environment = {"PHASELINE_URL": "http://there:1/", "PHASELINE_KEY": "phl_theirs"}
    assert find_place(None, None, environment).url == "http://there:1"
    assert find_place("http://here", "phl_mine", environment).key == "phl_mine"
    for nothing in ({}, {"PHASELINE_URL": "", "PHASELINE_KEY": ""}):
        assert find_place(None, None, nothing) == Place(URL, None)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        *((f"http://{here}", True) for here in ("127.0.0.1:8000", "127.9.9.9", "[::1]", "localhost:1")),
        *((f"http://{elsewhere}", False) for elsewhere in ("example.com", "10.0.0.1", "localhost.com")),
    ],
)
def test_what_is_on_this_machine(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


@given(st.text())
def test_a_word_is_known_or_comes_through_as_it_is(text: str) -> None:
    word = msgspec.json.decode(msgspec.json.encode(text), type=PhaseStatus)
    assert (word, word.value, msgspec.json.encode(word)) == (text, text, msgspec.json.encode(text))
    assert is_known(word) == (text in {"pending", "running", "paused", "completed", "failed", "cancelled"})
    assert len(PhaseStatus) == 6
