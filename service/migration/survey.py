"""Look through the old database: what each of its campaigns will be here. Campaigns come some at a time."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from uuid import UUID

from service.campaigns.model import Network
from service.migration.prospects import Counts, Prospect, count_words, kind_of, prospect_of
from service.migration.source.documents import Shared
from service.migration.source.shape import Kind
from service.migration.source.store import Source
from service.migration.source.words import Origin, Unreadable, WordCount

CAMPAIGNS_AT_A_TIME = 200


class Survey:
    """What campaigns refer to, read once."""

    def __init__(
        self,
        source: Source,
        network: Network,
        shared: Shared,
        origins: Mapping[UUID, Origin],
        own: Mapping[UUID, Counts],
    ) -> None:
        self._source = source
        self._network = network
        self._shared = shared
        self._origins = origins
        self._own = own
        self._with_rows = frozenset(campaign_id for campaign_id, counts in own.items() if counts.total)

    @property
    def orphan_rows(self) -> int:
        """Domains whose campaign is gone."""
        return sum(counts.total for campaign_id, counts in self._own.items() if campaign_id not in self._origins)

    def count_own(self, campaign_id: UUID) -> int:
        """How many domains of its own a campaign has, whether it can be read or not."""
        return self._own.get(campaign_id, Counts()).total

    def list_dependents(self, campaign_id: UUID) -> list[UUID]:
        """Campaigns that were given names or addresses by this one, and those that were given something by them."""
        given = [each.campaign_id for each in self._origins.values() if campaign_id in {each.names_of, each.given_by}]
        return [*given, *(further for each in given for further in self.list_dependents(each) if each != campaign_id)]

    def is_there(self, campaign_id: UUID) -> bool:
        return campaign_id in self._origins

    def find_kind(self, campaign_id: UUID) -> Kind:
        """Whence a campaign has its rows; one that is gone has none, and counts as if it had had its own."""
        origin = self._origins.get(campaign_id)
        return Kind.OWN if origin is None else kind_of(origin, self._origins, self._with_rows)

    async def prospects(self, ids: Sequence[UUID] | None = None) -> AsyncIterator[Prospect | Unreadable]:
        """All campaigns, or those of these that are there, in the order of their ids. Newer ones are passed over."""
        after: UUID | None = None
        while page := await self._source.list_campaigns(after=after, ids=ids, limit=CAMPAIGNS_AT_A_TIME):
            found = [each for each in page if not isinstance(each, Unreadable)]
            counts = await self._counts_of([each.campaign.id for each in found])
            for each in page:
                if isinstance(each, Unreadable):
                    yield each
                elif each.campaign.id in counts:
                    yield prospect_of(each, *counts[each.campaign.id], self._shared, self._network)
            last = page[-1]
            after = last.campaign_id if isinstance(last, Unreadable) else last.campaign.id

    async def _counts_of(self, ids: Sequence[UUID]) -> dict[UUID, tuple[Kind, Counts]]:
        """Whence these have their rows, and how many they are."""
        kinds = {
            each: kind_of(self._origins[each], self._origins, self._with_rows) for each in ids if each in self._origins
        }
        counts = {each: (kind, self._own.get(each, Counts())) for each, kind in kinds.items()}
        for kind in set(kinds.values()) - {Kind.OWN}:
            of_kind = [each for each in ids if kinds.get(each) is kind]
            words = by_campaign(await self._source.count_rows(kind, of_kind))
            counts.update({each: (kind, count_words(words.get(each, ()))) for each in of_kind})
        return counts


async def begin_survey(source: Source, network: Network) -> Survey:
    origins = {origin.campaign_id: origin for origin in await source.list_origins()}
    own = {each: count_words(words) for each, words in by_campaign(await source.count_rows(Kind.OWN)).items()}
    return Survey(source, network, shared=await source.list_shared(), origins=origins, own=own)


def by_campaign(words: Iterable[WordCount]) -> dict[UUID, list[WordCount]]:
    found: dict[UUID, list[WordCount]] = {}
    for each in words:
        found.setdefault(each.campaign_id, []).append(each)
    return found


async def count_domains(source: Source) -> int:
    """How many domains are to be carried, those of campaigns that were given them too."""
    survey = await begin_survey(source, Network.INTERNET)
    return sum([each.counts.total async for each in survey.prospects() if isinstance(each, Prospect)])
