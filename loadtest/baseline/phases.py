"""The four phases: what they make of a batch, and how they write it, in one transaction."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from loadtest.baseline.finding import find_addresses, find_pages
from loadtest.baseline.plans import ANALYSIS, DNS, GENERATION, HTTP, PHASES
from loadtest.baseline.reading import SQL, Campaign, Found, Named
from loadtest.baseline.scoring import score_pages
from loadtest.baseline.words import DNS_WORDS, OK, Features, old_addresses, old_page, old_verdict

JOB_TYPES: Final = dict(zip(PHASES, ("generation", DNS, HTTP, "analysis"), strict=True))
NAME_COLUMNS: Final = ("id", "campaign_id", "domain_name", "offset_index", "tld")
decode_features = msgspec.json.Decoder(Features).decode


class Statements(msgspec.Struct, frozen=True):
    """Those of a phase that updates rows, and the words by which it is counted."""

    update: str
    count: str
    words: tuple[str, ...]


STATEMENTS: Final[Mapping[str, Statements]] = {
    DNS: Statements("update_resolved", "count_resolved", ("ok", "error", "timeout")),
    HTTP: Statements("update_fetched", "count_fetched", ("ok", "error", "timeout")),
    ANALYSIS: Statements("update_judged", "count_judged", ("match", "no_match", "error", "timeout")),
}
SUCCESSES: Final = (OK.status, "match", "no_match")


class Rows(NamedTuple):
    """What a phase made of a batch: columns, of which the first are offsets, and the status of each row."""

    columns: tuple[Sequence[object], ...]
    statuses: Sequence[str]


class Written(NamedTuple):
    """How many of a batch ended how, and what the campaign has in all: generated, resolved, fetched, leads."""

    processed: int
    successful: int
    failed: int
    in_all: tuple[int, int, int, int]


def name_domains(batch: Sequence[Named]) -> Rows:
    chance = os.urandom(16 * len(batch))
    ids = [UUID(bytes=chance[start : start + 16], version=4) for start in range(0, len(chance), 16)]
    offsets, names = zip(*batch, strict=True)
    return Rows((offsets, names, ids), [OK.status] * len(batch))


def resolve(batch: Sequence[Named]) -> Rows:
    offsets, names = zip(*batch, strict=True)
    found = find_addresses(names)
    statuses, reasons = zip(*(DNS_WORDS[code] for code in found.outcomes.tolist()), strict=True)
    return Rows((offsets, statuses, [old_addresses(packed) for packed in found.addresses], reasons), statuses)


def fetch(batch: Sequence[Named]) -> Rows:
    offsets, names = zip(*batch, strict=True)
    columns = tuple(zip(*map(old_page, find_pages(names)), strict=True))
    return Rows((offsets, *columns), columns[0])


def judge(batch: Sequence[Found]) -> Rows:
    scores = score_pages([decode_features(row.feature_vector) if row.feature_vector else None for row in batch])
    verdicts = (
        old_verdict(row.dns_status, row.http_status, reason)
        for row, reason in zip(batch, scores.reason.tolist(), strict=True)
    )
    statuses, reasons = zip(*verdicts, strict=True)
    return Rows(([row.offset for row in batch], statuses, scores.score.tolist(), reasons), statuses)


async def write(connection: asyncpg.Connection, campaign: Campaign, phase: str, rows: Rows) -> Written:
    """Names by COPY, the others in place; then what is counted of them."""
    if phase == GENERATION:
        return await write_names(connection, campaign, rows)
    statements = STATEMENTS[phase]
    await connection.execute(SQL[statements.update].text, campaign.campaign_id, *rows.columns)
    counted = Counter(rows.statuses)
    each = [counted[word] for word in statements.words]
    in_all = await connection.fetchrow(SQL[statements.count].text, campaign.campaign_id, len(rows.statuses), *each)
    successful = sum(counted[word] for word in SUCCESSES)
    return Written(len(rows.statuses), successful, len(rows.statuses) - successful, tuple(in_all))


async def write_names(connection: asyncpg.Connection, campaign: Campaign, rows: Rows) -> Written:
    """With how far the pattern was enumerated."""
    offsets, names, ids = rows.columns
    campaign_id, pattern = campaign.campaign_id, campaign.pattern
    records = [
        (id_, campaign_id, name, offset, pattern.tld) for id_, name, offset in zip(ids, names, offsets, strict=True)
    ]
    await connection.copy_records_to_table("generated_domains", columns=list(NAME_COLUMNS), records=records)
    details = msgspec.json.encode(pattern).decode()
    await connection.execute(SQL["upsert_offset"].text, pattern.config_hash, offsets[-1], details)
    in_all = await connection.fetchrow(SQL["count_generated"].text, campaign_id, len(records))
    return Written(len(records), len(records), 0, tuple(in_all))
