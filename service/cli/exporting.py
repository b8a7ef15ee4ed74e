"""`phaseline campaign export`: a campaign's domains as a file, whole or told to be cut.

A break is gone on from behind the last whole row, as long as the campaign is what it was when it was seen: rows of two
different runs make no file.
"""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from phaseline_client import ExportProgress
from service.campaigns.model import Campaign
from service.cli.client import Client, server
from service.cli.files import PART_SUFFIX, new_file
from service.cli.filters import ALL_DOMAINS, Filters
from service.cli.meters import Meter, bytes_text, export_line
from service.cli.places import STANDARD_STREAM, Json, Key, OrStream, Reference, Switch, Url
from service.cli.refusals import Interrupted
from service.cli.terminal import note, show, write_json
from service.domains.reading.model import ExportFormat
from service.errors import Invalid

Write = Callable[[bytes], object]


class ExportReceipt(msgspec.Struct, frozen=True, rename="camel"):
    """What was written. `rows` is null for Parquet, whose rows stand in its footer."""

    file: str
    format: ExportFormat
    rows: int | None
    bytes: int
    resumed: int


class Job(msgspec.Struct, frozen=True):
    """One export: of which campaign, as it was seen, and where to."""

    client: Client
    seen: Campaign
    format: ExportFormat
    filters: Filters
    write: Write


async def export(
    reference: Reference,
    filters: Filters = ALL_DOMAINS,
    *,
    format: Annotated[ExportFormat, Parameter(help="How the file is written.")] = ExportFormat.CSV,  # noqa: A002
    output: Annotated[Path, Parameter(help='Where to; "-" is standard output.'), OrStream] = STANDARD_STREAM,
    overwrite: Annotated[Switch, Parameter(help="Replace the file if it is there.")] = False,
    json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Write the domains of a campaign, with what was found of them, to a file.

    The file is written as FILE.part and renamed when it is whole. When the connection breaks, CSV and NDJSON go on
    after the last whole row; a Parquet file has to be begun anew.

    For example:

        phaseline campaign export last --output domains.csv

        phaseline campaign export last --format ndjson --analysis-outcome qualified | jq -r .domain
    """
    check_output(output, format, as_json=json)
    async with server(url, key) as client:
        seen = await client.get_campaign(await client.find_campaign_id(reference))
        if output == STANDARD_STREAM:
            await transfer(Job(client, seen, format, filters, sys.stdout.buffer.write))
            sys.stdout.buffer.flush()
            return
        with new_file(output, overwrite=overwrite) as opened:
            receipt = await transfer_to_file(Job(client, seen, format, filters, opened.write), output)
    tell(receipt, as_json=json)


def check_output(output: Path, kind: ExportFormat, *, as_json: bool) -> None:
    if output != STANDARD_STREAM:
        return
    if as_json:
        raise Invalid("output_taken", "With --json, give the export a file of its own with --output.")
    if kind is ExportFormat.PARQUET and sys.stdout.isatty():
        raise Invalid("output_unsuitable", "A terminal cannot show Parquet; give it a file with --output.")


async def transfer_to_file(job: Job, output: Path) -> ExportReceipt:
    try:
        done = await transfer(job)
    except Interrupted as cut:
        raise Interrupted(cut.code, f"{cut.message} What came is in {output}{PART_SUFFIX}.") from None
    rows = None if job.format is ExportFormat.PARQUET else done.rows
    return ExportReceipt(str(output), job.format, rows, done.bytes, done.resumed)


async def transfer(job: Job) -> ExportProgress:
    """Everything, from one answer or several; how it went."""
    with Meter() as meter:
        seen = Seen(meter)
        async with contextlib.aclosing(job.client.export(job.seen, job.format, job.filters, seen.tell)) as parts:
            async for part in parts:
                job.write(part)
    if seen.progress.resumed:
        note(f"The connection broke {seen.progress.resumed} times; the export was gone on with, and is whole.")
    return seen.progress


class Seen:
    """How far an export is, with the line on the terminal."""

    def __init__(self, meter: Meter) -> None:
        self.progress = ExportProgress(bytes=0, rows=0, resumed=0)
        self._meter = meter

    def tell(self, progress: ExportProgress) -> None:
        self.progress = progress
        if self._meter.is_due:
            self._meter.draw(export_line(progress.rows, progress.bytes, self._meter.seconds))


def tell(receipt: ExportReceipt, *, as_json: bool) -> None:
    if as_json:
        write_json(receipt)
    else:
        rows = "" if receipt.rows is None else f"{receipt.rows:,} rows, "
        show(f"Wrote {rows}{bytes_text(receipt.bytes)} to {receipt.file}.")
