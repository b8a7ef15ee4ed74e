"""Rows of domains and of what was found for them, block by block, as COPY takes them."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
import numpy as np

from loadtest.baseline.finding import FoundAddresses, find_addresses, find_pages
from loadtest.baseline.plans import Plan
from loadtest.baseline.scoring import score_pages
from loadtest.baseline.words import DNS_WORDS, OK, Features, OldPage, old_addresses, old_page, old_verdict
from service.fetching.model import Probe
from service.resolving.outcomes import DnsOutcome

BLOCK_ROWS: Final = 10_000
PHASE_TIME = timedelta(minutes=10)
DOMAIN_COLUMNS: Final = (
    *("id", "campaign_id", "domain_name", "offset_index", "tld", "generated_at"),
    *("dns_status", "dns_ip", "dns_reason", "last_validated_at"),
    *OldPage._fields,
    "last_http_fetched_at",
    *("lead_status", "lead_score", "domain_score", "rejection_reason"),
)
DNS_RESULT_COLUMNS: Final = (
    *("id", "dns_campaign_id", "generated_domain_id", "domain_name", "validation_status", "dns_records"),
    *("validated_by_persona_id", "attempts", "last_checked_at", "created_at"),
)
HTTP_RESULT_COLUMNS: Final = (
    *("id", "http_keyword_campaign_id", "dns_result_id", "domain_name", "validation_status", "http_status_code"),
    *("response_headers", "page_title", "extracted_content_snippet", "found_keywords_from_sets"),
    *("found_ad_hoc_keywords", "content_hash", "validated_by_persona_id", "attempts", "last_checked_at", "created_at"),
)
RESULT_WORDS: Mapping[int, str] = {
    DnsOutcome.RESOLVED: "resolved",
    DnsOutcome.ABSENT: "unresolved",
    DnsOutcome.NO_DATA: "unresolved",
    DnsOutcome.TIMED_OUT: "timeout",
}
UNRESOLVED = ("pending", None, None)
UNTOUCHED = OldPage("pending", None, None, None, None, None, None, None)
UNSCORED = ("pending", None, None, None)
HEADERS = '{"content-type": "text/html; charset=utf-8", "server": "nginx"}'

Row = tuple[object, ...]
encode, decode_features = msgspec.json.encode, msgspec.json.Decoder(Features).decode


class Block(NamedTuple):
    """Some neighbouring domains of the campaign that made them, and what DNS and HTTP find for them."""

    offsets: range
    names: list[str]
    found: FoundAddresses
    probes: list[Probe | None]

    def count_done(self, plan: Plan, phase: int) -> int:
        """How many of the block a phase has come to: it takes domains in the order of their offsets."""
        return min(max(plan.done(phase) - self.offsets.start, 0), len(self.offsets))


def blocks_of(plan: Plan, *, asks_dns: bool = True, asks_http: bool = True) -> Iterator[Block]:
    """Of all domains that the campaign, or its source, made."""
    owner = owner_of(plan)
    names = owner.pattern.spell_names(0, owner.made)
    for first in range(0, owner.made, BLOCK_ROWS):
        offsets = range(first, min(first + BLOCK_ROWS, owner.made))
        yield make_block(offsets, list(itertools.islice(names, len(offsets))), asks_dns=asks_dns, asks_http=asks_http)


def owner_of(plan: Plan) -> Plan:
    return plan if plan.source is None else owner_of(plan.source)


def make_block(offsets: range, names: list[str], *, asks_dns: bool, asks_http: bool) -> Block:
    found = find_addresses(names if asks_dns else [])
    is_resolved = (found.outcomes == DnsOutcome.RESOLVED).tolist()
    pages = iter(find_pages(list(itertools.compress(names, is_resolved))) if asks_http else [])
    return Block(offsets, names, found, [next(pages, None) if resolved else None for resolved in is_resolved])


def ids_of(plan: Plan, kind: str, offsets: range) -> list[UUID]:
    """Ids of a block's rows, the same whenever they are asked for."""
    chance = np.random.default_rng([plan.seed, plan.number, *kind.encode(), offsets.start])
    drawn = chance.bytes(16 * len(offsets))
    return [UUID(bytes=drawn[start : start + 16], version=4) for start in range(0, len(drawn), 16)]


