"""Rows of the old system's one wide table, as rows of our narrow ones, counted. Pure.

A row gives a name, or is rejected. Rows of one batch that give the same name are merged: the one whose results go
furthest stays, the first of equals. In a phase that has ended, whatever has no outcome failed for no reason that is
known (`internal_error`), which can be retried: otherwise asked would not be the sum of outcomes.
"""

import ipaddress
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import msgspec

from service.campaigns.outcomes import INTERNAL_ERROR, LABELS
from service.domains.importing.intake import storable
from service.domains.importing.normalise import Unusable, normalise
from service.fetching.model import TITLE_LENGTH_MAX
from service.fetching.outcomes import HttpOutcome
from service.fetching.wording import one_line
from service.migration.outcomes import NOTHING, PAGES, DomainWords, Oddity, judge, verdict_of
from service.pipelines.model import Counted, Record
from service.progress.events import CampaignPhase
from service.resolving.outcomes import DnsOutcome
from service.scoring.score import SCORE_DECIMALS

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase

SMALLINT_MAX = 2**15 - 1
INTEGER_MAX = 2**31 - 1
OLD_NAME_LENGTH_MAX = 300  # characters of a text that gave no name, or another one
CACHED_MAX = 10_000  # words of domains, and lists of keywords: there are few different ones
NO_RESOLVER = -1
SCORE_PARTS = 10**SCORE_DECIMALS
NO_NAME = "no_name"
SAME_NAME = "same_name"


class OldRow(NamedTuple):
    """A domain as the old system has it; its columns in the order in which the source reads them."""

    place: int | None
    row_id: str
    name: str | None
    dns_status: str | None = None
    dns_reason: str | None = None
    dns_ip: str | None = None
    http_status: str | None = None
    http_reason: str | None = None
    status_code: int | None = None
    title: str | None = None
    keywords: str | None = None
    is_parked: bool | None = None
    parked_confidence: float | None = None
    content_hash: str | None = None
    features: str | None = None
    lead_status: str | None = None
    rejection_reason: str | None = None
    score: float | None = None
    dns_checked_at: datetime | None = None
    http_checked_at: datetime | None = None


class Fate(StrEnum):
    """What became of a row that is not here as it was there."""

    CHANGED = "changed"
    MERGED = "merged"
    REJECTED = "rejected"


class RowFate(msgspec.Struct, frozen=True):
    """One such row; `name` is the name that it has here, if any."""

    row_id: str
    old_name: str
    fate: Fate
    reason: str
    name: str | None


class CarriedPhase(msgspec.Struct, frozen=True):
    """The set into which a phase's outcomes go; `has_ended`: each domain that it asked has one."""

    set_id: int
    started_at: datetime
    has_ended: bool


class Shape(msgspec.Struct, frozen=True):
    """What is carried of a campaign, and how its keywords and scores are read.

    `phases` are those whose outcomes are carried. `keyword_bits` leads from a keyword, in lower case, to its bit.
    `score_scale` is what the old scores are divided by.
    """

    has_dns: bool
    phases: Mapping[CampaignPhase, CarriedPhase]
    keyword_bits: Mapping[str, int]
    score_scale: float = 1.0

    def outcome(self, phase: CampaignPhase, found: int) -> int:
        """The code that a domain has in a phase here, for the one that it had there; 0 for none."""
        carried = self.phases.get(phase)
        if carried is None:
            return NOTHING
        return found or (INTERNAL_ERROR[phase] if carried.has_ended else NOTHING)

    def age(self, phase: CampaignPhase, checked_at: datetime | None) -> int:
        """When a result was found, in seconds since the phase's run began; where nobody knows, as the first one."""
        if checked_at is None:
            return 0
        return bounded(int((checked_at - self.phases[phase].started_at).total_seconds()), INTEGER_MAX)


class CarriedRows(msgspec.Struct, frozen=True):
    """Rows of each phase's table, without the set's id, what is counted of them, and what is not as it was."""

    first_position: int
    end_position: int
    row_count: int
    records: Mapping[CampaignPhase, Sequence[Record]]
    counted: Mapping[CampaignPhase, Counted]
    fates: Sequence[RowFate]
    filled_count: int


class Named(NamedTuple):
    """A row that gives a name, and the codes of its outcomes; 0 where there is none, or none that is carried."""

    row: OldRow
    name: str
    dns: int
    http: int
    verdict: int
    bits: int
    is_filled: bool


