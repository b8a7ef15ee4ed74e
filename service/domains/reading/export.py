"""All domains that pass, streamed in the order of their positions, in constant memory."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from service.domains.reading import store
from service.domains.reading.model import POSITION_MAX, ExportFormat, Filters, Reading
from service.domains.reading.rows import DomainRow, Window
from service.domains.reading.showing import domain
from service.domains.reading.tables import TableWriter, writer_of
from service.errors import Conflict
from service.postgres.database import Database

BATCH_ROWS = 500  # read at once
SLICE_ROWS = 50  # turned into bytes at once: a millisecond or two in which nobody else is answered
WINDOW_POSITIONS_MIN = 500
WINDOW_POSITIONS_MAX = 100_000  # where few pass, more is looked through at once


async def stream_domains(
    database: Database, reading: Reading, filters: Filters, kind: ExportFormat, after: int
) -> AsyncIterator[bytes]:
    """The file; an error within cuts it off, so that it has neither its trailer nor its regular end."""
    writer = writer_of(kind)
    async for rows in batches(database, reading, filters, after):
        data = await written(writer, rows, reading.keywords)
        if data:
            yield data
    yield writer.finish()


async def written(writer: TableWriter, rows: Sequence[DomainRow], keywords: Sequence[str]) -> bytes:
    """The bytes that these rows make ready; a little at a time, since others have requests, too."""
    parts = []
    for start in range(0, len(rows), SLICE_ROWS):
        parts.append(writer.write([domain(row, keywords) for row in rows[start : start + SLICE_ROWS]]))
        await asyncio.sleep(0)
    return b"".join(parts)


async def batches(database: Database, reading: Reading, filters: Filters, after: int) -> AsyncIterator[list[DomainRow]]:
    """Rows behind a position. Where names are being added meanwhile, those that were there at the start are the end."""
    async with database.transaction() as tx:
        last = await store.find_last_position(tx, reading.sets)
    width = WINDOW_POSITIONS_MIN
    while after < last:
        window = Window(after + 1, min(after + width, last, POSITION_MAX) + 1)
        rows = await read_batch(database, reading, filters, window)
        is_full = len(rows) == BATCH_ROWS
        after = rows[-1].position if is_full else window.end_position - 1
        width = WINDOW_POSITIONS_MIN if is_full else min(width * 2, WINDOW_POSITIONS_MAX)
        yield rows


async def read_batch(database: Database, reading: Reading, filters: Filters, window: Window) -> list[DomainRow]:
    """Raises Conflict where a set has gone since the sets were bound: then what was read may lack rows."""
    async with database.transaction() as tx:
        await tx.join_linearly()
        rows = await store.read_rows_within(tx, reading.sets, filters, window, BATCH_ROWS)
        if not await store.are_sets_there(tx, reading.sets):
            raise Conflict("results_replaced", "The results were replaced while they were exported; begin anew.")
    return rows
