"""`Idempotency-Key`: who asks again, because the answer was lost, gets that answer, and nothing is done twice.

On routes whose `opt` is `IDEMPOTENT`. The answer is kept in the command's own transaction, so that a crash leaves both
or neither, and is sent after the commit. Only successes are kept: what was refused left nothing behind, and may be
asked for again. While the first request is under way, a second one is told to come back (409).
"""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from litestar.utils.scope.state import ScopeState

from service.errors import Conflict, Invalid
from service.postgres.database import Tx
from service.postgres.queries import load_queries
from service.web.transactions import SHARED_TRANSACTION, open_transaction

SQL = load_queries("service.web")
CLAIM_ANSWER = SQL["claim_answer"]
FIND_ANSWER = SQL["find_answer"]
INSERT_ANSWER = SQL["insert_answer"]
DELETE_OLD_ANSWERS = SQL["delete_old_answers"]

IDEMPOTENT = {"is_idempotent": True}
KEY_LENGTH_MAX = 255
KEPT_HOURS = 24
ANSWERS_DELETED_MAX = 1_000  # rows in one clean-up
IN_PROGRESS_RETRY_SECONDS = 1
KEPT_HEADERS = frozenset({b"content-type", b"content-length", b"location", b"etag"})
REPLAYED = (b"idempotency-replayed", b"true")

Headers = list[tuple[bytes, bytes]]
decode_headers = msgspec.json.Decoder(list[tuple[str, str]]).decode


class Answer(msgspec.Struct, frozen=True):
    """An answer as it goes out."""

    status: int
    headers: Headers
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class Asked(msgspec.Struct, frozen=True):
    """Who asks under which key, and the hash of what they ask."""

    tenant_id: UUID
    key: str
    request_hash: bytes


class Held:
    """Takes an answer's messages instead of the network, until it may be sent."""

    def __init__(self) -> None:
        self._status = 0
        self._headers: Headers = []
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self._body += message["body"]

    def answer(self) -> Answer:
        assert self._status, "the handler did not answer"
        return Answer(self._status, self._headers, bytes(self._body))


def answer_once(app: ASGIApp) -> ASGIApp:
    """The middleware; a request without the header passes as it is."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not scope["route_handler"].opt.get("is_idempotent"):
            await app(scope, receive, send)
            return
        request: Request[Any, Any, State] = Request(scope, receive, send)
        key = request.headers.get("idempotency-key")
        if key is None:
            await app(scope, receive, send)
            return
        check_key(key)
        asked = Asked(request.user.tenant_id, key, hash_request(scope, await request.body()))
        async with open_transaction(request.app.state) as tx:
            answer = await answer_in(tx, asked, app, scope, receive)
        await send_answer(send, answer)

    return answering


async def answer_in(tx: Tx, asked: Asked, app: ASGIApp, scope: HTTPScope, receive: Receive) -> Answer:
    """The kept answer, or else the handler's, kept where it is a success."""
    kept = await find_answer(tx, asked, scope["litestar_app"].state["answers_hours"])
    if kept is not None:
        return kept
    held = Held()
    scope["state"][SHARED_TRANSACTION] = tx
    await app(scope, receive, held.send)
    # Litestar noted that the answer began; but it was held, and if it cannot be kept, an error is answered instead.
    ScopeState.from_scope(scope).response_started = False
    answer = held.answer()
    if answer.is_success:
        await insert_answer(tx, asked, answer)
    else:
        await tx.rollback()
    return answer


def check_key(key: str) -> None:
    if not (1 <= len(key) <= KEY_LENGTH_MAX and all("!" <= letter <= "~" for letter in key)):
        raise Invalid(
            "idempotency_key_invalid", f"An Idempotency-Key has 1 to {KEY_LENGTH_MAX} visible ASCII characters."
        )


def hash_request(scope: HTTPScope, body: bytes) -> bytes:
    """Of everything that makes it this request; method and path end where they cannot go on."""
    what = f"{scope['method']} {scope['path']}\n{if_match(scope)}\n".encode()
    return hashlib.sha256(what + body).digest()


def if_match(scope: HTTPScope) -> str:
    """A condition is a part of the command: with another one, it is another command."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"if-match"), "")


async def find_answer(tx: Tx, asked: Asked, kept_hours: float) -> Answer | None:
    """What was answered before. Conflict while that is being made; Invalid if something else was asked."""
    await tx.begin()
    if not await tx.value(CLAIM_ANSWER, str(asked.tenant_id), asked.key):
        raise Conflict(
            "idempotency_in_progress",
            "The first request with this Idempotency-Key is still under way; ask again in a moment.",
            retry_after_seconds=IN_PROGRESS_RETRY_SECONDS,
        )
    row = await tx.find(FIND_ANSWER, asked.tenant_id, asked.key, tx.now - timedelta(hours=kept_hours))
    if row is None:
        return None
    if row["request_hash"] != asked.request_hash:
        raise Invalid("idempotency_key_reused", "This Idempotency-Key was used for another request; take a new one.")
    headers = [(name.encode(), value.encode("latin-1")) for name, value in decode_headers(row["headers"])]
    return Answer(row["status"], [*headers, REPLAYED], row["body"])


async def insert_answer(tx: Tx, asked: Asked, answer: Answer) -> None:
    kept = [(name.decode(), value.decode("latin-1")) for name, value in answer.headers if name.lower() in KEPT_HEADERS]
    headers = msgspec.json.encode(kept).decode()
    await tx.execute(
        INSERT_ANSWER,
        asked.tenant_id,
        asked.key,
        asked.request_hash,
        answer.status,
        headers,
        answer.body,
        tx.now,
    )


async def send_answer(send: Send, answer: Answer) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


async def delete_old_answers(tx: Tx, hours: float = KEPT_HOURS) -> int:
    """Clear away what is no longer kept; how many, a bounded number at a time."""
    await tx.begin()
    return await tx.execute(DELETE_OLD_ANSWERS, tx.now - timedelta(hours=hours), ANSWERS_DELETED_MAX)
