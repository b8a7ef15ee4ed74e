"""Gets batches of names asked and answered, with nothing but bytes, tuples and columns per query.

Three things drive it, all on one event loop: a readable socket (`_receive`), a tick every `TICK_SECONDS` (`_tick`), and
the pump (`_pump`), which sends what caps and windows allow to the lanes for which something has changed. Rows wait in
their batch until first asked, and in a lane's `waiting` from then on.
"""

import asyncio
import struct
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from service.resolving.batches import Batch
from service.resolving.lanes import (
    CANARY_SECONDS,
    MEMORY_SECONDS,
    SUSPEND_AFTER,
    Channel,
    Lane,
    TokenBucket,
    connect_all,
)
from service.resolving.model import (
    AllResolversDead,
    Answers,
    EngineSettings,
    EngineStatistics,
)
from service.resolving.outcomes import DnsOutcome
from service.resolving.packets import (
    HEADER_BYTES,
    Misfit,
    Rcode,
    RecordType,
    Reply,
    encode_query,
    parse_answer,
)
from service.resolving.streams import STREAMS_MAX, StreamReply, ask_over_stream
from service.resolving.wheel import TICK_SECONDS, TimerWheel

GRACE_SECONDS: Final = 3.0  # for queries in flight when a batch is stopped
DATAGRAM_BYTES_MAX: Final = 4_096  # more than we offer to take: some servers do not listen
RECEIVE_BURST: Final = 64  # datagrams read from one socket before others get their turn
SEND_BURST: Final = 16  # queries sent to one resolver before the next gets its share
PUMP_MAX: Final = 128  # queries sent before answers are read again; a default receive buffer holds twice as many
TURNS_OF_FIRST: Final = 3  # of the batch that was begun first, for one of all others
IDS_DRAWN: Final = 2_048  # query ids drawn from the kernel's entropy at a time

_OUTCOME_OF_RCODE: Final[dict[int, DnsOutcome]] = {
    Rcode.NOERROR: DnsOutcome.RESOLVED,
    Rcode.FORMERR: DnsOutcome.MALFORMED,
    Rcode.SERVFAIL: DnsOutcome.SERVFAIL,
    Rcode.NXDOMAIN: DnsOutcome.ABSENT,
    Rcode.NOTIMP: DnsOutcome.REFUSED,
    Rcode.REFUSED: DnsOutcome.REFUSED,
}


