"""Two resolvers in a process of their own that know nobody, and write down when they were asked, as the kernel saw it.

    python -m tests.manners.resolver FILE [SECONDS]

SECONDS are how long each answer takes. Says its addresses in one line. Then each line that it is told is a fraction: of
so many questions it says nothing. At the end of its input it writes what it saw to FILE, and ends.
"""

import heapq
import random
import selectors
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np

HOSTS: Final = ("127.77.5.1", "127.77.5.2")
SO_TIMESTAMPNS: Final = 35  # Linux; Python has no name for it
TIMESPEC: Final = struct.Struct("qq")
DELAY_SECONDS: Final = 0.05
ARRIVALS_MAX: Final = 2_000_000
BURST_MAX: Final = 200
NXDOMAIN_FLAGS: Final = b"\x81\x83"
LISTEN_BYTES: Final = 4 << 20

# One row for each question: when it came (seconds), to whom, and how many were waiting there with it for an answer.
ARRIVAL: Final = np.dtype([("at", "f8"), ("resolver", "u1"), ("waiting", "u4")])


class Counting:
    """The sockets, what came in, and the answers that are due."""

    def __init__(self, delay_seconds: float) -> None:
        self.delay_seconds = delay_seconds
        self.sockets = [open_socket(host) for host in HOSTS]
        self.arrivals = np.zeros(ARRIVALS_MAX, dtype=ARRIVAL)
        self.count = 0
        self.waiting = [0] * len(HOSTS)
        self.due: list[tuple[float, int, bytes, tuple[str, int]]] = []
        self.loss = 0.0
        self.dice = random.Random(1)

    def receive(self, index: int) -> None:
        for _ in range(BURST_MAX):
            try:
                packet, ancillary, _, client = self.sockets[index].recvmsg(512, 64)
            except BlockingIOError:
                return
            seconds, nanoseconds = TIMESPEC.unpack(ancillary[0][2])
            is_lost = self.dice.random() < self.loss
            self.waiting[index] += not is_lost
            self.arrivals[self.count] = (seconds + nanoseconds / 1e9, index, self.waiting[index])
            self.count += 1
            if not is_lost:
                heapq.heappush(self.due, (time.monotonic() + self.delay_seconds, index, packet, client))

    def answer(self) -> float | None:
        """Answer what is due; how long until the next."""
        while self.due:
            seconds = self.due[0][0] - time.monotonic()
            if seconds > 0:
                return seconds
            _, index, packet, client = heapq.heappop(self.due)
            self.waiting[index] -= 1
            # The question without its OPT record: an answer without any record.
            question = packet[12 : packet.index(b"\0", 12) + 5]
            self.sockets[index].sendto(packet[:2] + NXDOMAIN_FLAGS + b"\0\1\0\0\0\0\0\0" + question, client)
        return None


def open_socket(host: str) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LISTEN_BYTES)
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    opened.bind((host, 0))
    opened.setblocking(False)
    return opened


def main() -> None:
    counting = Counting(float(sys.argv[2]) if len(sys.argv) > 2 else DELAY_SECONDS)
    addresses = (f"{host}:{port}" for host, port in (each.getsockname() for each in counting.sockets))
    sys.stdout.write(" ".join(addresses) + "\n")
    sys.stdout.flush()
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ, None)
        for index, listening in enumerate(counting.sockets):
            selector.register(listening, selectors.EVENT_READ, index)
        while listen(selector, counting):
            pass
    with Path(sys.argv[1]).open("wb") as file:
        np.save(file, counting.arrivals[: counting.count])


def listen(selector: selectors.BaseSelector, counting: Counting) -> bool:
    """Whether to go on."""
    for key, _ in selector.select(counting.answer()):
        if key.data is not None:
            counting.receive(key.data)
        elif line := sys.stdin.readline():
            counting.loss = float(line)
        else:
            return False
    return True


if __name__ == "__main__":
    main()
