"""What every name of a campaign must come to, worked out from the sandbox's truth alone."""

from collections.abc import Iterator, Mapping
from uuid import UUID

import asyncpg
import msgspec

from service.fetching.outcomes import FAILED as HTTP_FAILED
from service.fetching.outcomes import HttpOutcome
from service.resolving.outcomes import FAILED as DNS_FAILED
from service.resolving.outcomes import DnsOutcome
from service.sandbox.behaviours import DnsBehaviour, WebBehaviour
from service.sandbox.truth import NameTruth, truth_of
from service.scoring.score import Reason

# A busy machine answers late: a slow name whose delay is so near to the timeout may end either way.
EARLY_SECONDS = 0.1
LATE_SECONDS = 0.15

# Three attempts outlast a name whose first question is lost or refused.
DNS_OUTCOMES: Mapping[DnsBehaviour, DnsOutcome] = {
    DnsBehaviour.existing: DnsOutcome.RESOLVED,
    DnsBehaviour.absent: DnsOutcome.ABSENT,
    DnsBehaviour.no_data: DnsOutcome.NO_DATA,
    DnsBehaviour.alias: DnsOutcome.RESOLVED,
    DnsBehaviour.wildcard: DnsOutcome.WILDCARD,
    DnsBehaviour.servfail: DnsOutcome.SERVFAIL,
    DnsBehaviour.refused: DnsOutcome.REFUSED,
    DnsBehaviour.truncated: DnsOutcome.RESOLVED,
    DnsBehaviour.lossy: DnsOutcome.RESOLVED,
    DnsBehaviour.silent: DnsOutcome.TIMED_OUT,
    DnsBehaviour.slow: DnsOutcome.RESOLVED,
    DnsBehaviour.flaky: DnsOutcome.RESOLVED,
}
HTTP_OUTCOMES: Mapping[WebBehaviour, HttpOutcome] = {
    WebBehaviour.page: HttpOutcome.REACHED,
    WebBehaviour.keyword_page: HttpOutcome.REACHED,
    WebBehaviour.parked: HttpOutcome.PARKED,
    WebBehaviour.redirect: HttpOutcome.REACHED,
    WebBehaviour.redirect_to_https: HttpOutcome.REACHED,
    WebBehaviour.redirect_cross: HttpOutcome.REACHED,
    WebBehaviour.redirect_loop: HttpOutcome.REDIRECT_LOOP,
    WebBehaviour.redirect_private: HttpOutcome.BLOCKED,
    WebBehaviour.not_found: HttpOutcome.NOT_FOUND,
    WebBehaviour.rate_limited: HttpOutcome.RATE_LIMITED,
    WebBehaviour.unavailable: HttpOutcome.SERVER_ERROR,
    WebBehaviour.server_error: HttpOutcome.SERVER_ERROR,
    WebBehaviour.huge: HttpOutcome.REACHED,
    WebBehaviour.slow_body: HttpOutcome.TIMED_OUT,
    WebBehaviour.stalled: HttpOutcome.TIMED_OUT,
    WebBehaviour.broken_body: HttpOutcome.BROKEN_RESPONSE,
    WebBehaviour.reset: HttpOutcome.CONNECTION_RESET,
    WebBehaviour.bad_tls: HttpOutcome.REACHED,
    WebBehaviour.plain_only: HttpOutcome.REACHED,
    WebBehaviour.odd_charset: HttpOutcome.REACHED,
    WebBehaviour.gzip: HttpOutcome.REACHED,
    WebBehaviour.brotli: HttpOutcome.REACHED,
}
PAGE_REASONS = frozenset({Reason.QUALIFIED, Reason.LOW_SCORE, Reason.NO_KEYWORDS, Reason.THIN_CONTENT})
OUTCOMES_OF_CAMPAIGN = """
    SELECT n.name, d.outcome AS dns, h.outcome AS http, s.outcome AS score
    FROM campaigns c
    JOIN names n ON n.set_id = c.name_set_id
    LEFT JOIN dns_results d ON d.set_id = c.dns_set_id AND d.position = n.position
    LEFT JOIN http_results h ON h.set_id = c.http_set_id AND h.position = n.position
    LEFT JOIN scores s ON s.set_id = c.score_set_id AND s.position = n.position
    WHERE c.campaign_id = $1
    ORDER BY n.position"""


class Outcomes(msgspec.Struct, frozen=True):
    """How a name ended in each phase; None where it has no outcome."""

    name: str
    dns: int | None
    http: int | None
    score: int | None


class Internet(msgspec.Struct, frozen=True):
    """Which small internet was asked, and how long one question waited for its answer."""

    seed: int
    dns_timeout_seconds: float


async def list_outcomes(connection: asyncpg.Connection, campaign_id: UUID) -> list[Outcomes]:
    """Every name of a campaign's current sets, in the order of their positions."""
    # Hash joins are linear, whatever is known of tables that were never analysed.
    async with connection.transaction(readonly=True):
        await connection.execute("SET LOCAL enable_nestloop = off")
        rows = await connection.fetch(OUTCOMES_OF_CAMPAIGN, campaign_id)
    return [Outcomes(row["name"], row["dns"], row["http"], row["score"]) for row in rows]


def list_untrue(internet: Internet, outcomes: list[Outcomes]) -> list[str]:
    """A sentence for each outcome that is not the sandbox's truth; none if all are."""
    return [sentence for name in outcomes for sentence in judge(internet, name)]


def judge(internet: Internet, found: Outcomes) -> Iterator[str]:
    truth = truth_of(internet.seed, found.name)
    if found.dns not in expected_dns(truth, internet.dns_timeout_seconds):
        yield f"{found.name} is {truth.dns}, and DNS said {found.dns}"
    resolved = found.dns == DnsOutcome.RESOLVED
    expected_http = HTTP_OUTCOMES[truth.web] if resolved and truth.web is not None else None
    if found.http != expected_http:
        yield f"{found.name} is {truth.dns} and {truth.web}, and HTTP said {found.http}"
    if found.score not in expected_reasons(found):
        yield f"{found.name} ended with {found.dns} and {found.http}, and its score's reason is {found.score}"


def expected_dns(truth: NameTruth, timeout_seconds: float) -> frozenset[int]:
    seconds = truth.delay_ms / 1_000
    if truth.dns is not DnsBehaviour.slow or seconds < timeout_seconds - EARLY_SECONDS:
        return frozenset({DNS_OUTCOMES[truth.dns]})
    if seconds > timeout_seconds + LATE_SECONDS:
        return frozenset({DnsOutcome.TIMED_OUT})
    return frozenset({DnsOutcome.RESOLVED, DnsOutcome.TIMED_OUT})


def expected_reasons(found: Outcomes) -> frozenset[int]:
    """What may be said of a name that ended so: a page's own words decide the rest."""
    if found.dns != DnsOutcome.RESOLVED:
        return frozenset({Reason.DNS_FAILED if found.dns in DNS_FAILED else Reason.DNS_NEGATIVE})
    if found.http == HttpOutcome.REACHED:
        return PAGE_REASONS
    if found.http == HttpOutcome.PARKED:  # its doubtful share is weighed like any page
        return PAGE_REASONS | {Reason.PARKED}
    return frozenset({Reason.HTTP_FAILED if found.http in HTTP_FAILED else Reason.HTTP_NEGATIVE})
