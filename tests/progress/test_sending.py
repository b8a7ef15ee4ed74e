"""Who is sent what, and when: newest states, in turns, past whoever does not read."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

import msgspec
import pytest

from service.progress.events import CampaignProgress
from service.progress.mailboxes import Frame, Mailbox
from service.progress.sending import FRAMES_AT_ONCE, SEND_SECONDS, WATCHERS_AT_ONCE, Delivery, Post
from service.web.wires import Encoding
from tests.progress.test_hub import A_STATE

PLAIN = Encoding(is_binary=False, window_bits=0)
TENANT = uuid4()


class Reader:
    """The other end of a socket, which can stop reading: everything that was written, frame by frame."""

    def __init__(self, *, room: int = 1_000_000) -> None:
        self.room = room  # writes until it is full
        self.writes: list[list[CampaignProgress]] = []
        self.at: list[float] = []
        self.is_closed = False
        self._on_drained: Callable[[], None] | None = None

    def is_gone(self) -> bool:
        return self.is_closed

    def is_full(self) -> bool:
        return self.room <= 0

    def window_bits(self) -> int:
        return 0

    def write(self, frames: bytes) -> None:
        self.room -= 1
        self.writes.append(list(read_frames(frames)))
        self.at.append(asyncio.get_running_loop().time())

    def when_drained(self, call: Callable[[], None]) -> None:
        self._on_drained = call

    def read_on(self, room: int = 1_000_000) -> None:
        self.room = room
        assert self._on_drained is not None
        self._on_drained()

    @property
    def states(self) -> list[CampaignProgress]:
        return [state for write in self.writes for state in write]


def read_frames(data: bytes) -> list[CampaignProgress]:
    found, at = [], 0
    while at < len(data):
        assert data[at : at + 2] == b"\x81\x7e", "a text of 126 bytes or more, not masked"
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        found.append(msgspec.json.decode(data[at + 4 : at + 4 + length], type=CampaignProgress))
        at += 4 + length
    return found


def frame(campaign_id: UUID, sequence: int) -> Frame:
    return Frame(msgspec.structs.replace(A_STATE, campaign_id=campaign_id, sequence=sequence))


def watcher(post: Post, reader: Reader) -> tuple[Mailbox, Delivery]:
    mailbox = Mailbox(TENANT)
    return mailbox, post.deliver_to(mailbox, reader, PLAIN)


async def turns(seconds: float) -> None:
    """Let the post work for so long: it has no signal of its own."""
    await asyncio.sleep(seconds)


@pytest.fixture
def post() -> Post:
    return Post()


async def test_what_one_look_brings_goes_in_one_write_and_at_once(post: Post) -> None:
    reader, campaigns = Reader(), [uuid4() for _ in range(20)]
    mailbox, _ = watcher(post, reader)
    for campaign_id in campaigns:
        mailbox.put(frame(campaign_id, 1))
    await turns(0)
    assert [[state.campaign_id for state in write] for write in reader.writes] == [campaigns]


async def test_what_comes_while_a_watcher_rests_is_the_newest_and_comes_once(post: Post) -> None:
    reader, campaign_id = Reader(), uuid4()
    mailbox, _ = watcher(post, reader)
    for sequence in range(1, 30):
        mailbox.put(frame(campaign_id, sequence))
        await turns(0)
    await turns(SEND_SECONDS * 1.5)
    assert [state.sequence for state in reader.states] == [1, 29]
    assert reader.at[1] - reader.at[0] >= SEND_SECONDS
    await turns(SEND_SECONDS)
    mailbox.put(frame(campaign_id, 30))
    await turns(0)
    assert [state.sequence for state in reader.states] == [1, 29, 30], "whoever has rested is sent at once"


async def test_who_does_not_read_gets_the_newest_when_it_wakes_and_holds_up_nobody(post: Post) -> None:
    frozen, awake, campaigns = Reader(room=0), Reader(), [uuid4() for _ in range(3)]
    theirs, others = watcher(post, frozen)[0], watcher(post, awake)[0]
    for sequence in range(1, 200):
        for campaign_id in campaigns:
            theirs.put(frame(campaign_id, sequence))
            others.put(frame(campaign_id, sequence))
        await turns(0)
    assert len(theirs) == len(campaigns), "one for each campaign waits, and no more"
    assert frozen.writes == []
    await turns(SEND_SECONDS * 1.5)
    assert {state.sequence for state in awake.writes[-1]} == {199}
    frozen.read_on()
    await turns(0)
    assert [(state.campaign_id, state.sequence) for state in frozen.states] == [(each, 199) for each in campaigns]


async def test_much_goes_in_parts_and_stops_where_a_socket_is_full(post: Post) -> None:
    reader, campaigns = Reader(room=2), [uuid4() for _ in range(FRAMES_AT_ONCE * 3 + 7)]
    mailbox, _ = watcher(post, reader)
    for campaign_id in campaigns:
        mailbox.put(frame(campaign_id, 1))
    for _ in range(5):
        await turns(0)
    assert [len(write) for write in reader.writes] == [FRAMES_AT_ONCE, FRAMES_AT_ONCE]
    mailbox.put(frame(campaigns[0], 2))  # was sent in this turn already
    mailbox.put(frame(campaigns[-1], 2))  # was not
    reader.read_on()
    for _ in range(5):
        await turns(0)
    assert [(state.campaign_id, state.sequence) for state in reader.states] == [
        *((each, 1) for each in campaigns[:-1]),
        (campaigns[-1], 2),
    ]
    await turns(SEND_SECONDS * 1.5)
    assert [(state.campaign_id, state.sequence) for state in reader.writes[-1]] == [(campaigns[0], 2)]


async def test_more_watchers_than_one_pass_serves(post: Post) -> None:
    readers = [Reader() for _ in range(WATCHERS_AT_ONCE * 2 + 1)]
    mailboxes = [watcher(post, reader)[0] for reader in readers]
    shared = frame(uuid4(), 1)
    for mailbox in mailboxes:
        mailbox.put(shared)
    await turns(0)
    assert sum(bool(reader.writes) for reader in readers) == WATCHERS_AT_ONCE, "others have their turn in between"
    await turns(0)
    await turns(0)
    assert all(len(reader.states) == 1 for reader in readers)


async def test_who_has_gone_is_sent_nothing(post: Post) -> None:
    reader = Reader()
    mailbox, delivery = watcher(post, reader)
    mailbox.put(frame(uuid4(), 1))
    delivery.is_closed = True
    await turns(0)
    mailbox.put(frame(uuid4(), 1))
    await turns(SEND_SECONDS * 1.5)
    assert reader.writes == []
