"""Datagrams to one peer, several in one system call where the kernel can.

Linux cuts one message into datagrams of one size, the last of which may be shorter (generic segmentation offload, the
socket option UDP_SEGMENT of `udp(7)`, since 4.18). Each arrives as if it had been sent alone; a call for sixteen costs
three times as much as one for a single datagram.
"""

import errno
import socket
import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

UDP_SEGMENT: Final = 103  # the socket module does not name it
# What a kernel or a device says that does not segment, or not in such pieces; then each goes alone.
UNSEGMENTED: Final = frozenset({errno.EINVAL, errno.EIO, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EMSGSIZE})


class Sent(NamedTuple):
    """So many went out. When `is_broken`, the socket is, and the last of them was lost to that."""

    datagrams: int
    is_broken: bool


class DatagramSender:
    """Sends through a connected, non-blocking UDP socket."""

    __slots__ = ("_is_segmenting", "_socket")

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._is_segmenting = sys.platform == "linux"

    def send(self, packets: Sequence[bytes]) -> Sent:
        """Send in this order until the socket takes no more; the fewest calls where lengths descend."""
        count = 0
        try:
            while count < len(packets):
                count += self._send_some(packets, count)
        except BlockingIOError:
            return Sent(count, is_broken=False)
        except OSError:
            return Sent(count + 1, is_broken=True)
        return Sent(count, is_broken=False)

    def _send_some(self, packets: Sequence[bytes], first: int) -> int:
        """Send what fits into one call; how many."""
        size = len(packets[first])
        end = first + 1
        if self._is_segmenting:
            while end < len(packets) and len(packets[end]) == size:
                end += 1
            if end < len(packets) and len(packets[end]) < size:
                end += 1
        if end == first + 1:
            self._socket.send(packets[first])
            return 1
        segment = (socket.IPPROTO_UDP, UDP_SEGMENT, size.to_bytes(2, sys.byteorder))
        try:
            self._socket.sendmsg(packets[first:end], (segment,))
        except OSError as error:
            if error.errno not in UNSEGMENTED:
                raise
            self._is_segmenting = False
            return self._send_some(packets, first)
        return end - first
