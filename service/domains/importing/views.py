"""Answers about imports; nothing is locked or written."""

from collections.abc import AsyncIterator
from uuid import UUID

import msgspec

from service.access.model import Principal
from service.campaigns.views import get_campaign
from service.domains.importing import store
from service.domains.importing.model import ImportList
from service.errors import NotFound
from service.postgres.database import Database, Tx

IMPORTS_SHOWN_MAX = 50
REJECTS_AT_A_TIME = 5_000

ENCODER = msgspec.json.Encoder()


async def list_imports(tx: Tx, principal: Principal, campaign_id: UUID) -> ImportList:
    await get_campaign(tx, principal, campaign_id)
    return ImportList(tuple(await store.list_imports(tx, campaign_id, IMPORTS_SHOWN_MAX)))


async def check_import(tx: Tx, principal: Principal, campaign_id: UUID, import_id: UUID) -> None:
    """NotFound unless it is a finished import of a campaign of this tenant."""
    await get_campaign(tx, principal, campaign_id)
    if not await store.is_finished(tx, import_id, campaign_id):
        raise NotFound("import_not_found", "There is no such import.")


async def stream_rejects(database: Database, import_id: UUID) -> AsyncIterator[bytes]:
    """All rejected lines as NDJSON; each block is read in a transaction of its own, so a slow reader holds nothing."""
    after = 0
    while True:
        async with database.transaction() as tx:
            rejects = await store.list_rejects(tx, import_id, after, REJECTS_AT_A_TIME)
        if not rejects:
            return
        yield ENCODER.encode_lines(rejects)
        after = rejects[-1].line
