"""The wires and relays do what they say: a run over wires that harm nobody would prove nothing."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator

import pytest

from tests.chaos.faults import KINDS, harm_wire
from tests.chaos.neighbourhood import Manner, Relay, Resolvers
from tests.link import Link, linked_to, read

BYTES = b"x" * 1_000
MOMENT_SECONDS = 0.2
# Header, the question `ab.` of type A, and one record.
ANSWER = bytes.fromhex("1234 8180 0001 0001 0000 0000 02 6162 00 0001 0001 c00c 0001 0001 0000003c 0004 7f4d0101")
QUESTION = ANSWER[:20]


@pytest.fixture
async def wire() -> AsyncIterator[tuple[Link, int]]:
    """A wire to somebody who says all again."""

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await read(reader):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(repeat, "127.0.0.1", 0)
    async with server, linked_to(("127.0.0.1", server.sockets[0].getsockname()[1])) as (link, port):
        yield link, port


async def heard(port: int) -> bytes | None:
    """What is said again of our bytes; None: nothing, and the connection stays open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(BYTES)
    try:
        async with asyncio.timeout(MOMENT_SECONDS):
            return await reader.readexactly(len(BYTES))
    except asyncio.IncompleteReadError as end:
        return end.partial
    except ConnectionError:
        return b""
    except TimeoutError:
        return None
    finally:
        writer.transport.abort()


@pytest.mark.parametrize(("kind", "expected"), [("freezes", None), ("refuses", b""), ("cuts", b""), ("delays", None)])
async def test_a_harmed_wire_passes_nothing_until_it_is_mended(
    wire: tuple[Link, int], kind: str, expected: bytes | None
) -> None:
    link, port = wire
    assert await heard(port) == BYTES
    harm_wire(link, kind, random.Random(1))
    if kind == "cuts":
        link.cut_each_after(len(BYTES) + 1)  # there, and not back
    if kind == "delays":
        link.delay_seconds = 2 * MOMENT_SECONDS
    assert await heard(port) == expected
    link.mend()
    assert await heard(port) == BYTES


async def test_a_reset_ends_what_is_open_and_nothing_else(wire: tuple[Link, int]) -> None:
    link, port = wire
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(BYTES)
    assert await reader.readexactly(len(BYTES)) == BYTES
    harm_wire(link, "resets", random.Random(1))
    with pytest.raises(ConnectionResetError):
        await reader.readexactly(1)
    writer.close()
    assert await heard(port) == BYTES


def test_every_kind_of_harm_is_tried_here() -> None:
    assert set(KINDS) == {"freezes", "refuses", "cuts", "delays", "resets"}


@pytest.mark.parametrize("manner", list(Manner))
async def test_resolvers_answer_in_their_manner(manner: Manner) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as truthful:
        truthful.bind(("127.0.0.1", 0))
        truthful.setblocking(False)
        resolvers = Resolvers()
        resolvers.manner = manner
        relay = Relay(resolvers, truthful.getsockname(), 0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.setblocking(False)
            asker.connect(("127.0.0.1", relay.port))
            asker.send(QUESTION)
            asked, sender = await loop.sock_recvfrom(truthful, 512)
            assert asked == QUESTION
            truthful.sendto(ANSWER, sender)
            try:
                async with asyncio.timeout(MOMENT_SECONDS):
                    answer = await loop.sock_recv(asker, 512)
            except TimeoutError:
                answer = b"(nothing)"
        relay.close()
    assert (answer == ANSWER) == (manner is Manner.TRUE)
    assert (answer == b"(nothing)") == (manner is Manner.SILENT)
    if manner in {Manner.SERVFAIL, Manner.NXDOMAIN}:
        assert answer[:2] == ANSWER[:2]
        assert answer[3] & 0x0F == {Manner.SERVFAIL: 2, Manner.NXDOMAIN: 3}[manner]
        assert answer[12:] == QUESTION[12:]
