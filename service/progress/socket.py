"""`/ws`: the single channel. A client subscribes; first it gets the snapshot, then changes.

A socket closes when its key or session ends (`access.engine` tells), and when the server stops. How much a client can
leave unread, and for how long, is bounded by `web.sockets`.
"""

import asyncio
import contextlib
from typing import Any
from uuid import UUID

import msgspec
from litestar import WebSocket, websocket
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect
from litestar.types import ControllerRouterHandler

from service.access.engine import Admission, Admissions
from service.access.model import Principal
from service.errors import Exhausted
from service.progress.events import CHANNEL, CampaignProgress, Subscribe
from service.progress.hub import SEND_SECONDS, Hub, Mailbox
from service.runtime.telemetry import PROGRESS_SENT, SUBSCRIBERS
from service.web.contract.marks import Conversation, speaks

REQUEST_BYTES_MAX = 500_000  # 10,000 ids and some room
REQUESTS_PER_SECOND_MAX = 5
FAREWELL_SECONDS_MAX = 2.0
POLICY_VIOLATION = 1008
TOO_BIG = 1009
GOING_AWAY = 1001
TRY_AGAIN_LATER = 1013

decode_subscribe = msgspec.json.Decoder(Subscribe).decode

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
        GOING_AWAY: "the server stops; come back in a moment",
        POLICY_VIOLATION: "the key or the session has ended, or too many messages came at once",
        TOO_BIG: f"a subscription was longer than {REQUEST_BYTES_MAX:,} characters",
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
    for each campaign, and always the last. A new subscription takes the place of the one before.
    """
    hub: Hub = socket.app.state["hub"]
    stop: asyncio.Event = socket.app.state["stop"]
    admissions: Admissions = socket.app.state["admissions"]
    await socket.accept()
    try:
        mailbox = hub.open_mailbox(socket.user.tenant_id)
    except Exhausted as refusal:
        await socket.close(code=TRY_AGAIN_LATER, reason=refusal.message)
        return
    SUBSCRIBERS.inc()
    try:
        with admissions.admit(socket.user) as admission:
            await serve_watcher(socket, hub, mailbox, admission, stop)
    finally:
        hub.close_mailbox(mailbox)
        SUBSCRIBERS.dec()


async def serve_watcher(socket: Socket, hub: Hub, mailbox: Mailbox, admission: Admission, stop: asyncio.Event) -> None:
    """Read, send, and wait for the end of the key or the server, side by side; the first that ends, ends all."""
    tasks = [
        asyncio.create_task(read_requests(socket, hub, mailbox)),
        asyncio.create_task(send_frames(socket, mailbox)),
        asyncio.create_task(admission.ended.wait()),
        asyncio.create_task(stop.wait()),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if admission.ended.is_set():
        await take_leave(socket, POLICY_VIOLATION, admission.reason)
    elif stop.is_set():
        await take_leave(socket, GOING_AWAY, "the server stops; come back in a moment")


async def take_leave(socket: Socket, code: int, reason: str) -> None:
    """Close with a reason; a client that reads nothing never hears it, and is not waited for."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(FAREWELL_SECONDS_MAX):
            await socket.close(code=code, reason=reason)


async def read_requests(socket: Socket, hub: Hub, mailbox: Mailbox) -> None:
    """Subscriptions, one after the other, each in place of the one before; not more than a few a second."""
    while True:
        try:
            text = await socket.receive_data(mode="text")
        except WebSocketDisconnect:
            return
        if len(text) > REQUEST_BYTES_MAX:
            await socket.close(code=TOO_BIG, reason="a subscription is at most 500,000 characters")
            return
        await answer_request(socket, hub, mailbox, text)
        await asyncio.sleep(1 / REQUESTS_PER_SECOND_MAX)


async def answer_request(socket: Socket, hub: Hub, mailbox: Mailbox, text: str) -> None:
    try:
        request = decode_subscribe(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        refusal = Refusal("subscription_invalid", f"{error}"[:300])
        await socket.send_data(msgspec.json.encode(refusal).decode(), mode="text")
        return
    campaign_ids = None if request.campaign_ids == "all" else request.campaign_ids
    await hub.subscribe(mailbox, campaign_ids)


async def send_frames(socket: Socket, mailbox: Mailbox) -> None:
    """Send what waits, then rest: so each campaign is sent at most five times a second, and its last state always."""
    while True:
        await mailbox.filled.wait()
        for frame in mailbox.take_all():
            await socket.send_data(frame.data, mode="text")
            PROGRESS_SENT.inc()
        await asyncio.sleep(SEND_SECONDS)


ROUTES: list[ControllerRouterHandler] = [watch_progress]