class Dispatcher:
    """The resolvers' lanes and the batches that want something of them. Open it with `async with`."""

    def __init__(self, settings: EngineSettings, entropy: Callable[[int], bytes]) -> None:
        self._settings = settings
        self._entropy = entropy
        self._bucket = TokenBucket(settings.queries_per_second)
        self._lanes = [Lane(index, address, settings) for index, address in enumerate(settings.resolvers)]
        self._rotation = deque(self._lanes)
        self._channels: list[Channel] = []
        self._batches: set[Batch] = set()
        self._fresh: deque[Batch] = deque()
        self._turn = 0
        self._streams: set[asyncio.Task[StreamReply]] = set()
        self._stream_slots = asyncio.Semaphore(STREAMS_MAX)
        self._query_ids: list[int] = []
        self._wheel = TimerWheel(settings.timeout_seconds)
        self._refilled_at = self._aged_at = 0.0
        self._ticker: asyncio.TimerHandle | None = None
        self._hungry: deque[Lane] = deque()
        self._is_open = False
        self._is_pump_due = False
        self._is_unheard = False  # something was asked since the last answer
        self._silent_seconds = 0.0

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._refilled_at = self._aged_at = self._loop.time()
        self._is_open = True
        for lane in self._lanes:
            self._connect(lane)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Batches still open return with what they have."""
        self._is_open = False
        for batch in list(self._batches):
            batch.finished.set()
            self._close(batch)
        await asyncio.gather(*self._streams, return_exceptions=True)
        if self._ticker is not None:
            self._ticker.cancel()
        for channel in self._channels:
            self._loop.remove_reader(channel.socket)
            channel.socket.close()

    async def ask(self, names: Sequence[str | bytes], stop: asyncio.Event) -> Answers:
        """Ask for each name, wildcards or not; ends as `DnsEngine.resolve` does."""
        batch = Batch(names, self._settings.record_types, self._settings.attempts, stop)
        self._open(batch)
        try:
            await batch.finished.wait()
        finally:
            self._close(batch)
        if batch.failure is not None:
            raise batch.failure
        return batch.answers()

    def set_share(self, fraction: float) -> None:
        assert 0 <= fraction <= 1
        self._bucket.set_share(fraction)
        for lane in self._lanes:
            lane.set_share(fraction)

    def occupancy(self) -> float:
        """Which part of the in-flight cap waits at the resolver where most does, 0 to 1."""
        waiting = max((lane.in_flight for lane in self._lanes), default=0)
        return min(1.0, waiting / self._settings.in_flight_max)

    def statistics(self) -> EngineStatistics:
        resolvers = tuple(lane.statistics() for lane in self._lanes)
        return EngineStatistics(
            sent=sum(each.sent for each in resolvers),
            retried=sum(each.retried for each in resolvers),
            answered=sum(each.answered for each in resolvers),
            timed_out=sum(each.timed_out for each in resolvers),
            late=sum(each.late for each in resolvers),
            foreign=sum(each.foreign for each in resolvers),
            in_flight=sum(each.in_flight for each in resolvers),
            resolvers=resolvers,
        )

    # Batches

    def _open(self, batch: Batch) -> None:
        if not self._is_open:
            batch.finished.set()
            return
        self._batches.add(batch)
        self._fresh.append(batch)
        self._feed_all_soon()
        if self._ticker is None:
            self._wheel.start(self._loop.time())
            self._ticker = self._loop.call_later(TICK_SECONDS, self._tick)

    def _close(self, batch: Batch) -> None:
        """Forget a batch, whatever of it is still under way."""
        if batch.is_closed:
            return
        batch.is_closed = True
        self._batches.discard(batch)
        if batch in self._fresh:
            self._fresh.remove(batch)
        for stream in batch.streams:
            stream.cancel()
        if batch.in_flight:
            for channel in self._channels:
                channel.forget(batch)
        for lane in self._lanes:
            if any(waiting is batch for waiting, _ in lane.waiting):
                lane.waiting = deque(each for each in lane.waiting if each[0] is not batch)

    # Sending

    def _feed_soon(self, lane: Lane) -> None:
        """Something changed for a lane: it has room, or work."""
        if not lane.is_hungry:
            lane.is_hungry = True
            self._hungry.append(lane)
        if self._is_open and not self._is_pump_due:
            self._is_pump_due = True
            self._loop.call_soon(self._pump)

    def _feed_all_soon(self) -> None:
        self._rotation.rotate(-1)
        for lane in self._rotation:
            self._feed_soon(lane)

    def _pump(self) -> None:
        """Send what may be sent, to every hungry lane a little in turn."""
        self._is_pump_due = False
        if not self._is_open:
            return
        now = self._loop.time()
        budget = PUMP_MAX
        with self._ending_batches_on_error():
            while self._hungry and budget > 0:
                lane = self._hungry.popleft()
                lane.is_hungry = False
                sent = self._feed(lane, now)
                budget -= sent
                if sent:
                    self._feed_soon(lane)

    def _feed(self, lane: Lane, now: float) -> int:
        """Send up to `SEND_BURST` queries to one resolver; tells how many it were."""
        room = self._bucket.room(lane.room(SEND_BURST))
        if room <= 0:
            return 0
        return self._send_waiting(lane, room, now) if lane.waiting else self._send_fresh(lane, room, now)

    def _send_waiting(self, lane: Lane, room: int, now: float) -> int:
        sent = 0
        while sent < room and lane.waiting and not lane.is_suspended:
            batch, row = lane.waiting.popleft()
            if batch.stop.is_set():
                continue
            if not self._send_rows(lane, batch, (row,), now):
                self._wait(lane, batch, row)
                break
            sent += 1
            if batch.attempts[row]:
                lane.retried += 1
        return sent

    def _send_fresh(self, lane: Lane, room: int, now: float) -> int:
        """Rows never asked before, from the batch whose turn it is.

        The one in front has most turns, so that batches end one after another. If all had the same, all would have
        only names left that wait for a resolver, at the same time, and nothing new would be asked meanwhile.
        """
        while self._fresh:
            self._turn = (self._turn + 1) % (TURNS_OF_FIRST + 1)
            place = 1 if self._turn == 0 and len(self._fresh) > 1 else 0
            batch = self._fresh[place]
            rows = [] if batch.stop.is_set() else batch.take_fresh(room, now)
            if batch.next_row == batch.total or batch.stop.is_set():
                del self._fresh[place]
            elif place:
                del self._fresh[place]
                self._fresh.append(batch)
            if rows:
                rows.sort(key=batch.question_bytes, reverse=True)  # those of one length go out together
                sent = self._send_rows(lane, batch, rows, now)
                for row in rows[sent:]:
                    self._wait(lane, batch, row)
                return sent
        return 0

    def _send_rows(self, lane: Lane, batch: Batch, rows: Sequence[int], now: float) -> int:
        """Send these rows' questions through one socket; tells how many went out before it would take no more."""
        channel = lane.turn_channel()
        pending, questions = channel.pending, batch.questions
        due, bucket = self._wheel.far_bucket()
        query_ids, packets = [], []
        for row in rows:
            query_id = self._draw_id(pending)
            pending[query_id] = (batch, row, due)
            query_ids.append(query_id)
            packets.append(encode_query(query_id, questions[row]))
        sent, is_broken = channel.sender.send(packets)
        for query_id in query_ids[sent:]:
            del pending[query_id]
        key = channel.index << 16
        bucket.extend([key | query_id for query_id in query_ids[:sent]])
        lane.sent += sent
        lane.in_flight += sent
        batch.in_flight += sent
        lane.bucket.take(sent)
        self._bucket.take(sent)
        self._is_unheard = True
        if is_broken:
            self._fail_channel(channel, now)
        return sent

    def _draw_id(self, pending: dict[int, tuple[Batch, int, int]]) -> int:
        """An unpredictable id that nobody waits for on this socket."""
        while True:
            if not self._query_ids:
                self._query_ids.extend(struct.unpack(f"{IDS_DRAWN}H", self._entropy(IDS_DRAWN * 2)))
            query_id = self._query_ids.pop()
            if query_id not in pending:
                return query_id

    # Receiving

    def _receive(self, channel: Channel) -> None:
        """Called when a socket is readable."""
        with self._ending_batches_on_error():
            heard = self._take_burst(channel, self._loop.time())
            if heard:
                self._hear(channel.lane, heard)
        self._feed_soon(channel.lane)

    def _take_burst(self, channel: Channel, now: float) -> int:
        """Deal with what lies in the socket; tells how many answers to our questions there were."""
        receive = channel.socket.recv
        heard = 0
        for _ in range(RECEIVE_BURST):
            try:
                packet = receive(DATAGRAM_BYTES_MAX)
            except BlockingIOError:
                break
            except OSError:
                self._fail_channel(channel, now)
                break
            heard += self._take(channel, packet, now)
        return heard

    def _take(self, channel: Channel, packet: bytes, now: float) -> bool:
        """Whether the packet answers one of our questions; if it does, the question is dealt with."""
        lane = channel.lane
        query_id = packet[0] << 8 | packet[1] if len(packet) >= HEADER_BYTES else -1
        asked = channel.pending.get(query_id)
        if asked is None:
            lane.late += 1
            return False
        batch, row, _ = asked
        reply = parse_answer(packet, batch.questions[row])
        if reply is Misfit.FOREIGN:
            lane.foreign += 1
            return False
        del channel.pending[query_id]
        if isinstance(reply, Reply) and reply.truncated and not batch.stop.is_set():
            self._start_stream(lane, batch, row)
            return True
        lane.in_flight -= 1
        batch.in_flight -= 1
        self._judge(lane, batch, row, reply, now)
        return True

    def _hear(self, lane: Lane, answers: int) -> None:
        lane.answered += answers
        lane.silent_count = 0
        lane.window.grow(answers)
        self._is_unheard = False
        self._silent_seconds = 0.0
        if lane.is_suspended:
            lane.resume()
            self._rehome_waiting()

    def _judge(self, lane: Lane, batch: Batch, row: int, reply: Reply | Misfit, now: float) -> None:
        """What an answer means for its row. One cut short is no answer; it gets here if a stop forbids to ask on."""
        if not isinstance(reply, Reply):
            self._fail_attempt(lane, batch, row, DnsOutcome.MALFORMED, now)
            return
        if reply.truncated:
            return
        outcome = _OUTCOME_OF_RCODE.get(reply.rcode, DnsOutcome.SERVFAIL)
        if outcome is not DnsOutcome.ABSENT and outcome is not DnsOutcome.RESOLVED:
            self._fail_attempt(lane, batch, row, outcome, now)
            return
        lane.known_question = batch.questions[row]
        if batch.missed_by[row] >= 0:
            self._lanes[batch.missed_by[row]].window.lose(now)
        if batch.accept(row, reply, outcome):
            self._wait(lane, batch, row)
        else:
            batch.settle(row, batch.verdict(row, outcome), lane.index, now)

    # Failing

    def _fail_attempt(self, lane: Lane, batch: Batch, row: int, outcome: DnsOutcome, now: float) -> None:
        """Ask another resolver, or settle the row if no attempt is left."""
        if batch.fail_attempt(row, outcome, lane.index):
            self._wait(self._another_lane(lane), batch, row)
        else:
            batch.settle(row, batch.verdict(row, batch.failures[row]), lane.index, now)

    def _wait(self, lane: Lane, batch: Batch, row: int) -> None:
        """Queue a row for a lane; nothing waits for a suspended one while another is open."""
        home = self._another_lane(lane) if lane.is_suspended else lane
        home.waiting.append((batch, row))
        self._feed_soon(home)

    def _another_lane(self, lane: Lane) -> Lane:
        """The next open one, or the same if there is no other."""
        count = len(self._lanes)
        others = (self._lanes[(lane.index + step) % count] for step in range(1, count))
        return next((other for other in others if not other.is_suspended), lane)

    def _fail_channel(self, channel: Channel, now: float) -> None:
        """The system says that nobody listens there (or the like): all that went out this way has failed."""
        self._listen(channel)
        lane = channel.lane
        lost = list(channel.pending.values())
        channel.pending.clear()
        lane.refused += 1
        lane.in_flight -= len(lost)
        for batch, row, _ in lost:
            batch.in_flight -= 1
            self._fail_attempt(lane, batch, row, DnsOutcome.TIMED_OUT, now)
        self._note_silence(lane, len(lost), now)

    def _note_silence(self, lane: Lane, queries: int, now: float) -> None:
        lane.silent_count += queries
        if lane.silent_count >= SUSPEND_AFTER and not lane.is_suspended:
            lane.suspend(now)
            self._rehome_waiting()

    def _rehome_waiting(self) -> None:
        """What waits for suspended lanes goes to the open ones, if there are any, and they are fed."""
        homes = [lane for lane in self._lanes if not lane.is_suspended]
        if not homes:
            return
        for lane in self._lanes:
            if lane.is_suspended:
                for number, each in enumerate(lane.waiting):
                    homes[number % len(homes)].waiting.append(each)
                lane.waiting.clear()
        self._feed_all_soon()

    # Time

    def _tick(self) -> None:
        """Let time pass; goes on while there is anything to wait for."""
        now = self._loop.time()
        with self._ending_batches_on_error():
            self._refill(now)
            for _ in range(self._wheel.due_turns(now)):
                self._turn_wheel(now)
            self._stop_batches(now)
            self._send_canaries(now)
            self._feed_all_soon()
        is_busy = self._batches or any(lane.in_flight for lane in self._lanes)
        self._ticker = self._loop.call_later(TICK_SECONDS, self._tick) if is_busy else None

    def _refill(self, now: float) -> None:
        self._bucket.refill(now - self._refilled_at)
        for lane in self._lanes:
            lane.bucket.refill(now - self._refilled_at)
        self._refilled_at = now
        if now - self._aged_at >= MEMORY_SECONDS:
            self._aged_at = now
            for lane in self._lanes:
                lane.window.age()

    def _turn_wheel(self, now: float) -> None:
        for key in self._wheel.advance():
            self._expire(self._channels[key >> 16], key & 0xFFFF, now)
        if self._is_unheard:
            self._silent_seconds += TICK_SECONDS
            self._judge_silence(now)

    def _judge_silence(self, now: float) -> None:
        """Names that nobody can resolve are silent too: before we call the resolvers dead, each has had canaries."""
        dead_after = self._settings.dead_after_seconds
        if self._silent_seconds >= dead_after / 2:
            for lane in self._lanes:
                if not lane.is_suspended:
                    lane.suspend(now)
        if self._silent_seconds >= dead_after:
            self._give_up()

    def _expire(self, channel: Channel, query_id: int, now: float) -> None:
        asked = channel.pending.get(query_id)
        if asked is None or asked[2] != self._wheel.turn:
            return
        del channel.pending[query_id]
        batch, row, _ = asked
        lane = channel.lane
        lane.timed_out += 1
        lane.in_flight -= 1
        batch.in_flight -= 1
        self._fail_attempt(lane, batch, row, DnsOutcome.TIMED_OUT, now)
        self._note_silence(lane, 1, now)

    def _give_up(self) -> None:
        self._is_unheard = False
        self._silent_seconds = 0.0
        self._fail_batches(AllResolversDead(self._settings.dead_after_seconds))

    def _fail_batches(self, error: Exception) -> None:
        for batch in self._batches:
            batch.failure = error
            batch.finished.set()

    @contextmanager
    def _ending_batches_on_error(self) -> Iterator[None]:
        """An error of our own in a callback must not leave anybody waiting for ever: `resolve` raises it."""
        try:
            yield
        except Exception as error:
            self._fail_batches(error)
            raise

    def _stop_batches(self, now: float) -> None:
        for batch in self._batches:
            if not batch.stop.is_set():
                continue
            if batch.grace_until is None:
                batch.grace_until = now + GRACE_SECONDS
            if not batch.in_flight or now >= batch.grace_until:
                batch.finished.set()

    def _send_canaries(self, now: float) -> None:
        """Ask each suspended resolver for a sign of life, while anybody wants it."""
        for lane in self._lanes:
            if lane.is_suspended and self._batches and now >= lane.canary_due:
                lane.canary_due = now + CANARY_SECONDS
                lane.canaries_unanswered += 1
                self._is_unheard = True
                if lane.channels or self._connect(lane):
                    canary = Batch((b"",), (RecordType.A,), 1, asyncio.Event())
                    canary.questions[0] = lane.known_question
                    self._send_rows(lane, canary, (0,), now)

    # Sockets and streams

    def _connect(self, lane: Lane) -> bool:
        """Open a lane's sockets. One that has no route yet is suspended, and tried again whenever a canary is due."""
        try:
            sockets = connect_all(lane.address, self._settings.sockets_per_resolver)
        except OSError:
            lane.refused += 1
            lane.is_suspended = True
            return False
        for connected in sockets:
            channel = Channel(lane, len(self._channels), connected)
            lane.channels.append(channel)
            self._channels.append(channel)
            self._listen(channel)
        return True

    def _listen(self, channel: Channel) -> None:
        """Hear of what comes. Anew after each error of a socket: under uvloop, one that had any is heard no more."""
        self._loop.remove_reader(channel.socket)
        self._loop.add_reader(channel.socket, self._receive, channel)

    def _start_stream(self, lane: Lane, batch: Batch, row: int) -> None:
        """Ask again over TCP. The query stays in flight, so windows bound these tasks too."""
        lane.streamed += 1
        lane.sent += 1
        lane.bucket.take(1)
        self._bucket.take(1)
        task = self._loop.create_task(self._ask_over_stream(lane, batch.questions[row]))
        self._streams.add(task)
        batch.streams.add(task)
        task.add_done_callback(lambda done: self._end_stream(done, lane, batch, row))

    async def _ask_over_stream(self, lane: Lane, question: bytes) -> StreamReply:
        async with self._stream_slots:
            return await ask_over_stream(
                lane.address, self._draw_id({}), question, timeout_seconds=self._settings.timeout_seconds
            )

    def _end_stream(self, task: asyncio.Task[StreamReply], lane: Lane, batch: Batch, row: int) -> None:
        """Also called for a task that was cancelled before it began, which no `finally` of its own would be."""
        lane.in_flight -= 1
        batch.in_flight -= 1
        self._streams.discard(task)
        batch.streams.discard(task)
        self._feed_soon(lane)
        if task.cancelled() or batch.is_closed:
            return
        now = self._loop.time()
        with self._ending_batches_on_error():
            reply = task.result()
            if reply is None:
                self._fail_attempt(lane, batch, row, DnsOutcome.TIMED_OUT, now)
            else:
                self._hear(lane, 1)
                self._judge(lane, batch, row, reply, now)
