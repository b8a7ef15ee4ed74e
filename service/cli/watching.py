"""Campaigns as they go: news from the websocket, kept up through restarts of the server, shown in one of three ways.

The channel tells of current phases only and skips what is outdated, so the whole of a campaign's phases is asked for
whenever one begins or ends: their last counts are exact.
"""

import contextlib
import sys
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec
from rich.console import Group
from rich.live import Live
from rich.text import Text

from phaseline_client import Absence
from service.cli import screens
from service.cli.client import Client
from service.cli.screens import Track
from service.cli.terminal import note, output, write_json_line, write_line
from service.errors import Unavailable
from service.progress.events import CampaignPhase, CampaignProgress, PhaseStatus


class Display(Protocol):
    """One way of showing campaigns."""

    def begin(self, tracks: Sequence[Track], /) -> None:
        """How the campaigns stand at first."""

    def tell(self, tracks: Sequence[Track], news: CampaignProgress, /) -> None:
        """Something has changed; `tracks` are how all stand now."""

    def tell_away(self, away: Absence, /) -> None:
        """The server is gone for a while."""

    def tell_back(self) -> None:
        """The server is there again; what has changed meanwhile is told after this."""

    def close(self) -> None:
        """Leave the terminal as it was, with the last state on it."""


async def watch(client: Client, campaign_ids: tuple[UUID, ...], display: Display) -> list[Track]:
    """Show these campaigns until all have ended; how they stand then."""
    tracks = {campaign_id: await load_track(client, campaign_id) for campaign_id in campaign_ids}
    with contextlib.closing(display):
        display.begin(list(tracks.values()))
        async with contextlib.aclosing(client.watch(campaign_ids, display.tell_away, display.tell_back)) as states:
            async for news in states:
                tracks[news.campaign_id] = await next_track(client, tracks[news.campaign_id], news)
                display.tell(list(tracks.values()), news)
                if all(track.ended for track in tracks.values()):
                    break
    return list(tracks.values())


async def load_track(client: Client, campaign_id: UUID) -> Track:
    campaign = await client.get_campaign(campaign_id)
    return Track(campaign.id, campaign.name, await client.get_phases(campaign_id))


async def next_track(client: Client, track: Track, news: CampaignProgress) -> Track:
    """The track after this news: in full where a phase begins or ends, if the server still answers."""
    standing = (track.phases.current_phase, track.phases.phase_status)
    if news.deleted or standing == (news.phase, news.phase_status):
        return screens.with_progress(track, news)
    try:
        return msgspec.structs.replace(track, phases=await client.get_phases(track.id))
    except Unavailable:
        return screens.with_progress(track, news)


def display_for(*, as_json: bool) -> Display:
    """JSON lines if asked for, bars on a terminal, plain lines on a pipe."""
    if as_json:
        return JsonLines()
    return Bars() if sys.stdout.isatty() else Lines()


class Bars:
    """Bars that move, for a terminal."""

    def __init__(self) -> None:
        self._live = Live(console=output(), auto_refresh=False)
        self._tracks: Sequence[Track] = ()

    def begin(self, tracks: Sequence[Track]) -> None:
        self._live.start()
        self.tell(tracks)

    def tell(self, tracks: Sequence[Track], _news: CampaignProgress | None = None) -> None:
        self._tracks = tracks
        self._live.update(screens.tracks_screen(tracks), refresh=True)

    def tell_away(self, away: Absence) -> None:
        line = Text(f"  {away_line(away)}", "yellow")
        self._live.update(Group(screens.tracks_screen(self._tracks), line), refresh=True)

    def tell_back(self) -> None:
        self.tell(self._tracks)

    def close(self) -> None:
        self._live.stop()


class Lines:
    """A line for each phase, each status and each ten per cent, for a pipe or a log."""

    def __init__(self) -> None:
        self._told: dict[tuple[UUID, CampaignPhase], tuple[PhaseStatus, int]] = {}

    def begin(self, tracks: Sequence[Track]) -> None:
        for track in tracks:
            write_line(f"Watching {track.name} ({track.id}).")
            self._tell_track(track)

    def tell(self, tracks: Sequence[Track], news: CampaignProgress) -> None:
        self._tell_track(next(track for track in tracks if track.id == news.campaign_id))

    def _tell_track(self, track: Track) -> None:
        """Whatever of its phases is worth a line, those that ended between two messages too."""
        if track.deleted:
            write_line(f"{track.name}  deleted")
            return
        for run in track.phases.phases:
            reached, place = screens.milestone(run), (track.id, run.phase)
            if run.number and self._told.get(place) != reached:
                self._told[place] = reached
                write_line(screens.progress_line(track.name, run))

    def tell_away(self, away: Absence) -> None:
        note(away_line(away))

    def tell_back(self) -> None:
        """Nothing: the next line shows it."""

    def close(self) -> None:
        """Nothing is open."""


class JsonLines:
    """Every message as it came, one a line, for programs."""

    def begin(self, _tracks: Sequence[Track]) -> None:
        """Nothing: the channel begins with the present states by itself."""

    def tell(self, _tracks: Sequence[Track], news: CampaignProgress) -> None:
        write_json_line(news)

    def tell_away(self, away: Absence) -> None:
        note(away_line(away))

    def tell_back(self) -> None:
        """Nothing: the next line shows it."""

    def close(self) -> None:
        """Nothing is open."""


def away_line(away: Absence) -> str:
    return f"The server is away; asking again in {away.seconds:.1f} s. Ctrl-C stops watching, not the campaign."
