"""`phaseline campaign export`: a campaign's domains as a file, whole or told to be cut.

A break is gone on from behind the last whole row, a bounded number of times, as long as the campaign is what it was:
rows of two different runs make no file.
"""

import asyncio
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from service.campaigns.model import Campaign
from service.cli.calling import Interrupted
from service.cli.client import Client
from service.cli.files import PART_SUFFIX, new_file
from service.cli.meters import Meter, bytes_text, export_line
from service.cli.places import STANDARD_STREAM, Json, Key, OrStream, Reference, Switch, Url, server
from service.cli.repeating import growing_pauses
from service.cli.rows import Table, table_of
from service.cli.terminal import note, show, write_json
from service.domains.reading.model import ExportFormat
from service.errors import Conflict, Invalid, Unavailable

RESUMES_MAX = 20  # of one export
RESUMES_IN_VAIN_MAX = 4  # in a row, without a row
PAUSE_SECONDS_MIN = 0.5
PAUSE_SECONDS_MAX = 15.0

Outcomes = Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)]
Write = Callable[[bytes], object]


# A dataclass, because that is what the command line's parser can fill in.
@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which domains; the server checks the values, and names those that there are."""

    dns_outcome: Annotated[Outcomes, Parameter(help="Only with one of these outcomes of DNS; repeat for more.")] = ()
    http_outcome: Annotated[Outcomes, Parameter(help="Only with one of these outcomes of HTTP; repeat for more.")] = ()
    analysis_outcome: Annotated[
        Outcomes, Parameter(help="Only with one of these verdicts, as qualified; repeat for more.")
    ] = ()
    keyword: Annotated[str | None, Parameter(help="Only where this keyword stands on the page.")] = None
    score_min: Annotated[float | None, Parameter(help="Only with at least this score, 0 to 1.")] = None
    score_max: Annotated[float | None, Parameter(help="Only with at most this score, 0 to 1.")] = None
    prefix: Annotated[str | None, Parameter(help="Only names that begin so.")] = None


ALL_DOMAINS = Filters()


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
    query: tuple[tuple[str, str], ...]
    table: Table
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
        query = (("format", format.value), *query_of(filters))
        if output == STANDARD_STREAM:
            job = Job(client, seen, query, table_of(format), sys.stdout.buffer.write)
            await transfer(job)
            sys.stdout.buffer.flush()
            return
        with new_file(output, overwrite=overwrite) as opened:
            job = Job(client, seen, query, table_of(format), opened.write)
            receipt = await transfer_to_file(job, output, format)
    tell(receipt, as_json=json)


def check_output(output: Path, kind: ExportFormat, *, as_json: bool) -> None:
    if output != STANDARD_STREAM:
        return
    if as_json:
        raise Invalid("output_taken", "With --json, give the export a file of its own with --output.")
    if kind is ExportFormat.PARQUET and sys.stdout.isatty():
        raise Invalid("output_unsuitable", "A terminal cannot show Parquet; give it a file with --output.")


def query_of(filters: Filters) -> tuple[tuple[str, str], ...]:
    several = {
        "dnsOutcome": filters.dns_outcome,
        "httpOutcome": filters.http_outcome,
        "analysisOutcome": filters.analysis_outcome,
    }
    single = {
        "keyword": filters.keyword,
        "scoreMin": filters.score_min,
        "scoreMax": filters.score_max,
        "prefix": filters.prefix,
    }
    return (
        *((name, value) for name, values in several.items() for value in values),
        *((name, str(value)) for name, value in single.items() if value is not None),
    )


async def transfer_to_file(job: Job, output: Path, kind: ExportFormat) -> ExportReceipt:
    try:
        size, resumed = await transfer(job)
    except Interrupted as cut:
        raise Interrupted(cut.code, f"{cut.message} What came is in {output}{PART_SUFFIX}.") from None
    rows = None if kind is ExportFormat.PARQUET else job.table.rows
    return ExportReceipt(str(output), kind, rows, size, resumed)


async def transfer(job: Job) -> tuple[int, int]:
    """Everything, from one answer or several; how many bytes were written, and how often it was gone on with."""
    with Meter() as meter:
        copy = Copy(job, meter)
        resumes = Resumes(job.table)
        while True:
            try:
                if resumes.count:
                    await check_unchanged(job)
                end = await copy.read_answer()
                break
            except Unavailable as error:
                if not resumes.count and not isinstance(error, Interrupted):
                    raise  # nothing has begun
                await asyncio.sleep(resumes.next_pause())
    if resumes.count:
        await check_unchanged(job)
        note(f"The connection broke {resumes.count} times; the export was gone on with, and is whole.")
    copy.write(end)
    return copy.size, resumes.count


class Copy:
    """From answers to the file, with the line on the terminal."""

    def __init__(self, job: Job, meter: Meter) -> None:
        self.size = 0
        self._job = job
        self._meter = meter

    async def read_answer(self) -> bytes:
        """One answer to its end, and the end of the file, which is not written yet; Interrupted where it was cut."""
        table = self._job.table
        query = (*self._job.query, ("after", str(table.last_position)))
        async with self._job.client.open_export(self._job.seen.id, query) as parts:
            table.begin()
            async for part in parts:
                self.write(table.feed(part))
        return table.finish()

    def write(self, data: bytes) -> None:
        if data:
            self._job.write(data)
            self.size += len(data)
        if self._meter.is_due:
            self._meter.draw(export_line(self._job.table.rows, self.size, self._meter.seconds))


class Resumes:
    """How often an export was gone on with; its bounds."""

    def __init__(self, table: Table) -> None:
        self.count = 0
        self._table = table
        self._rows = 0
        self._in_vain = 0
        self._pauses = growing_pauses(PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX, random.random)

    def next_pause(self) -> float:
        """Seconds before the next attempt; Interrupted where there is none."""
        if not self._table.is_resumable:
            raise Interrupted("export_cut", "The export was cut off, and a Parquet file has to be begun anew.")
        if self._table.rows > self._rows:
            self._pauses = growing_pauses(PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX, random.random)
            self._in_vain = 0
        self._rows = self._table.rows
        self._in_vain += 1
        if self.count == RESUMES_MAX or self._in_vain > RESUMES_IN_VAIN_MAX:
            raise Interrupted("export_cut", f"The export was cut {self.count + 1} times, last at row {self._rows:,}.")
        self.count += 1
        return next(self._pauses)


async def check_unchanged(job: Job) -> None:
    """Conflict where somebody moved the campaign meanwhile: what is read now may be of another run."""
    if (await job.client.get_campaign(job.seen.id)).version != job.seen.version:
        raise Conflict(
            "campaign_changed",
            "The connection broke, and the campaign has moved on meanwhile: begin the export anew.",
        )


def tell(receipt: ExportReceipt, *, as_json: bool) -> None:
    if as_json:
        write_json(receipt)
    else:
        rows = "" if receipt.rows is None else f"{receipt.rows:,} rows, "
        show(f"Wrote {rows}{bytes_text(receipt.bytes)} to {receipt.file}.")
