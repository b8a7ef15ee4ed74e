"""Sockets on loopback that share one port number over several addresses."""

import errno
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

from service.errors import Unavailable

# Any free port of one address may be taken on another: then the next one is tried.
FREE_PORT_ATTEMPTS_MAX: Final = 32
UDP_BUFFER_BYTES: Final = 4_194_304  # a burst of questions should wait, not be lost; the kernel may grant less


@contextmanager
def bound_sockets(
    purpose: str, addresses: Sequence[str], port: int, kinds: Sequence[socket.SocketKind]
) -> Iterator[list[socket.socket]]:
    """One socket for each kind and address, all on `port` or, if that is 0, on one free port; closed at the end.

    Raises Unavailable if the port is in use or an address cannot be had; `purpose` names the port in that sentence.
    """
    with ExitStack() as stack:
        yield _bind_with_retries(purpose, addresses, port, kinds, stack)


def port_of(sockets: Sequence[socket.socket]) -> int:
    """The port that all of `sockets` share."""
    port: int = sockets[0].getsockname()[1]
    return port


def _bind_with_retries(
    purpose: str, addresses: Sequence[str], port: int, kinds: Sequence[socket.SocketKind], stack: ExitStack
) -> list[socket.socket]:
    for attempts_left in reversed(range(1 if port else FREE_PORT_ATTEMPTS_MAX)):
        with ExitStack() as attempt:
            try:
                sockets = _bind(addresses, port, kinds, attempt)
            except OSError as error:
                if error.errno != errno.EADDRINUSE or not attempts_left:
                    raise _unavailable(purpose, port, error) from error
                continue
            stack.push(attempt.pop_all())
            return sockets
    raise AssertionError("the last attempt returns or raises")


def _bind(
    addresses: Sequence[str], port: int, kinds: Sequence[socket.SocketKind], attempt: ExitStack
) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    for kind in kinds:
        for address in addresses:
            bound = attempt.enter_context(socket.socket(socket.AF_INET, kind))
            bound.settimeout(0.0)
            _set_options(bound)
            bound.bind((address, port))
            port = port or port_of([bound])
            sockets.append(bound)
    return sockets


def _set_options(bound: socket.socket) -> None:
    if bound.type is socket.SOCK_STREAM:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier run may linger
    else:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_BUFFER_BYTES)


def _unavailable(purpose: str, port: int, error: OSError) -> Unavailable:
    if error.errno == errno.EADDRINUSE and port:
        return Unavailable("port_in_use", f"The sandbox's {purpose} port {port} is in use by another program.")
    return Unavailable("cannot_listen", f"The sandbox cannot listen for {purpose}: {error.strerror}.")
