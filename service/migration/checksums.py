"""What rows come to in each phase: a count, and a sum of hashes that does not depend on their order. Pure.

Both databases compute it by themselves, from texts that are the same where nothing is lost: the hash is the first 64
bits of MD5, which every PostgreSQL has. Rows that are changed on the way are hashed here, as they were carried.
"""

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from service.migration.rows import SCORE_PARTS, CarriedRows
from service.progress.events import CampaignPhase

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase
MODULUS = 2**64


class Sum(msgspec.Struct, frozen=True):
    """So many rows, whose hashes add up to this, modulo 2^64."""

    count: int = 0
    checksum: int = 0

    def plus(self, other: "Sum") -> "Sum":
        return Sum(self.count + other.count, (self.checksum + other.checksum) % MODULUS)


Sums = Mapping[CampaignPhase, Sum]
NOTHING: Sums = {phase: Sum() for phase in CampaignPhase}


def add(first: Sums, second: Sums) -> Sums:
    return {phase: first[phase].plus(second[phase]) for phase in CampaignPhase}


def sums_of(row: Mapping[str, int]) -> Sums:
    """As both databases answer."""
    return {
        phase: Sum(row[f"{word}_count"], int(row[f"{word}_sum"]) % MODULUS)
        for phase, word in zip(CampaignPhase, ("name", "dns", "http", "score"), strict=True)
    }


def sum_rows(rows: CarriedRows) -> Sums:
    """Of rows as they are carried."""
    names = {record[0]: record[1] for record in rows.records[GENERATION]}
    return {
        GENERATION: sum_texts(str(name) for name in names.values()),
        DNS: sum_texts(dns_text(str(names[record[0]]), record) for record in rows.records[DNS]),
        HTTP: sum_texts(http_text(str(names[record[0]]), record) for record in rows.records[HTTP]),
        ANALYSIS: sum_texts(score_text(str(names[record[0]]), record) for record in rows.records[ANALYSIS]),
    }


def dns_text(name: str, record: tuple[object, ...]) -> str:
    _, outcome, _, _, addresses, addresses_v6, *_ = record
    packed = b"".join(each for each in (addresses, addresses_v6) if isinstance(each, bytes))
    return joined(name, outcome, *([packed.hex()] if packed else []))


def http_text(name: str, record: tuple[object, ...]) -> str:
    _, outcome, status_code, _, _, _, _, _, _, bits, _, title, *_ = record
    return joined(name, outcome, status_code or 0, title or "", bits)


def score_text(name: str, record: tuple[object, ...]) -> str:
    _, score, outcome, *_ = record
    assert isinstance(score, float)
    return joined(name, outcome, round(score * SCORE_PARTS))


def joined(*parts: object) -> str:
    return "|".join(map(str, parts))


def sum_texts(texts: Iterable[str]) -> Sum:
    count = checksum = 0
    for text in texts:
        count += 1
        checksum += int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:8], "big", signed=True)
    return Sum(count, checksum % MODULUS)
