"""Who looks at tables: pages with filters, walked on by cursors, leads and funnels of large campaigns."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

import msgspec

from loadtest.users.user import PhaselineUser
from phaseline_client import AnalysisOutcome, Campaign, DnsOutcome, Domain, HttpOutcome, NotFound, Sort, Word
from phaseline_client.generated.calls import campaigns, domains, workers

PAGE_ITEMS: Final = 100
PAGES_MAX = 4  # that one user reads of one table


Outcome = TypeVar("Outcome", bound=Word)


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Of a page of domains. `is_rare`: two filters that no index has together, so that it may look far."""

    is_rare: bool = False
    sort: Sort = Sort.POSITION
    dns: DnsOutcome | None = None
    http: HttpOutcome | None = None
    analysis: AnalysisOutcome | None = None
    keyword: str | None = None
    score_min: float | None = None
    prefix: str | None = None

    def admits(self, found: Domain) -> bool:
        return (
            (self.dns is None or (found.dns is not None and found.dns.outcome == self.dns))
            and (self.http is None or (found.http is not None and found.http.outcome == self.http))
            and (self.analysis is None or (found.analysis is not None and found.analysis.outcome == self.analysis))
            and (self.keyword is None or (found.http is not None and self.keyword in found.http.keywords))
            and (self.score_min is None or (found.analysis is not None and found.analysis.score >= self.score_min))
            and (self.prefix is None or found.domain.startswith(self.prefix))
        )


USUAL: Final = (
    Filter(),
    Filter(sort=Sort.SCORE),
    Filter(dns=DnsOutcome.RESOLVED),
    Filter(dns=DnsOutcome.SERVFAIL),
    Filter(http=HttpOutcome.REACHED),
    Filter(http=HttpOutcome.TIMED_OUT),
    Filter(analysis=AnalysisOutcome.QUALIFIED),
    Filter(analysis=AnalysisOutcome.PARKED, sort=Sort.SCORE),
    Filter(score_min=0.3),
    Filter(score_min=0.3, sort=Sort.SCORE),
    Filter(is_rare=True, dns=DnsOutcome.RESOLVED, http=HttpOutcome.BLOCKED),
    Filter(is_rare=True, analysis=AnalysisOutcome.QUALIFIED, score_min=0.4),
)
RARE = 0.02  # of all tables that are looked at


def filters_for(campaign: Campaign) -> Sequence[Filter]:
    """With its own keywords and letters."""
    shown = campaign.configuration
    keywords = [keyword.text for keyword in shown.http_validation.keywords]
    letters = "" if shown.domain_generation is None else shown.domain_generation.character_set
    return [
        *USUAL,
        *(Filter(keyword=keyword) for keyword in keywords[:5]),
        *(Filter(keyword=keyword, sort=Sort.SCORE) for keyword in keywords[-1:]),
        *(Filter(prefix=letter) for letter in letters[:1] + letters[-1:]),
    ]


class Browser(PhaselineUser):
    """Looks into finished campaigns: those of `--browse`, or else whatever is there."""

    weight = 55

    def live(self) -> Iterator[None]:
        campaign_ids = yield from self.find_large()
        if not campaign_ids:
            return
        campaign = self.server.ask(campaigns.get_campaign, self.chance.choice(campaign_ids))
        yield
        views: list[Callable[[Campaign], Iterator[None]]] = [self.read_domains, self.read_leads, self.read_funnel]
        for view in self.chance.choices(views, weights=[6, 2, 2], k=5):
            yield from view(campaign)

    def read_domains(self, campaign: Campaign) -> Iterator[None]:
        is_rare = self.chance.random() < RARE
        wanted = self.chance.choice([each for each in filters_for(campaign) if each.is_rare is is_rare])
        cursor: str | None = None
        for _ in range(self.chance.randint(1, PAGES_MAX)):
            page = self.server.ask(
                domains.list_domains,
                campaign.id,
                sort=wanted.sort,
                cursor=cursor,
                limit=PAGE_ITEMS,
                dns_outcome=some(wanted.dns),
                http_outcome=some(wanted.http),
                analysis_outcome=some(wanted.analysis),
                keyword=wanted.keyword,
                score_min=wanted.score_min,
                prefix=wanted.prefix,
            )
            self.check("a page holds what was asked for", holds=all(wanted.admits(each) for each in page.items))
            yield
            cursor = page.next_cursor
            if cursor is None:
                return

    def read_leads(self, campaign: Campaign) -> Iterator[None]:
        cursor: str | None = None
        for _ in range(self.chance.randint(1, PAGES_MAX)):
            page = self.server.ask(domains.list_leads, campaign.id, cursor=cursor, limit=PAGE_ITEMS)
            yield
            cursor = page.next_cursor
            if cursor is None:
                return

    def read_funnel(self, campaign: Campaign) -> Iterator[None]:
        funnel = self.server.ask(domains.get_funnel, campaign.id)
        self.check("a funnel balances", holds=funnel.balanced)
        yield


def some(outcome: Outcome | None) -> Sequence[Outcome] | None:
    return None if outcome is None else [outcome]


class Overseer(PhaselineUser):
    """Looks after the installation: what campaigns there are, why they move, who moved them, and which workers live."""

    weight = 8

    def live(self) -> Iterator[None]:
        page = self.server.ask(campaigns.list_campaigns, limit=PAGE_ITEMS)
        yield
        self.server.ask(workers.list_workers)
        yield
        if not page.items:
            return
        campaign_id = self.chance.choice(page.items).id
        self.server.try_to((NotFound,), campaigns.explain_campaign, campaign_id)  # others delete them
        yield
        self.server.try_to((NotFound,), campaigns.list_transitions, campaign_id)
        yield
