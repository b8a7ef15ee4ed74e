"""Read a chunk's items: what the run's input sets hold in its range, as its kind wants it."""

from typing import assert_never

import asyncpg
import numpy as np

from service.generating.ranges import OffsetRange
from service.pipelines.model import ChunkKind, FactItems, HostItems, Items, Lease, NameItems, OffsetItems
from service.pipelines.store import SQL, retryable_codes
from service.postgres.copying import read_columns
from service.postgres.database import Tx
from service.progress.events import CampaignPhase
from service.resolving.outcomes import DnsOutcome

FIND_RANGE = SQL["find_range"]
READ_NAMES = SQL["read_names"]
READ_NAMES_WITHOUT_OUTCOME = SQL["read_names_without_outcome"]
READ_NAMES_TO_RETRY = SQL["read_names_to_retry"]
READ_NAMES_WITHOUT_PAGE = SQL["read_names_without_page"]
READ_NAMES_WITHOUT_ANSWER = SQL["read_names_without_answer"]
READ_HOSTS = SQL["read_hosts"]
READ_HOSTS_WITHOUT_OUTCOME = SQL["read_hosts_without_outcome"]
READ_HOSTS_TO_RETRY = SQL["read_hosts_to_retry"]
READ_FACTS = SQL["read_facts"]
READ_FACTS_TO_RETRY = SQL["read_facts_to_retry"]
FIND_PAGES_AGE = SQL["find_pages_age"]

# What the two queries of facts give, in their order; nothing of it is null.
FACTS = {
    "position": ">i4",
    "dns_outcome": ">i2",
    "http_outcome": ">i2",
    "unique_keywords": ">i2",
    "keyword_hits": ">i4",
    "body_bytes": ">i4",
    "title_hit": "u1",
    "parked_confidence": ">f4",
    "keyword_bits": ">i8",
}
NEVER_LEASED = "what was kept is done"
IPV4_BYTES = 4
IPV6_BYTES = 16


async def read_items(tx: Tx, lease: Lease) -> Items:
    await tx.join_linearly()
    match lease.run.phase:
        case CampaignPhase.DOMAIN_GENERATION:
            return await read_offsets(tx, lease)
        case CampaignPhase.DNS_VALIDATION:
            return await read_names(tx, lease)
        case CampaignPhase.HTTP_VALIDATION if lease.run.dns_set_id is None:
            return await read_hosts_unresolved(tx, lease)
        case CampaignPhase.HTTP_VALIDATION:
            return await read_hosts(tx, lease)
        case CampaignPhase.ANALYSIS:
            return await read_facts(tx, lease)
        case _:
            assert_never(lease.run.phase)


async def read_offsets(tx: Tx, lease: Lease) -> OffsetItems:
    row = await tx.find(FIND_RANGE, lease.run.run_id, lease.first_position)
    assert row is not None, "chunks of a generation run lie within its ranges"
    leased = OffsetRange(row["tld"], row["first_offset"], row["first_position"], row["end_position"])
    return OffsetItems(lease.first_position, lease.end_position, leased)


async def read_names(tx: Tx, lease: Lease) -> NameItems:
    run = lease.run
    bounds = (run.name_set_id, lease.first_position, lease.end_position)
    match lease.kind:
        case ChunkKind.FRESH:
            rows = await tx.fetch(READ_NAMES, *bounds)
        case ChunkKind.REMAINDER:
            rows = await tx.fetch(READ_NAMES_WITHOUT_OUTCOME, *bounds, run.run_id)
        case ChunkKind.RETRY:
            rows = await tx.fetch(READ_NAMES_TO_RETRY, *bounds, run.run_id, retryable_codes(run.phase))
        case ChunkKind.KEPT:
            raise AssertionError(NEVER_LEASED)
        case _:
            assert_never(lease.kind)
    return NameItems(np.array([row["position"] for row in rows], dtype=np.int32), [row["name"] for row in rows])


async def read_hosts(tx: Tx, lease: Lease) -> HostItems:
    run = lease.run
    bounds = (run.name_set_id, run.dns_set_id, lease.first_position, lease.end_position, int(DnsOutcome.RESOLVED))
    match lease.kind:
        case ChunkKind.FRESH:
            rows = await tx.fetch(READ_HOSTS, *bounds)
        case ChunkKind.REMAINDER:
            rows = await tx.fetch(READ_HOSTS_WITHOUT_OUTCOME, *bounds, run.run_id)
        case ChunkKind.RETRY:
            rows = await tx.fetch(READ_HOSTS_TO_RETRY, *bounds, run.run_id, retryable_codes(run.phase))
        case ChunkKind.KEPT:
            raise AssertionError(NEVER_LEASED)
        case _:
            assert_never(lease.kind)
    return HostItems(
        np.array([row["position"] for row in rows], dtype=np.int32),
        [row["name"] for row in rows],
        [unpack(row) for row in rows],
    )


async def read_hosts_unresolved(tx: Tx, lease: Lease) -> HostItems:
    """Names of a campaign that begins with HTTP: nothing is known of their addresses yet."""
    run = lease.run
    bounds = (run.name_set_id, lease.first_position, lease.end_position)
    match lease.kind:
        case ChunkKind.FRESH:
            rows = await tx.fetch(READ_NAMES, *bounds)
        case ChunkKind.REMAINDER:
            rows = await tx.fetch(READ_NAMES_WITHOUT_PAGE, *bounds, run.run_id)
        case ChunkKind.RETRY:
            rows = await tx.fetch(READ_NAMES_WITHOUT_ANSWER, *bounds, run.run_id, retryable_codes(run.phase))
        case ChunkKind.KEPT:
            raise AssertionError(NEVER_LEASED)
        case _:
            assert_never(lease.kind)
    names = [row["name"] for row in rows]
    return HostItems(np.array([row["position"] for row in rows], dtype=np.int32), names, [()] * len(names))


async def read_facts(tx: Tx, lease: Lease) -> FactItems:
    run = lease.run
    bounds = (run.name_set_id, run.dns_set_id, run.http_set_id, lease.first_position, lease.end_position)
    if lease.kind is ChunkKind.RETRY:
        data = await tx.copy_out(READ_FACTS_TO_RETRY, *bounds, run.run_id, retryable_codes(run.phase))
    else:
        data = await tx.copy_out(READ_FACTS, *bounds)
    facts = read_columns(data, FACTS)
    age = 0 if run.http_set_id is None else int(await tx.value(FIND_PAGES_AGE, run.http_set_id, tx.now))
    return FactItems(
        positions=facts["position"].astype(np.int32),
        dns_outcome=facts["dns_outcome"].astype(np.int16),
        http_outcome=facts["http_outcome"].astype(np.int16),
        unique_keywords=facts["unique_keywords"].astype(np.int32),
        keyword_hits=facts["keyword_hits"].astype(np.int32),
        body_bytes=facts["body_bytes"].astype(np.int64),
        title_hit=facts["title_hit"].astype(np.bool_),
        parked_confidence=facts["parked_confidence"].astype(np.float32),
        age_seconds=np.full(len(facts), age, dtype=np.int64),
        keyword_bits=facts["keyword_bits"].astype(np.int64),
    )


def unpack(row: asyncpg.Record) -> tuple[bytes, ...]:
    """The addresses of one name, which are stored packed, one after the other."""
    return (*cut(row["addresses"], IPV4_BYTES), *cut(row["addresses_v6"], IPV6_BYTES))


def cut(packed: bytes | None, width: int) -> tuple[bytes, ...]:
    if not packed:
        return ()
    return tuple(packed[start : start + width] for start in range(0, len(packed), width))
