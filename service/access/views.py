"""Answers about access; nothing is locked or written."""

from service.access import store
from service.access.model import ActPage, Principal
from service.postgres.database import Tx
from service.web.paging import decode_cursor, encode_cursor, split_page


async def list_acts(tx: Tx, principal: Principal, *, cursor: str | None, limit: int) -> ActPage:
    scope = ("acts", principal.tenant_id)
    before = await decode_cursor(tx, scope, cursor, int)
    found, more = split_page(await store.list_acts(tx, principal.tenant_id, before=before, limit=limit + 1), limit)
    return ActPage(tuple(act for _, act in found), await encode_cursor(tx, scope, found[-1][0]) if more else None)
