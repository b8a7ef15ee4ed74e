"""Keyset cursors: where the page before ended, in a form that callers hand back unread."""

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from service.errors import Invalid

PAGE_ITEMS_MAX = 200
PAGE_ITEMS_DEFAULT = 50
CURSOR_LENGTH_MAX = 500

Key = TypeVar("Key")
Item = TypeVar("Item")


def encode_cursor(key: object) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(key)).decode().rstrip("=")


def decode_cursor(cursor: str | None, kind: type[Key]) -> Key | None:
    """The key that a cursor of ours holds; anything else is refused."""
    if cursor is None:
        return None
    if len(cursor) > CURSOR_LENGTH_MAX:
        raise invalid_cursor()
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.msgpack.decode(packed, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise invalid_cursor() from None


def invalid_cursor() -> Invalid:
    return Invalid("cursor_invalid", "This cursor was not made by this list; begin without one.", pointer="/cursor")


def split_page(found: Sequence[Item], limit: int) -> tuple[Sequence[Item], bool]:
    """One item more than the page was asked for: is there another page?"""
    return found[:limit], len(found) > limit
