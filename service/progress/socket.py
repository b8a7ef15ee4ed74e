"""`/ws`: the single channel. A client subscribes; first it gets the snapshot, then changes.

A socket closes when its key or session ends (`access.engine` tells), and when the server stops. How much a client can
leave unread, and for how long, is bounded by `web.sockets`.
"""

import asyncio
import contextlib
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import WebSocket, websocket
from litestar.datastructures import State
from litestar.types import ControllerRouterHandler

from service.access.engine import Admissions, Ending
from service.access.model import Principal
from service.errors import Exhausted
from service.progress.events import CHANNEL, CampaignProgress, Subscribe
from service.progress.hub import Hub
from service.progress.mailboxes import payload_of
from service.progress.sending import Delivery, Post
from service.runtime.telemetry import SUBSCRIBERS
from service.web.contract.marks import Conversation, speaks
from service.web.wires import Encoding, encode_frame, wire_of

REQUEST_BYTES_MAX = 500_000  # 10,000 ids and some room
REQUESTS_PER_SECOND_MAX = 5
FAREWELL_SECONDS_MAX = 2.0
POLICY_VIOLATION = 1008
TOO_BIG = 1009
GOING_AWAY = 1001
TRY_AGAIN_LATER = 1013

MSGPACK: Final = "phaseline.v1.msgpack"  # the subprotocol; without one, or with any other, messages are JSON

CODES = {
    Ending.KEY_ENDED: POLICY_VIOLATION,
    Ending.SESSION_ENDED: POLICY_VIOLATION,
    Ending.SERVER_STOPS: GOING_AWAY,
}

decode_subscribe = msgspec.json.Decoder(Subscribe).decode
decode_packed_subscribe = msgspec.msgpack.Decoder(Subscribe).decode

Socket = WebSocket[Principal, Any, State]


class Refusal(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    """What a client sent cannot be read; the connection stays open."""

    code: str
    message: str


ProgressMessage = CampaignProgress | Refusal
CONVERSATION = Conversation(
    channel=CHANNEL,
    name="ProgressMessage",
    sends=ProgressMessage,
    takes=Subscribe,
    closes={
        GOING_AWAY: str(Ending.SERVER_STOPS),
        POLICY_VIOLATION: "the key or the session has ended, or too many messages came at once",
        TOO_BIG: f"a subscription was longer than {REQUEST_BYTES_MAX:,} bytes",
        TRY_AGAIN_LATER: "there are too many watchers here",
    },
    examples={
        "all": Subscribe((CHANNEL,), "all"),
        "some": Subscribe((CHANNEL,), (UUID("01a20a38-1028-75e6-9ad2-0d5b1cddaef2"),)),
    },
)


@websocket("/ws", opt={"operation_id": "watch_progress", **speaks(CONVERSATION)})
async def watch_progress(socket: Socket) -> None:
    """Tell of campaigns as they move.

    First comes the newest state of each campaign that was subscribed to, then each change: at most five times a second
    for each campaign, and always the last. A new subscription takes the place of the one before. With the subprotocol
    `phaseline.v1.msgpack` the same messages go both ways as MessagePack, in binary frames.
    """
    hub: Hub = socket.app.state["hub"]
    post: Post = socket.app.state["post"]
    is_binary = MSGPACK in socket.scope["subprotocols"]
    await socket.accept(subprotocols=MSGPACK if is_binary else None)
    try:
        mailbox = hub.open_mailbox(socket.user.tenant_id)
    except Exhausted as refusal:
        await socket.close(code=TRY_AGAIN_LATER, reason=refusal.message)
        return
    wire = wire_of(socket.scope)
    delivery = post.deliver_to(mailbox, wire, Encoding(is_binary, wire.window_bits()))
    SUBSCRIBERS.inc()
    try:
        await serve_watcher(socket, hub, delivery)
    finally:
        delivery.is_closed = True
        hub.close_mailbox(mailbox)
        SUBSCRIBERS.dec()


async def serve_watcher(socket: Socket, hub: Hub, delivery: Delivery) -> None:
    """Read what it sends until it goes, its key or session ends, or the server stops. What it is sent, `Post` sends."""
    admissions: Admissions = socket.app.state["admissions"]
    loop, ending = asyncio.get_running_loop(), None
    try:
        async with asyncio.timeout(None) as patience:  # a bound that is set when it has to end
            with admissions.admit(socket.user, lambda: patience.reschedule(loop.time())) as admission:
                await read_requests(socket, hub, delivery)
    except TimeoutError:
        ending = admission.ending
        if ending is None:
            raise
    if ending is not None:
        await take_leave(socket, CODES[ending], ending)


async def take_leave(socket: Socket, code: int, reason: str) -> None:
    """Close with a reason; a client that reads nothing never hears it, and is not waited for."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(FAREWELL_SECONDS_MAX):
            await socket.close(code=code, reason=reason)


async def read_requests(socket: Socket, hub: Hub, delivery: Delivery) -> None:
    """Subscriptions, one after the other, each in place of the one before; not more than a few a second."""
    while not delivery.wire.is_gone():
        event = await socket.receive()
        if event["type"] == "websocket.disconnect":
            return
        said = event.get("bytes", event.get("text"))
        assert isinstance(said, bytes | str)
        if len(said) > REQUEST_BYTES_MAX:
            await socket.close(code=TOO_BIG, reason="a subscription is at most 500,000 bytes")
            return
        await answer_request(hub, delivery, said)
        await asyncio.sleep(1 / REQUESTS_PER_SECOND_MAX)


async def answer_request(hub: Hub, delivery: Delivery, said: bytes | str) -> None:
    try:
        request = read_subscription(said, delivery.encoding)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        refusal = Refusal("subscription_invalid", f"{error}"[:300])
        delivery.wire.write(encode_frame(payload_of(refusal, delivery.encoding), delivery.encoding))
        return
    campaign_ids = None if request.campaign_ids == "all" else request.campaign_ids
    await hub.subscribe(delivery.mailbox, campaign_ids)


def read_subscription(said: bytes | str, encoding: Encoding) -> Subscribe:
    """A text frame holds JSON, a binary one MessagePack."""
    if isinstance(said, bytes) != encoding.is_binary:
        wanted = "MessagePack in a binary frame" if encoding.is_binary else "JSON in a text frame"
        raise msgspec.ValidationError(f"Expected {wanted}")
    return decode_packed_subscribe(said) if isinstance(said, bytes) else decode_subscribe(said)


ROUTES: list[ControllerRouterHandler] = [watch_progress]
