"""`phaseline campaign import`: a list of names, streamed to the server as it is, and the receipt."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter
from rich.console import Group, RenderableType
from rich.text import Text

from service.cli.calling import Interrupted
from service.cli.client import Client
from service.cli.files import check_new_file, new_file
from service.cli.lists import MEDIA_TYPES, ListKind, NameList, guessed_kind, open_list
from service.cli.meters import Meter, import_line
from service.cli.places import STANDARD_STREAM, Json, Key, OrStream, Reference, Switch, Url, server
from service.cli.screens import plain_table
from service.cli.terminal import note, printable, show, write_json
from service.domains.importing.model import ImportProgress, ImportReceipt, ImportState
from service.errors import Invalid, Refused, Unavailable

REJECTS_SHOWN = 10
LOOK_SECONDS = 1.0  # between two questions how far the server is
LOOKS_IN_VAIN_MAX = 4
ANSWER_LOOKS_MAX = 120  # after a lost answer: as long as a large list may need to be merged


async def import_(
    reference: Reference,
    file: Annotated[Path, Parameter(help='The list, also with gzip; "-" is standard input.'), OrStream],
    *,
    format: Annotated[  # noqa: A002
        ListKind | None, Parameter(help="How it is written; otherwise as its name says, and text for standard input.")
    ] = None,
    column: Annotated[
        str | None, Parameter(help="In CSV: the column with the names, by its name or its index from 0.")
    ] = None,
    field: Annotated[str | None, Parameter(help='In NDJSON: the field with the name; otherwise "domain".')] = None,
    rejects: Annotated[Path | None, Parameter(help="Save all lines that gave no name to this file (NDJSON).")] = None,
    overwrite: Annotated[Switch, Parameter(help="Replace the file of rejects if it is there.")] = False,
    json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Bring a list of names into a campaign that begins with dns_validation or http_validation.

    One name a line, CSV, or NDJSON; URLs and capitals are made into names. Nothing is there before the list is whole,
    and a second list adds to the first.

    For example:

        phaseline campaign create --name mine --initial-phase dns_validation --resolver 192.0.2.53

        phaseline campaign import last names.csv.gz --column domain --rejects rejects.ndjson

        zcat names.gz | phaseline campaign import last -
    """
    kind = format or (ListKind.TEXT if file == STANDARD_STREAM else guessed_kind(file))
    check_choice(kind, column, field)
    if rejects is not None:
        check_new_file(rejects, overwrite=overwrite)
    query = {"column": column, "field": field}
    async with open_list(file) as names, server(url, key) as client:
        campaign_id = await client.find_campaign_id(reference)
        receipt = await bring_in(client, campaign_id, names, kind, query)
        if rejects is not None:
            await save_rejects(client, campaign_id, receipt, rejects, overwrite=overwrite)
    if json:
        write_json(receipt)
    else:
        show(receipt_screen(receipt, rejects))


def check_choice(kind: ListKind, column: str | None, field: str | None) -> None:
    if column is not None and kind is not ListKind.CSV:
        raise Invalid("column_unsuitable", f"--column is for CSV; this list is {kind}.")
    if field is not None and kind is not ListKind.NDJSON:
        raise Invalid("field_unsuitable", f"--field is for NDJSON; this list is {kind}.")


async def bring_in(
    client: Client, campaign_id: UUID, names: NameList, kind: ListKind, query: dict[str, str | None]
) -> ImportReceipt:
    """Send it, with the line on the terminal; where the answer is lost, ask what became of the list."""
    headers = {"Content-Type": MEDIA_TYPES[kind].value} | ({"Content-Encoding": "gzip"} if names.is_gzip else {})
    earlier = frozenset(each.import_id for each in (await client.list_imports(campaign_id)).items)
    with Meter() as meter:
        sending = Sending(names, meter)
        async with sending.looking(client, campaign_id):
            try:
                return await client.import_domains(campaign_id, sending.parts(), headers=headers, query=query)
            except Interrupted:
                found = await find_outcome(client, campaign_id, earlier)
    note("The answer was lost, but the list was taken.")
    return receipt_of(found)


