"""Resolvers: really asked, for what everybody knows and for what cannot be."""

import asyncio
import ipaddress
import time
from collections.abc import Callable, Sequence

import msgspec

from service.cli.diagnosis.findings import Finding, broken, doubtful, fine
from service.errors import Invalid
from service.resolving.model import ResolverAddress, parse_resolver
from service.resolving.packets import (
    QUESTION_TAILS,
    Misfit,
    Rcode,
    RecordType,
    Reply,
    encode_query,
    encode_question,
    parse_answer,
)

ATTEMPTS = 3
ATTEMPT_SECONDS = 1.5
LATENCY_MS_MAX = 500.0
ROOT_QUESTION = QUESTION_TAILS[RecordType.NS]  # whoever resolves knows the root's name servers
NOWHERE = "invalid"  # a TLD that will never exist (RFC 6761)
RCODES = {int(code): code.name for code in Rcode}
CHOOSE = "Choose another resolver, or one of your own: public ones often limit what one client may ask."


class Heard(msgspec.Struct, frozen=True):
    """What came back, and after how long."""

    reply: Reply
    milliseconds: float


async def look_at_resolvers(resolvers: Sequence[str], entropy: Callable[[int], bytes]) -> list[Finding]:
    """All of them at the same time."""
    return list(await asyncio.gather(*(look_at_resolver(text, entropy) for text in dict.fromkeys(resolvers))))


async def look_at_resolver(text: str, entropy: Callable[[int], bytes]) -> Finding:
    check = f"resolver {text}"
    try:
        address = parse_resolver(text)
    except Invalid as refusal:
        return broken(check, refusal.message, "Give it as 192.0.2.1 or 192.0.2.1:53.")
    unlikely = encode_question(f"x{entropy(10).hex()}.{NOWHERE}", RecordType.A)
    assert unlikely is not None, "a short name in ASCII"
    known, impossible = await asyncio.gather(ask(address, ROOT_QUESTION, entropy), ask(address, unlikely, entropy))
    return judge_resolver(check, known, impossible)


def judge_resolver(check: str, known: Heard | None, impossible: Heard | None) -> Finding:
    """`None` is silence."""
    heard = [each for each in (impossible, known) if each is not None]
    if not heard:
        return broken(check, f"{ATTEMPTS} queries had no answer.", "Check its address, and firewalls on port 53.")
    refusal = next((each.reply.rcode for each in heard if is_refusal(each.reply)), None)
    if impossible is not None and impossible.reply.addresses:
        address = ipaddress.ip_address(impossible.reply.addresses[:4])
        return broken(check, f"It lies: a name that cannot exist has the address {address}, it says.", CHOOSE)
    if refusal is not None:
        return broken(check, f"It answers {RCODES[refusal]}: it resolves nothing for this machine.", CHOOSE)
    if known is None or impossible is None:
        return doubtful(check, "It answered one of two questions and was silent about the other.", CHOOSE)
    return judge_answers(check, impossible, max(each.milliseconds for each in heard))


def judge_answers(check: str, impossible: Heard, slowest: float) -> Finding:
    if impossible.reply.rcode != Rcode.NXDOMAIN:
        return doubtful(check, "It does not say that a name that cannot exist is absent.", CHOOSE)
    if slowest > LATENCY_MS_MAX:
        return doubtful(check, f"It answers after {slowest:.0f} ms.", "Choose a nearer resolver, or one of your own.")
    return fine(check, f"It answers after {slowest:.0f} ms, and calls absent what cannot exist.")


def is_refusal(reply: Reply) -> bool:
    return reply.rcode in {Rcode.REFUSED, Rcode.SERVFAIL, Rcode.NOTIMP, Rcode.FORMERR}


async def ask(address: ResolverAddress, question: bytes, entropy: Callable[[int], bytes]) -> Heard | None:
    """A few attempts over UDP; None where there was no answer, or nobody who listens."""
    for _ in range(ATTEMPTS):
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                return await ask_once(address, question, int.from_bytes(entropy(2), "big"))
        except (OSError, TimeoutError):
            continue
    return None


async def ask_once(address: ResolverAddress, question: bytes, query_id: int) -> Heard:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: Listening(question, query_id), remote_addr=(address.host, address.port)
    )
    try:
        began = time.perf_counter()
        transport.sendto(encode_query(query_id, question))
        return Heard(await protocol.reply, (time.perf_counter() - began) * 1_000)
    finally:
        transport.close()


class Listening(asyncio.DatagramProtocol):
    """Waits for the answer to one question; everything else is not heard."""

    def __init__(self, question: bytes, query_id: int) -> None:
        self.reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._question = question
        self._id = query_id.to_bytes(2, "big")

    def datagram_received(self, data: bytes, _address: object) -> None:
        found = parse_answer(data, self._question)
        if data.startswith(self._id) and not isinstance(found, Misfit) and not self.reply.done():
            self.reply.set_result(found)

    def error_received(self, error: Exception) -> None:
        if not self.reply.done():
            self.reply.set_exception(error)
