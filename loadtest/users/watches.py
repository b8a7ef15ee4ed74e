"""What one watcher saw last of each campaign that it watches."""

from uuid import UUID

import msgspec

from phaseline_client import CampaignProgress


class Last(msgspec.Struct, frozen=True):
    """Of a campaign."""

    sequence: int
    deleted: bool


class Watch:
    """`is_dashboard`: of all campaigns."""

    def __init__(self, *, is_dashboard: bool) -> None:
        self.is_dashboard = is_dashboard
        self.last: dict[UUID, Last] = {}

    def see(self, state: CampaignProgress) -> bool:
        """Whether it is news: what it begins with tells of some earlier moment."""
        is_news = state.campaign_id in self.last
        self.last[state.campaign_id] = Last(state.sequence, state.deleted)
        return is_news

    def leave(self, campaign_id: UUID) -> None:
        self.last.pop(campaign_id, None)
