"""`phaseline campaign import`: a list of names, streamed to the server as it is, and the receipt."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec
from cyclopts import Parameter
from rich.console import Group, RenderableType
from rich.text import Text

from phaseline_client import Interrupted as Cut
from phaseline_client import Sent
from service.cli.client import Client, server
from service.cli.files import check_new_file, new_file
from service.cli.lists import MEDIA_TYPES, ListKind, NameList, guessed_kind, open_list
from service.cli.meters import Meter, import_line
from service.cli.places import STANDARD_STREAM, Json, Key, OrStream, Reference, Switch, Url
from service.cli.refusals import Interrupted
from service.cli.screens import plain_table
from service.cli.terminal import note, printable, show, write_json
from service.domains.importing.model import ImportReceipt, ImportState
from service.errors import Invalid, Refused

REJECTS_SHOWN = 10
LOOK_SECONDS = 1.0  # between two questions how far the server is


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
    async with open_list(file) as names, server(url, key) as client:
        campaign_id = await client.find_campaign_id(reference)
        receipt = await bring_in(client, campaign_id, names, Writing(kind, column, field))
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


class Writing(msgspec.Struct, frozen=True):
    """How a list is written, and where its names stand."""

    kind: ListKind
    column: str | None = None
    field: str | None = None


async def bring_in(client: Client, campaign_id: UUID, names: NameList, writing: Writing) -> ImportReceipt:
    """Send it, with the line on the terminal; where the answer is lost, ask what became of the list."""
    with Meter() as meter:
        sending = Sending(names, meter)
        async with sending.looking(client, campaign_id):
            receipt = await client.bring_in(
                campaign_id,
                names.parts,
                content_type=MEDIA_TYPES[writing.kind],
                column=writing.column,
                field=writing.field,
                on_progress=sending.tell,
                on_lost=sending.lose,
            )
    if sending.is_lost:
        note("The answer was lost, but the list was taken.")
    return receipt


class Sending:
    """What was sent so far, what the server has read of it, and whether its answer was lost."""

    def __init__(self, names: NameList, meter: Meter) -> None:
        self.is_lost = False
        self._names = names
        self._meter = meter
        self._sent = 0
        self._lines = 0

    def tell(self, sent: Sent) -> None:
        self._sent = sent.bytes
        if self._meter.is_due:
            self._draw()

    def lose(self, _cut: Cut) -> None:
        self.is_lost = True

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


async def save_rejects(
    client: Client, campaign_id: UUID, receipt: ImportReceipt, file: Path, *, overwrite: bool
) -> None:
    """All of them; Interrupted where fewer came than there are."""
    lines = 0
    with new_file(file, overwrite=overwrite) as opened:
        async with contextlib.aclosing(client.read_rejects(campaign_id, receipt.import_id)) as parts:
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