class Sending:
    """What was sent so far, and what the server has read of it."""

    def __init__(self, names: NameList, meter: Meter) -> None:
        self._names = names
        self._meter = meter
        self._sent = 0
        self._lines = 0

    async def parts(self) -> AsyncIterator[bytes]:
        async for part in self._names.parts:
            yield part
            self._sent += len(part)
            if self._meter.is_due:
                self._draw()

    @contextlib.asynccontextmanager
    async def looking(self, client: Client, campaign_id: UUID) -> AsyncIterator[None]:
        """Inside, the server is asked how far it is, if anybody sees the answer."""
        task = asyncio.create_task(self._look(client, campaign_id)) if self._meter.is_shown else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _look(self, client: Client, campaign_id: UUID) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with contextlib.suppress(Refused):  # whoever sends will hear of it
                running = (await client.list_imports(campaign_id)).items[:1]
                self._lines = sum(each.lines_read for each in running if each.state is ImportState.RUNNING)
                self._draw()

    def _draw(self) -> None:
        self._meter.draw(import_line(self._sent, self._names.total_bytes, self._lines, self._meter.seconds))


async def find_outcome(client: Client, campaign_id: UUID, earlier: frozenset[UUID]) -> ImportProgress:
    """The import whose answer was lost, once it is whole; Unavailable where nothing came of it.

    A server that was just sent a list may not have begun with it, so that one look is not enough to say so.
    """
    in_vain = 0
    for _ in range(ANSWER_LOOKS_MAX):
        new = [each for each in (await client.list_imports(campaign_id)).items if each.import_id not in earlier]
        if new and new[0].state is ImportState.COMPLETED:
            return new[0]
        in_vain = 0 if new else in_vain + 1
        if in_vain == LOOKS_IN_VAIN_MAX:
            raise Unavailable(
                "import_cut", "The connection was lost before the list was whole, so nothing of it was brought in."
            )
        await asyncio.sleep(LOOK_SECONDS)
    raise Unavailable("import_unknown", "The answer was lost, and the server is still at work on the list.")


def receipt_of(found: ImportProgress) -> ImportReceipt:
    """As much of a receipt as the server remembers."""
    used = found.accepted + found.duplicates + found.rejected_count
    return ImportReceipt(
        import_id=found.import_id,
        lines_read=found.lines_read,
        accepted=found.accepted,
        duplicates=found.duplicates,
        rejected_count=found.rejected_count,
        skipped=found.lines_read - used,
        rejects=(),
        notes={},
    )


async def save_rejects(
    client: Client, campaign_id: UUID, receipt: ImportReceipt, file: Path, *, overwrite: bool
) -> None:
    """All of them; Interrupted where fewer came than there are."""
    lines = 0
    with new_file(file, overwrite=overwrite) as opened:
        async with client.open_rejects(campaign_id, receipt.import_id) as parts:
            async for part in parts:
                opened.write(part)
                lines += part.count(b"\n")
        if lines != receipt.rejected_count:
            raise Interrupted("rejects_cut", f"The names are in, but only {lines:,} of the rejects came.")


def receipt_screen(receipt: ImportReceipt, saved_to: Path | None) -> RenderableType:
    """What became of the list, what was changed on names, and the first lines that gave none."""
    parts = [f"{label:<11}{count:>11,}" for label, count in counts_of(receipt)]
    if receipt.notes:
        changes = ", ".join(f"{note} {count:,}" for note, count in receipt.notes.items())
        parts.append(f"Changed on the way: {changes}.")
    shown = list(rejects_screen(receipt, saved_to)) if receipt.rejected_count else []
    return Group(*map(Text, parts), *shown)


def counts_of(receipt: ImportReceipt) -> tuple[tuple[str, int], ...]:
    return (
        ("lines", receipt.lines_read),
        ("accepted", receipt.accepted),
        ("duplicates", receipt.duplicates),
        ("rejected", receipt.rejected_count),
        ("skipped", receipt.skipped),
    )


def rejects_screen(receipt: ImportReceipt, saved_to: Path | None) -> Iterator[RenderableType]:
    table = plain_table(">line", "reason", "text")
    table.columns[2].overflow = "ellipsis"
    table.columns[2].no_wrap = True
    for reject in receipt.rejects[:REJECTS_SHOWN]:
        table.add_row(f"{reject.line:,}", reject.reason, printable(reject.text))
    if receipt.rejects:
        yield table
    if saved_to is not None:
        yield Text(f"All of the rejects are in {saved_to}.")
    elif receipt.rejected_count > REJECTS_SHOWN:
        yield Text(f"These are the first of them; --rejects FILE saves all {receipt.rejected_count:,}.")
