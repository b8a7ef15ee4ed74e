"""Two web hosts and a resolver in a process of their own, that write down when they were asked, as the kernel saw it.

    python -m tests.manners.web FILE

Says the resolver's address and the hosts' port in one line. `shopN.com` lives at the first address where N is even, at
the second where it is odd; every twenty-first one tells who asks it first to come back after a second. At the end of
its input it writes what it saw to FILE, and ends.
"""

import heapq
import re
import selectors
import socket
import struct
import sys
import time
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from tests.manners.resolver import SO_TIMESTAMPNS, TIMESPEC, open_socket

HOSTS: Final = ("127.77.6.1", "127.77.6.2")
RESOLVER: Final = "127.77.6.3"
DELAY_SECONDS: Final = 0.05
VISITS_MAX: Final = 200_000
REQUEST_BYTES_MAX: Final = 16_384
BACKLOG: Final = 1_024
BUSY_EVERY: Final = 21  # odd, so that both addresses have as many
RETRY_AFTER_SECONDS: Final = 1
BODY: Final = b"<html><title>shop</title><p>" + b"some words to read " * 525 + b"</p></html>"
PAGE: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
BUSY: Final = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %d\r\nContent-Length: 0\r\n\r\n" % RETRY_AFTER_SECONDS
HOST: Final = re.compile(rb"\r\nHost: shop(\d+)\.com", re.IGNORECASE)
NAME: Final = re.compile(rb"\x00\x00\x00\x00\x00.[\x00-\x3f]shop(\d+)\x03com\x00", re.IGNORECASE | re.DOTALL)
A: Final = b"\x00\x01"
ANSWERED_FLAGS: Final = b"\x81\x80"

# One row for each request: when it came (seconds), of which host, at which address, and how many connections that
# address had then.
VISIT: Final = np.dtype([("at", "f8"), ("host", "u4"), ("address", "u1"), ("connections", "u4")])


class Connection:
    """One client at one address, and what it has said so far."""

    def __init__(self, opened: socket.socket, address: int) -> None:
        self.socket = opened
        self.address = address
        self.request = b""


class Web:
    """The sockets, who came, and the pages that are due."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self.selector = selector
        self.visits = np.zeros(VISITS_MAX, dtype=VISIT)
        self.count = 0
        self.connections = [0] * len(HOSTS)
        self.due: list[tuple[float, int, Connection, bytes]] = []
        self.told_to_wait: set[int] = set()

    def accept(self, listening: socket.socket, address: int) -> None:
        while True:
            try:
                opened, _ = listening.accept()
            except BlockingIOError:
                return
            opened.setblocking(False)
            self.connections[address] += 1
            self.selector.register(opened, selectors.EVENT_READ, partial(self.read, Connection(opened, address)))

    def read(self, connection: Connection) -> None:
        """The head of a request comes in one piece or several; its last piece tells when it came."""
        try:
            part, ancillary, _, _ = connection.socket.recvmsg(REQUEST_BYTES_MAX, 64)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        connection.request += part
        if not part:
            self.close(connection)
        elif connection.request.endswith(b"\r\n\r\n"):
            seconds, nanoseconds = TIMESPEC.unpack(ancillary[0][2])
            self.note(connection, seconds + nanoseconds / 1e9)

    def note(self, connection: Connection, at: float) -> None:
        found = HOST.search(connection.request)
        assert found is not None
        host, address = int(found[1]), connection.address
        is_busy = host % BUSY_EVERY == 0 and host not in self.told_to_wait
        self.told_to_wait.add(host)
        self.visits[self.count] = (at, host, address, self.connections[address])
        answer = BUSY if is_busy else PAGE
        heapq.heappush(self.due, (time.monotonic() + DELAY_SECONDS, self.count, connection, answer))
        self.count += 1

    def answer(self) -> float | None:
        """Answer what is due; how long until the next."""
        while self.due:
            seconds = self.due[0][0] - time.monotonic()
            if seconds > 0:
                return seconds
            _, _, connection, page = heapq.heappop(self.due)
            if connection.socket.fileno() >= 0:
                connection.socket.send(page)  # smaller than what a new connection takes at once
                self.close(connection)
        return None

    def close(self, connection: Connection) -> None:
        self.selector.unregister(connection.socket)
        connection.socket.close()
        self.connections[connection.address] -= 1


def resolve(listening: socket.socket) -> None:
    """Tell one client the address of a name; of anything else that there is nothing."""
    try:
        packet, client = listening.recvfrom(512)
    except BlockingIOError:
        return
    end = packet.index(b"\0", 12) + 5
    found = NAME.match(packet, 6)
    is_known = found is not None and packet[end - 4 : end - 2] == A
    header = packet[:2] + ANSWERED_FLAGS + struct.pack("!HHHH", 1, int(is_known), 0, 0)
    record = b""
    if found is not None and is_known:
        address = socket.inet_aton(HOSTS[int(found[1]) % len(HOSTS)])
        record = b"\xc0\x0c" + packet[end - 4 : end] + struct.pack("!IH", 60, 4) + address
    listening.sendto(header + packet[12:end] + record, client)


def listen_at(host: str, port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)  # its connections have it from the first
    opened.bind((host, port))
    opened.listen(BACKLOG)
    opened.setblocking(False)
    return opened


def main() -> None:
    first = listen_at(HOSTS[0], 0)
    port = first.getsockname()[1]
    resolver = open_socket(RESOLVER)
    with selectors.DefaultSelector() as selector:
        web = Web(selector)
        for address, listening in enumerate((first, *(listen_at(host, port) for host in HOSTS[1:]))):
            selector.register(listening, selectors.EVENT_READ, partial(web.accept, listening, address))
        selector.register(resolver, selectors.EVENT_READ, partial(resolve, resolver))
        selector.register(sys.stdin, selectors.EVENT_READ, None)
        sys.stdout.write(f"{RESOLVER}:{resolver.getsockname()[1]} {port}\n")
        sys.stdout.flush()
        while listen(selector, web):
            pass
    with Path(sys.argv[1]).open("wb") as file:
        np.save(file, web.visits[: web.count])


def listen(selector: selectors.BaseSelector, web: Web) -> bool:
    """Whether to go on."""
    for key, _ in selector.select(web.answer()):
        if key.data is None:
            return False
        key.data()
    return True


if __name__ == "__main__":
    main()