def carry_rows(
    rows: Sequence[OldRow], first_position: int, shape: Shape, elsewhere: Mapping[str, str] | None = None
) -> CarriedRows:
    """The rows of a batch, at positions from the first one on, without a gap.

    `elsewhere`: names that other batches of the campaign have, and where; rows that give them are merged.
    """
    fates: list[RowFate] = []
    named = [each for row in rows if (each := name_row(row, shape, fates)) is not None]
    kept = merge_with_others(merge_equal_names(named, fates), elsewhere or {}, fates)
    placed = list(enumerate(kept, start=first_position))
    return CarriedRows(
        first_position=first_position,
        end_position=first_position + len(kept),
        row_count=len(rows),
        records={
            GENERATION: [(position, each.name) for position, each in placed],
            DNS: [dns_record(position, each, shape) for position, each in placed if each.dns],
            HTTP: [http_record(position, each, shape) for position, each in placed if each.http],
            ANALYSIS: [score_record(position, each, shape) for position, each in placed if each.verdict],
        },
        counted=count(kept, len(rows)),
        fates=last_fates(fates),
        filled_count=sum(each.is_filled for each in kept),
    )


def last_fates(fates: Sequence[RowFate]) -> list[RowFate]:
    """One for each row: what was changed and then merged is merged."""
    return list({fate.row_id: fate for fate in fates}.values())


def name_row(row: OldRow, shape: Shape, fates: list[RowFate]) -> Named | None:
    """The row with its name and its outcomes; None where it gives no name."""
    text = row.name or ""
    if not text.strip():
        fates.append(RowFate(row.row_id, "", Fate.REJECTED, NO_NAME, None))
        return None
    found = normalise(text)
    if isinstance(found, Unusable):
        fates.append(RowFate(row.row_id, kept_text(text), Fate.REJECTED, found.reason, None))
        return None
    named, oddities = with_outcomes(row, found.name, shape)
    if oddities or found.name != text:
        reasons = ", ".join([*found.notes, *oddities]) or "white_space_stripped"
        fates.append(RowFate(row.row_id, kept_text(text), Fate.CHANGED, reasons, found.name))
    return named


def with_outcomes(row: OldRow, name: str, shape: Shape) -> tuple[Named, tuple[Oddity, ...]]:
    """Its outcomes in the phases that are carried; those that a phase lacks which has ended are filled in."""
    words = DomainWords(
        row.dns_status, row.dns_reason, row.http_status, row.http_reason, row.status_code, row.is_parked
    )
    found = judge_once(words, has_dns=shape.has_dns)
    dns = shape.outcome(DNS, found.dns)
    is_asked = dns == DnsOutcome.RESOLVED or not shape.has_dns
    http = shape.outcome(HTTP, found.http) if is_asked else NOTHING
    judged = verdict_of(row.rejection_reason, row.lead_status, dns, http)
    verdict = shape.outcome(ANALYSIS, judged)
    is_filled = dns > found.dns or http > found.http or (verdict != NOTHING and judged == NOTHING)
    return Named(row, name, dns, http, verdict, bits_of(row.keywords, shape), is_filled), found.oddities


judge_once = lru_cache(CACHED_MAX)(judge)


def merge_equal_names(named: Sequence[Named], fates: list[RowFate]) -> list[Named]:
    """Each name once, in the order of the rows."""
    best: dict[str, Named] = {}
    for each in named:
        before = best.setdefault(each.name, each)
        if rank(each) > rank(before):
            best[each.name] = each
    if len(best) == len(named):
        return list(named)
    for each in named:
        stays = best[each.name]
        if stays is not each:
            fates.append(merged(each, f"row {stays.row.row_id}"))
    return [each for each in named if best[each.name] is each]


def merge_with_others(named: Sequence[Named], elsewhere: Mapping[str, str], fates: list[RowFate]) -> list[Named]:
    for each in named:
        where = elsewhere.get(each.name)
        if where is not None:
            fates.append(merged(each, where))
    return [each for each in named if each.name not in elsewhere]


def merged(each: Named, where: str) -> RowFate:
    return RowFate(each.row.row_id, kept_text(each.row.name or ""), Fate.MERGED, f"{SAME_NAME}: {where}", each.name)


def rank(each: Named) -> int:
    """How far its results go."""
    return 2 * bool(each.http) + bool(each.dns)


# Counts and records


def count(kept: Sequence[Named], row_count: int) -> dict[CampaignPhase, Counted]:
    pages = sum(each.http == HttpOutcome.REACHED and each.bits != 0 for each in kept)
    return {
        GENERATION: Counted((len(kept), row_count - len(kept), 0)),
        DNS: Counted(amounts(DNS, (each.dns for each in kept))),
        HTTP: Counted(amounts(HTTP, (each.http for each in kept)), pages),
        ANALYSIS: Counted(amounts(ANALYSIS, (each.verdict for each in kept))),
    }


def amounts(phase: CampaignPhase, codes: Iterable[int]) -> tuple[int, ...]:
    found = Counter(codes)
    return tuple(found[code] for code in LABELS[phase])


def dns_record(position: int, each: Named, shape: Shape) -> Record:
    addresses, addresses_v6 = packed(each.row.dns_ip) if each.dns == DnsOutcome.RESOLVED else (None, None)
    age = shape.age(DNS, each.row.dns_checked_at)
    return (position, each.dns, NO_RESOLVER, 0, addresses, addresses_v6, None, age)


