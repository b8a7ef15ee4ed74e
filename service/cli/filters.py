"""Which of a campaign's domains are meant, in the words of flags."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

Outcomes = Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)]


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
