# Made from `awaited/campaigns.py` by `make client-python`; a change here is lost.

"""Campaigns, with what one request does not do."""

import contextlib
from collections.abc import Callable
from math import inf
from uuid import UUID

from phaseline_client.following import AWAY_SECONDS_MAX, Absence, Watching, has_ended
from phaseline_client.generated.blocking import campaigns as generated
from phaseline_client.generated.mirrored.watching import watch
from phaseline_client.generated.models import Campaign, CampaignProgress


# Inherits, so that what is generated and what is written here are asked for at one place.
class Campaigns(generated.Campaigns):
    """What was asked for, and where each phase stands."""

    def wait(
        self,
        campaign_id: UUID,
        *,
        until: Callable[[CampaignProgress], bool] = has_ended,
        timeout_seconds: float | None = None,
        on_away: Callable[[Absence], object] | None = None,
    ) -> Campaign:
        """Watch the campaign until its state is the one that is waited for; the campaign as it is then.

        That is an end of the current phase, if nothing else is said. WaitedTooLong when `timeout_seconds` are over;
        NotFound if it is deleted meanwhile. A server that is away is waited for as well.
        """
        watching = Watching(
            on_away=on_away,
            timeout_seconds=timeout_seconds,
            away_seconds_max=AWAY_SECONDS_MAX if timeout_seconds is None else inf,
        )
        with contextlib.closing(watch(self._server, {campaign_id}, watching)) as states:
            for progress in states:
                if progress.deleted or until(progress):
                    break
        return self.get_campaign(campaign_id)