def http_record(position: int, each: Named, shape: Shape) -> Record:
    """What is known of a page; of a failure only its outcome and status code."""
    row = each.row
    code = row.status_code if row.status_code and 0 < row.status_code <= SMALLINT_MAX else None
    age = shape.age(HTTP, row.http_checked_at)
    if each.http not in PAGES:
        return (position, each.http, code, False, 0, 0, 0, 0, 0.0, 0, *(None,) * 6, age)
    features = features_of(row.features)
    unique = features.kw_unique or len(keywords_of(row.keywords))
    return (
        position,
        each.http,
        code,
        features.title_has_keyword,
        bounded(unique, SMALLINT_MAX),
        bounded(features.kw_hits_total or unique, INTEGER_MAX),
        0,
        bounded(features.content_bytes, INTEGER_MAX),
        parked_confidence(each, features),
        each.bits,
        hash_bits(row.content_hash or features.content_hash),
        one_line(row.title or "", TITLE_LENGTH_MAX) or None,
        storable(features.final_url) or None,
        None,
        [storable(context) for context in features.keyword_contexts] or None,
        None,
        age,
    )


def score_record(position: int, each: Named, shape: Shape) -> Record:
    """Whatever has no page scores nothing; without a DNS phase every name counts as resolved, as in the analysis."""
    has_page = each.http in PAGES
    is_judged = has_page and each.verdict != INTERNAL_ERROR[ANALYSIS]
    score = (each.row.score or 0.0) / shape.score_scale if is_judged else 0.0
    return (
        position,
        round(min(max(score, 0.0), 1.0) * SCORE_PARTS) / SCORE_PARTS,
        each.verdict,
        each.dns if shape.has_dns else int(DnsOutcome.RESOLVED),
        each.http or None,
        each.bits if has_page else 0,
    )


def parked_confidence(each: Named, features: "Features") -> float:
    told = each.row.parked_confidence
    told = features.parked_confidence if told is None else told
    if told is not None and 0 <= told <= 1:
        return told
    return 1.0 if each.http == HttpOutcome.PARKED else 0.0


class Features(msgspec.Struct, frozen=True):
    """What the old system keeps of a page beside its columns, as far as it has a place here."""

    content_bytes: int = 0
    kw_unique: int = 0
    kw_hits_total: int = 0
    title_has_keyword: bool = False
    parked_confidence: float | None = None
    keyword_contexts: tuple[str, ...] = ()
    content_hash: str = ""
    final_url: str = ""


NO_FEATURES = Features()


def features_of(text: str | None) -> Features:
    """None of them where one of them is of another kind than it should be."""
    try:
        return msgspec.json.decode(text, type=Features, strict=False) if text else NO_FEATURES
    except msgspec.DecodeError:
        return NO_FEATURES


def bits_of(keywords: str | None, shape: Shape) -> int:
    bits = 0
    for keyword in keywords_of(keywords):
        bits |= shape.keyword_bits.get(keyword, 0)
    return bits


@lru_cache(CACHED_MAX)
def keywords_of(text: str | None) -> frozenset[str]:
    """The keywords found on a page, in lower case: a JSON array of texts or of rules, or a list with commas."""
    if not text:
        return frozenset()
    try:
        found = msgspec.json.decode(text, type=list[str | FoundRule] | dict[str, object] | None)
    except msgspec.DecodeError:
        found = list(text.strip("{}[]").split(","))
    texts = (each if isinstance(each, str) else each.pattern or each.keyword for each in found or ())
    return frozenset(word for each in texts if (word := each.strip().strip('"').lower()))


class FoundRule(msgspec.Struct, frozen=True):
    """A keyword that was found, where it is told as an object."""

    pattern: str = ""
    keyword: str = ""


def packed(text: str | None) -> tuple[bytes | None, bytes | None]:
    """IPv4 and IPv6 addresses of a text, packed one after the other; whatever is no address is left out."""
    v4, v6 = b"", b""
    for part in (text or "").replace(";", ",").split(","):
        try:
            address = ipaddress.ip_address(part.strip().split("/")[0])
        except ValueError:
            continue
        if address.version == 4:
            v4 += address.packed
        else:
            v6 += address.packed
    return v4 or None, v6 or None


def packed_text(addresses: bytes | None) -> str | None:
    """Packed IPv4 addresses as a text with commas."""
    if not addresses:
        return None
    return ",".join(str(ipaddress.IPv4Address(addresses[at : at + 4])) for at in range(0, len(addresses), 4))


def hash_bits(text: str | None) -> int | None:
    """The first 64 bits of a hash in hexadecimal digits, signed as a bigint is."""
    try:
        return int.from_bytes(bytes.fromhex((text or "")[:16]).ljust(8, b"\0"), "big", signed=True) if text else None
    except ValueError:
        return None


def kept_text(text: str) -> str:
    return storable(text[:OLD_NAME_LENGTH_MAX])


def bounded(number: int, most: int) -> int:
    return min(max(number, 0), most)