def domain_rows(plan: Plan) -> Iterator[Row]:
    """What stands in the row of each domain, as far as the campaign came."""
    campaign_id, tld = plan.campaign_id, plan.pattern.tld
    made_at, resolved_at, fetched_at = (plan.created_at + phases * PHASE_TIME for phases in (1, 2, 3))
    for block in blocks_of(plan, asks_dns=plan.done(1) > 0, asks_http=plan.done(2) > 0):
        addresses, pages = list(dns_columns(plan, block)), list(page_columns(plan, block))
        verdicts = verdict_columns(plan, block, [status for status, _, _ in addresses], pages)
        ids = ids_of(plan, "domain", block.offsets)
        for id_, offset, name, resolved, page, verdict in zip(
            ids, block.offsets, block.names, addresses, pages, verdicts, strict=True
        ):
            yield (
                *(id_, campaign_id, name, offset, tld, made_at),
                *(*resolved, None if resolved is UNRESOLVED else resolved_at),
                *(*page, None if page is UNTOUCHED else fetched_at),
                *verdict,
            )


def dns_columns(plan: Plan, block: Block) -> Iterator[tuple[str, str | None, str | None]]:
    done = block.count_done(plan, 1)
    for code, packed in itertools.islice(zip(block.found.outcomes.tolist(), block.found.addresses, strict=True), done):
        ended = DNS_WORDS[code]
        yield ended.status, old_addresses(packed), ended.reason
    yield from itertools.repeat(UNRESOLVED, len(block.offsets) - done)


def page_columns(plan: Plan, block: Block) -> Iterator[OldPage]:
    done = block.count_done(plan, 2)
    for probe in itertools.islice(block.probes, done):
        yield UNTOUCHED if probe is None else old_page(probe)
    yield from itertools.repeat(UNTOUCHED, len(block.offsets) - done)


def verdict_columns(
    plan: Plan, block: Block, dns_statuses: Sequence[str], pages: Sequence[OldPage]
) -> Iterator[tuple[str, float | None, float | None, str | None]]:
    scored = plan.done(3) > 0
    features = [decode_features(page.feature_vector) if page.feature_vector else None for page in pages]
    scores = score_pages(features if scored else [])
    for index, offset in enumerate(block.offsets):
        if offset >= plan.done(3):
            yield UNSCORED
            continue
        verdict = old_verdict(dns_statuses[index], pages[index].http_status, int(scores.reason[index]))
        score = float(scores.score[index])
        yield verdict.status, score, score, verdict.reason


def dns_result_rows(plan: Plan, persona_id: UUID) -> Iterator[Row]:
    """Of a campaign that resolves another one's names."""
    checked_at = plan.created_at + 2 * PHASE_TIME
    for block in blocks_of(plan, asks_http=False):
        ids, domain_ids = ids_of(plan, "dns", block.offsets), ids_of(owner_of(plan), "domain", block.offsets)
        for index, offset in enumerate(block.offsets):
            if offset >= plan.done(1):
                return
            ended, code = DNS_WORDS[int(block.found.outcomes[index])], int(block.found.outcomes[index])
            addresses = old_addresses(block.found.addresses[index])
            records = {"A": addresses.split(",")} if addresses else {"error": ended.reason}
            yield (
                *(ids[index], plan.campaign_id, domain_ids[index], block.names[index]),
                *(RESULT_WORDS.get(code, "error"), encode(records).decode(), persona_id, 1, checked_at, checked_at),
            )


def http_result_rows(plan: Plan, persona_id: UUID) -> Iterator[Row]:
    """Of a campaign that fetches pages of another one's names; of others the details of pages with keywords."""
    fetched_at = plan.created_at + 3 * PHASE_TIME
    for block in blocks_of(plan):
        ids = ids_of(plan, "http", block.offsets)
        source_ids = ids_of(plan.source, "dns", block.offsets) if plan.source else [None] * len(ids)
        for index, offset in enumerate(block.offsets):
            probe = block.probes[index]
            if offset >= plan.done(2):
                return
            if probe is None or (plan.source is None and not probe.keyword_bits):
                continue
            yield (
                *(ids[index], plan.campaign_id, source_ids[index], block.names[index]),
                *page_details(probe),
                *(persona_id, 1, fetched_at, fetched_at),
            )


def page_details(probe: Probe) -> Row:
    page = old_page(probe)
    is_page = page.http_status == OK.status
    found = page.http_keywords.split(",") if page.http_keywords else []
    rules = [{"pattern": word, "contexts": [text]} for word, text in zip(found, probe.keyword_contexts, strict=False)]
    if is_page:
        word = "lead_valid" if found else "http_valid_no_keywords"
    else:
        word = "invalid_http_code" if page.http_status_code else "invalid_http_response_error"
    return (
        word,
        page.http_status_code,
        HEADERS if is_page else None,
        page.http_title,
        " ... ".join(probe.keyword_contexts)[:256] or None,
        encode(rules).decode() if rules else None,
        None,
        f"{(probe.content_hash or 0) & 0xFFFFFFFFFFFFFFFF:016x}" * 4 if is_page else None,
    )
