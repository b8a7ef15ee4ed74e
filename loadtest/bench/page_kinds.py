"""Which pages are asked for: each filter alone, the pairs that must be quick too, others, and what stands beside."""

from collections.abc import Collection
from urllib.parse import urlencode

import msgspec

from loadtest.bench.workload import KEYWORDS
from service.domains.reading.model import DnsFacts, Domain, HttpFacts, Sort, Verdict, Wanted

COMMON, *_, RARE = KEYWORDS
PAGE_ITEMS = 100
PARAMETERS = {
    "dns_outcomes": "dnsOutcome",
    "http_outcomes": "httpOutcome",
    "analysis_outcomes": "analysisOutcome",
    "keyword": "keyword",
    "score_min": "scoreMin",
    "score_max": "scoreMax",
    "prefix": "prefix",
}


class Kind(msgspec.Struct, frozen=True):
    """One way to ask. `is_quick`: within the bound that single filters have; otherwise it may look far, and no further.

    `operation` is the route's, as the histograms name it; only `list_domains` has filters and an order.
    """

    operation: str
    path: str
    is_quick: bool
    wanted: Wanted = Wanted()
    sort: Sort = Sort.POSITION

    @property
    def name(self) -> str:
        if self.operation != "list_domains":
            return self.path
        filters = [f"{key}={value}" for key, value in parameters_of(self.wanted)]
        return f"{' '.join(filters) or 'all'}, by {self.sort}"

    @property
    def is_paged(self) -> bool:
        return self.operation in {"list_domains", "list_leads"}

    def query(self, cursor: str | None) -> str:
        """What stands behind the path."""
        if not self.is_paged:
            return ""
        order = [("sort", str(self.sort))] if self.operation == "list_domains" else []
        after = [] if cursor is None else [("cursor", cursor)]
        return "?" + urlencode([*parameters_of(self.wanted), *order, *after, ("limit", str(PAGE_ITEMS))])

    def admits(self, found: Domain) -> bool:
        """The filters, said once more."""
        wanted, verdict = self.wanted, found.analysis
        score = None if verdict is None else verdict.score
        return (
            is_among(wanted.dns_outcomes, found.dns)
            and is_among(wanted.http_outcomes, found.http)
            and is_among(wanted.analysis_outcomes, verdict)
            and (wanted.keyword is None or (found.http is not None and wanted.keyword in found.http.keywords))
            and (wanted.score_min is None or (score is not None and score >= wanted.score_min))
            and (wanted.score_max is None or (score is not None and score <= wanted.score_max))
            and (wanted.prefix is None or found.domain.startswith(wanted.prefix))
        )


def is_among(outcomes: Collection[str], part: DnsFacts | HttpFacts | Verdict | None) -> bool:
    return not outcomes or (part is not None and part.outcome in outcomes)


def parameters_of(wanted: Wanted) -> list[tuple[str, str]]:
    given = [(PARAMETERS[field], value) for field, value in msgspec.structs.asdict(wanted).items() if value is not None]
    return [(name, str(part)) for name, value in given for part in (value if isinstance(value, tuple) else (value,))]


def at_position(wanted: Wanted) -> Kind:
    return Kind("list_domains", "domains", is_quick=True, wanted=wanted)


def by_score(wanted: Wanted) -> Kind:
    return Kind("list_domains", "domains", is_quick=True, wanted=wanted, sort=Sort.SCORE)


def other(wanted: Wanted, sort: Sort = Sort.POSITION) -> Kind:
    return Kind("list_domains", "domains", is_quick=False, wanted=wanted, sort=sort)


# Each filter alone: what many have, what two of a hundred, one of a thousand or one of ten thousand have, and nobody.
SINGLE = (
    at_position(Wanted()),
    at_position(Wanted(dns_outcomes=("resolved",))),
    at_position(Wanted(dns_outcomes=("servfail",))),
    at_position(Wanted(dns_outcomes=("malformed",))),
    at_position(Wanted(dns_outcomes=("rate_limited",))),
    at_position(Wanted(http_outcomes=("reached",))),
    at_position(Wanted(http_outcomes=("timed_out",))),
    at_position(Wanted(http_outcomes=("blocked",))),
    at_position(Wanted(http_outcomes=("internal_error",))),
    at_position(Wanted(analysis_outcomes=("qualified",))),
    at_position(Wanted(analysis_outcomes=("thin_content",))),
    at_position(Wanted(analysis_outcomes=("internal_error",))),
    at_position(Wanted(keyword=COMMON)),
    at_position(Wanted(keyword=RARE)),
    at_position(Wanted(score_min=0.3)),
    at_position(Wanted(score_min=0.999)),
    at_position(Wanted(score_max=0.1)),
    at_position(Wanted(prefix="b")),
    at_position(Wanted(prefix="zzzz")),
    by_score(Wanted()),
)
# The order by score with one filter: a keyword that one of ten thousand has, an outcome that about two of a hundred
# pages have, one that nobody has, and a floor.
PAIRS = (
    by_score(Wanted(keyword=RARE)),
    by_score(Wanted(http_outcomes=("parked",))),
    by_score(Wanted(analysis_outcomes=("thin_content",))),
    by_score(Wanted(analysis_outcomes=("internal_error",))),
    by_score(Wanted(score_min=0.3)),
)
BESIDE = (
    Kind("list_leads", "leads", is_quick=True),
    Kind("get_funnel", "funnel", is_quick=True),
    Kind("get_phases", "phases", is_quick=True),
)
OTHERS = (
    other(Wanted(dns_outcomes=("resolved",), http_outcomes=("blocked",))),
    other(Wanted(http_outcomes=("reached",), keyword=RARE)),
    other(Wanted(keyword=COMMON, prefix="zz")),
    other(Wanted(dns_outcomes=("servfail",), prefix="zz")),
    other(Wanted(analysis_outcomes=("qualified",), score_min=0.4)),
    other(Wanted(dns_outcomes=("servfail",)), Sort.SCORE),
    other(Wanted(http_outcomes=("timed_out",), score_max=0.2), Sort.SCORE),
    other(Wanted(keyword=COMMON, http_outcomes=("parked",)), Sort.SCORE),
    other(Wanted(keyword=RARE, prefix="zz", score_min=0.2), Sort.SCORE),
)
ALL = (*SINGLE, *PAIRS, *BESIDE, *OTHERS)
