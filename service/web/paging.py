"""Keyset cursors: where the page before ended, sealed, in a form that callers hand back unread.

A cursor is a key and a seal: an HMAC over the key and the list that it belongs to (its route, its campaign, its filters
and order). The list itself is not in the cursor: who asks names it again, and a cursor of another list, or one that was
changed, does not fit its seal. The sealing key is a row of the database, so that all its servers agree; it is read only
when there is a cursor to read or to make.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from service.errors import Invalid
from service.postgres.database import Tx
from service.postgres.queries import load_queries

SQL = load_queries("service.web")
FIND_SECRET = SQL["find_secret"]

PAGE_ITEMS_MAX = 200
PAGE_ITEMS_DEFAULT = 50
CURSOR_LENGTH_MAX = 500
SEAL_BYTES = 16
CURSOR_SECRET = "cursors"  # noqa: S105 - the name of a row, not its value

Key = TypeVar("Key")
Item = TypeVar("Item")


async def encode_cursor(tx: Tx, scope: tuple[object, ...], key: object) -> str:
    """A sealed key; `scope` is all that tells this list from others: route, tenant or campaign, filters, order."""
    packed = msgspec.msgpack.encode(key)
    return base64.urlsafe_b64encode(seal(await get_secret(tx), scope, packed) + packed).decode().rstrip("=")


async def decode_cursor(tx: Tx, scope: tuple[object, ...], cursor: str | None, kind: type[Key]) -> Key | None:
    """The key that a cursor of this list holds; anything else is refused."""
    if cursor is None:
        return None
    sealed = unpacked(cursor)
    packed = sealed[SEAL_BYTES:]
    if not hmac.compare_digest(sealed[:SEAL_BYTES], seal(await get_secret(tx), scope, packed)):
        raise invalid_cursor()
    try:
        return msgspec.msgpack.decode(packed, type=kind)
    except msgspec.MsgspecError:
        raise invalid_cursor() from None


def unpacked(cursor: str) -> bytes:
    """The bytes of a cursor in the one form that we write: what decodes to the same bytes is not the same cursor."""
    if len(cursor) > CURSOR_LENGTH_MAX:
        raise invalid_cursor()
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise invalid_cursor() from None
    if base64.urlsafe_b64encode(sealed).decode().rstrip("=") != cursor:
        raise invalid_cursor()
    return sealed


def seal(secret: bytes, scope: tuple[object, ...], packed: bytes) -> bytes:
    """The scope is hashed first, so that its end and the key's beginning cannot be moved against each other."""
    list_hash = hashlib.sha256(msgspec.msgpack.encode(scope)).digest()
    return hmac.digest(secret, list_hash + packed, "sha256")[:SEAL_BYTES]


async def get_secret(tx: Tx) -> bytes:
    secret = await tx.value(FIND_SECRET, CURSOR_SECRET)
    assert isinstance(secret, bytes), "the migration makes it"
    return secret


def invalid_cursor() -> Invalid:
    return Invalid("cursor_invalid", "This cursor was not made by this list; begin without one.", pointer="/cursor")


def split_page(found: Sequence[Item], limit: int) -> tuple[Sequence[Item], bool]:
    """One item more than the page was asked for: is there another page?"""
    return found[:limit], len(found) > limit
