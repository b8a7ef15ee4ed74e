"""One query over TCP (RFC 7766), for answers that did not fit into a datagram."""

import asyncio
from typing import Final

from service.resolving.model import ResolverAddress
from service.resolving.packets import Misfit, Reply, encode_query, parse_answer

STREAMS_MAX: Final = 64  # connections at once, per engine

StreamReply = Reply | Misfit | None


async def ask_over_stream(
    address: ResolverAddress, query_id: int, question: bytes, *, timeout_seconds: float
) -> StreamReply:
    """The reply; `MALFORMED` if it is another's or cut short again; None if nothing came in time."""
    try:
        async with asyncio.timeout(timeout_seconds):
            packet = await _exchange(address, encode_query(query_id, question))
    except (OSError, EOFError, TimeoutError):
        return None
    reply = parse_answer(packet, question)
    if isinstance(reply, Misfit) or reply.truncated or int.from_bytes(packet[:2], "big") != query_id:
        return Misfit.MALFORMED
    return reply


async def _exchange(address: ResolverAddress, query: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        writer.write(len(query).to_bytes(2, "big") + query)
        length = int.from_bytes(await reader.readexactly(2), "big")
        return await reader.readexactly(length)
    finally:
        writer.transport.abort()
