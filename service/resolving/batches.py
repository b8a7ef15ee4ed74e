"""What one caller asked for, as columns: a row per name, no object per name or query."""

import asyncio
from array import array
from collections.abc import Sequence

import numpy as np

from service.resolving.model import Answers
from service.resolving.outcomes import UNFINISHED, DnsOutcome
from service.resolving.packets import QUESTION_TAIL_BYTES, QUESTION_TAILS, RecordType, Reply, encode_question
from service.resolving.streams import StreamReply

NOBODY = -1  # no resolver's index


class Batch:
    """The rows of one `resolve`, from not yet asked to settled.

    `questions[row]` is empty until the row is first asked. `missed_by[row]` is the lane that last left the row's
    question unanswered. `finished` is set when nothing more will happen to any row.
    """

    __slots__ = (
        "addresses",
        "addresses_v6",
        "attempts",
        "attempts_max",
        "cnames",
        "durations_ms",
        "failure",
        "failures",
        "finished",
        "grace_until",
        "in_flight",
        "is_closed",
        "missed_by",
        "names",
        "next_row",
        "outcomes",
        "questions",
        "record_types",
        "remaining",
        "resolvers",
        "stages",
        "started_at",
        "stop",
        "streams",
        "total",
    )

    def __init__(
        self,
        names: Sequence[str | bytes],
        record_types: tuple[RecordType, ...],
        attempts_max: int,
        stop: asyncio.Event,
    ) -> None:
        total = len(names)
        self.names = names
        self.record_types = record_types
        self.attempts_max = attempts_max
        self.stop = stop
        self.total = self.remaining = total
        self.next_row = 0
        self.in_flight = 0
        self.is_closed = False
        self.grace_until: float | None = None
        self.failure: Exception | None = None
        self.finished = asyncio.Event()
        self.streams: set[asyncio.Task[StreamReply]] = set()
        self.questions: list[bytes] = [b""] * total
        self.outcomes = bytearray(total)
        self.failures = bytearray(total)
        self.attempts = bytearray(total)
        self.stages = bytearray(total)
        self.missed_by = array("h", (NOBODY,)) * total
        self.resolvers = array("h", (NOBODY,)) * total
        self.durations_ms = array("i", (0,)) * total
        self.started_at = array("d", (0.0,)) * total
        self.addresses: list[bytes] = [b""] * total
        self.addresses_v6: list[bytes] = [b""] * total
        self.cnames: list[str | None] = [None] * total
        if total == 0:
            self.finished.set()

    def take_fresh(self, count: int, now: float) -> list[int]:
        """Up to `count` rows never asked before, with their questions; names that cannot be asked for are settled."""
        first = self.next_row
        self.next_row = last = min(first + count, self.total)
        record_type = self.record_types[0]
        rows: list[int] = []
        for row in range(first, last):
            question = encode_question(self.names[row], record_type)
            self.started_at[row] = now
            if question is None:
                self.settle(row, DnsOutcome.MALFORMED, NOBODY, now)
            else:
                self.questions[row] = question
                rows.append(row)
        return rows

    def question_bytes(self, row: int) -> int:
        """How long a row's question is, once it was taken."""
        return len(self.questions[row])

    def accept(self, row: int, reply: Reply, outcome: DnsOutcome) -> bool:
        """Keep what a reply without error says; tell whether the row has another record type to ask for."""
        stage = self.stages[row]
        if reply.addresses:
            column = self.addresses if self.record_types[stage] == RecordType.A else self.addresses_v6
            column[row] = reply.addresses
        if reply.cname is not None:
            self.cnames[row] = reply.cname
        if outcome is DnsOutcome.ABSENT or stage + 1 == len(self.record_types):
            return False
        self.stages[row] = stage + 1
        self.attempts[row] = 0
        self.failures[row] = UNFINISHED
        self.missed_by[row] = NOBODY
        self.questions[row] = self.questions[row][:-QUESTION_TAIL_BYTES] + QUESTION_TAILS[self.record_types[stage + 1]]
        return True

    def fail_attempt(self, row: int, outcome: DnsOutcome, lane_index: int) -> bool:
        """Count a failed attempt; tell whether one is left. What somebody said outweighs silence."""
        if outcome is DnsOutcome.TIMED_OUT:
            self.missed_by[row] = lane_index
        if outcome is not DnsOutcome.TIMED_OUT or not self.failures[row]:
            self.failures[row] = outcome
        self.attempts[row] += 1
        return self.attempts[row] < self.attempts_max

    def verdict(self, row: int, last: int) -> int:
        """A row's outcome after its last question ended as `last`: one address of any type is enough."""
        if self.addresses[row] or self.addresses_v6[row]:
            return DnsOutcome.RESOLVED
        return DnsOutcome.NO_DATA if last == DnsOutcome.RESOLVED else last

    def settle(self, row: int, outcome: int, lane_index: int, now: float) -> None:
        """A row's end."""
        assert self.outcomes[row] == UNFINISHED
        self.outcomes[row] = outcome
        self.resolvers[row] = lane_index
        self.durations_ms[row] = int((now - self.started_at[row]) * 1000)
        self.remaining -= 1
        if not self.remaining:
            self.finished.set()

    def answers(self) -> Answers:
        """The columns; they share memory with the batch, which is not used afterwards."""
        return Answers(
            outcomes=np.frombuffer(self.outcomes, np.uint8),
            duration_ms=np.frombuffer(self.durations_ms, np.int32),
            resolver=np.frombuffer(self.resolvers, np.int16),
            addresses=self.addresses,
            addresses_v6=self.addresses_v6,
            cname=self.cnames,
        )
