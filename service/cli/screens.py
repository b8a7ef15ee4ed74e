"""What the commands draw. Pure: values of the API in, renderables or lines out; 80 columns are enough for all of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

import msgspec
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from service.access.model import Key
from service.campaigns.model import PHASES, Campaign, Explanation, PhaseRun, Phases
from service.campaigns.outcomes import FAILED, LABELS, SUCCEEDED
from service.postgres.migrating import MigrationStatus, Standing
from service.progress.events import CampaignPhase, CampaignProgress, PhaseStatus

COUNT_SHORTENED_FROM = 10_000_000  # what is longer would not fit beside the bars
SHORT_ID_LENGTH = 13  # of a UUIDv7: up to the millisecond
MILESTONE_PERCENT = 10
PHASE_WIDTH = max(map(len, PHASES))
# Wide enough for what usually stands there, so that the bars keep their length while numbers grow.
PERCENT_WIDTH, COUNTS_WIDTH, RATE_WIDTH, TIME_WIDTH = 4, 15, 8, 10

MARKS: Mapping[PhaseStatus, tuple[str, str]] = {
    PhaseStatus.PENDING: ("·", "dim"),
    PhaseStatus.RUNNING: ("▸", "cyan"),
    PhaseStatus.PAUSED: ("‖", "yellow"),
    PhaseStatus.COMPLETED: ("✓", "green"),
    PhaseStatus.FAILED: ("✗", "red"),
    PhaseStatus.CANCELLED: ("✗", "yellow"),
}
STANDING_STYLES: Mapping[Standing, str] = {
    Standing.APPLIED: "green",
    Standing.PENDING: "yellow",
    Standing.CHANGED: "red",
    Standing.UNKNOWN: "red",
}


class Track(msgspec.Struct, frozen=True):
    """A campaign that is being watched: its name, and where its phases stand."""

    id: UUID
    name: str
    phases: Phases
    deleted: bool = False

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen unless somebody asks for it."""
        status = self.phases.phase_status
        last = self.phases.current_phase is PHASES[-1]
        ending = status in {PhaseStatus.FAILED, PhaseStatus.CANCELLED} or (last and status is PhaseStatus.COMPLETED)
        return self.deleted or ending

    @property
    def succeeded(self) -> bool:
        last = self.phases.current_phase is PHASES[-1]
        return last and self.phases.phase_status is PhaseStatus.COMPLETED and not self.deleted


# What comes in from the channel


def with_progress(track: Track, news: CampaignProgress) -> Track:
    """The track after this news of its campaign."""
    phases = msgspec.structs.replace(
        track.phases,
        current_phase=news.phase,
        phase_status=news.phase_status,
        phases=tuple(run_with_progress(run, news) for run in track.phases.phases),
    )
    return msgspec.structs.replace(track, phases=phases, deleted=news.deleted)


def run_with_progress(run: PhaseRun, news: CampaignProgress) -> PhaseRun:
    if run.phase is not news.phase:
        return run
    return msgspec.structs.replace(
        run,
        phase_status=news.phase_status,
        progress=news.progress,
        processed=news.processed,
        total=news.total,
        succeeded=news.succeeded,
        negative=news.negative,
        failed=news.failed,
        rate_per_second=news.rate_per_second,
        eta_seconds=news.eta_seconds,
    )


# Lines, where no terminal draws


def milestone(run: PhaseRun) -> tuple[PhaseStatus, int]:
    """What a line is worth: another status, another ten per cent."""
    return run.phase_status, int(run.progress) // MILESTONE_PERCENT


def progress_line(name: str, run: PhaseRun) -> str:
    """One line on a pipe: what, how it stands, how far, how fast."""
    parts = [
        f"{name}  {run.phase:<{PHASE_WIDTH}}  {run.phase_status:<9}  {run.progress:3.0f} %",
        f"{count_text(run.processed)} of {count_text(run.total)}",
        rate_text(run.rate_per_second) if run.phase_status is PhaseStatus.RUNNING else "",
        phase_time(run) if run.phase_status in {PhaseStatus.RUNNING, PhaseStatus.COMPLETED} else "",
    ]
    return "  ".join(part for part in parts if part)


# Campaigns


def tracks_screen(tracks: Sequence[Track]) -> RenderableType:
    """Every campaign that is watched, one below the other."""
    return Group(*(Padding(track_screen(track), (0, 0, 1, 0)) for track in tracks))


def track_screen(track: Track) -> RenderableType:
    status = "deleted" if track.deleted else f"{track.phases.current_phase} {track.phases.phase_status}"
    style = MARKS[track.phases.phase_status][1]
    heading = Text.assemble((track.name, "bold"), "  ", (short_id(track.id), "dim"), "  ", (status, style))
    heading.truncate(78, overflow="ellipsis")
    return Group(heading, phases_table(track.phases))


def phases_table(phases: Phases) -> RenderableType:
    """A row for each phase: mark, name, bar, counts, rate, and the time it needs or took."""
    table = Table.grid(padding=(0, 1), expand=True)
    for column in (1, PHASE_WIDTH):
        table.add_column(width=column, no_wrap=True)
    table.add_column(ratio=1, min_width=8)
    for width in (PERCENT_WIDTH, COUNTS_WIDTH, RATE_WIDTH, TIME_WIDTH):
        table.add_column(justify="right", no_wrap=True, min_width=width)
    for run in phases.phases:
        table.add_row(*phase_row(run))
    return Padding(table, (0, 0, 0, 2))


def phase_row(run: PhaseRun) -> tuple[RenderableType, ...]:
    mark, style = MARKS[run.phase_status]
    waiting = run.phase_status is PhaseStatus.PENDING
    return (
        Text(mark, style),
        Text(run.phase, "dim" if waiting else ""),
        ProgressBar(total=100, completed=run.progress, complete_style=style, finished_style=style),
        Text("" if waiting else f"{int(run.progress)}%"),
        Text("" if waiting else f"{count_text(run.processed)}/{count_text(run.total)}"),
        Text(rate_text(run.rate_per_second) if run.phase_status is PhaseStatus.RUNNING else "", "dim"),
        Text(phase_time(run), "dim" if waiting else style),
    )


def phase_time(run: PhaseRun) -> str:
    """What is left of a running phase, what a finished one took, or the word for how it stands."""
    match run.phase_status:
        case PhaseStatus.RUNNING:
            return eta_text(run.eta_seconds) or "running"
        case PhaseStatus.COMPLETED if run.started_at and run.finished_at:
            return duration_text((run.finished_at - run.started_at).total_seconds())
        case PhaseStatus.PENDING:
            return "stale" if run.stale else "waiting"
        case PhaseStatus.COMPLETED | PhaseStatus.PAUSED | PhaseStatus.FAILED | PhaseStatus.CANCELLED as status:
            return str(status)
        case _:
            assert_never(run.phase_status)


def outcomes_table(phases: Phases) -> RenderableType:
    """How many domains got which outcome, phase by phase; outcomes that nothing got are left out."""
    table = plain_table("phase", ">total", "outcomes")
    for run in phases.phases:
        if run.number:
            table.add_row(run.phase, count_text(run.processed), outcomes_columns(run))
    return indented(table)


def outcomes_columns(run: PhaseRun) -> RenderableType:
    """The most frequent first."""
    found = sorted(((count, label) for label, count in run.outcomes.items() if count), key=lambda pair: -pair[0])
    parts = [Text(f"{label} {count_text(count)}", outcome_style(run.phase, label)) for count, label in found]
    if run.shortfall:
        parts.append(Text(f"short of {count_text(run.shortfall)}", "yellow"))
    return Columns(parts, padding=(0, 2))


def outcome_style(phase: CampaignPhase, label: str) -> str:
    codes = {name: code for code, name in LABELS[phase].items()}
    code = codes.get(label, 0)  # a newer server may know more outcomes
    if code in SUCCEEDED[phase]:
        return "green"
    return "red" if code in FAILED[phase] else ""


def summary_screen(phases: Phases) -> RenderableType:
    """The end of a campaign: outcomes of each phase, and its leads."""
    leads = lead_count(phases)
    return Group(outcomes_table(phases), Text(""), Text.assemble("  ", (f"{count_text(leads)} leads", "bold green")))


def lead_count(phases: Phases) -> int:
    return sum(run.succeeded for run in phases.phases if run.phase is CampaignPhase.ANALYSIS)


def campaigns_table(campaigns: Iterable[Campaign]) -> RenderableType:
    """Newest first, as the API lists them."""
    table = plain_table("id", "name", "phase", "status", ">done", "created")
    table.columns[1].overflow = "ellipsis"
    table.columns[1].no_wrap = True
    for campaign in campaigns:
        table.add_row(
            short_id(campaign.id),
            campaign.name,
            campaign.current_phase,
            status_text(campaign.phase_status),
            f"{int(campaign.progress)}%",
            Text(f"{campaign.created_at.astimezone():%m-%d %H:%M}", "dim"),
        )
    return table


def campaign_screen(campaign: Campaign, phases: Phases, explanation: Explanation) -> RenderableType:
    """Everything about one campaign: phases, outcomes, what it may do next, and why it moves or stands."""
    parts: list[RenderableType] = [
        Text.assemble(("id         ", "dim"), str(campaign.id)),
        Text.assemble(("created    ", "dim"), instant_text(campaign.created_at)),
        Text.assemble(
            ("runs       ", "dim"), f"{campaign.configuration.advance}, on the {campaign.configuration.network}"
        ),
        Text(""),
        track_screen(Track(campaign.id, campaign.name, phases)),
    ]
    if any(run.number for run in phases.phases):
        parts += [Text(""), outcomes_table(phases)]
    return Group(*parts, Text(""), remarks(phases, explanation))


def remarks(phases: Phases, explanation: Explanation) -> RenderableType:
    """What went wrong, why it moves or stands, and what can be started now; one to a line, or more where it is long."""
    table = Table.grid(padding=(0, 1))
    for run in phases.phases:
        if run.error:
            table.add_row(Text("✗", "red"), Text(f"{run.phase}: {run.error.message}", "red"))
    for observation in explanation.observations:
        table.add_row(Text("·", "dim"), Text(observation.message))
    following = ", ".join(phases.available_transitions) or "nothing"
    table.add_row(Text("·", "dim"), Text.assemble(("can be started now: ", "dim"), following))
    return indented(table)


def explanation_lines(explanation: Explanation) -> list[Text]:
    """Whether it moves, and the reasons in the order of what to look at first."""
    head = Text("It moves.", "green") if explanation.moving else Text("It does not move.", "yellow")
    return [head, *(Text.assemble(("· ", "dim"), seen.message) for seen in explanation.observations)]


def status_text(status: PhaseStatus) -> Text:
    return Text(status, MARKS[status][1])


# Tables about an installation


def settings_table(rows: Iterable[tuple[str, str, str, str]]) -> RenderableType:
    """Name, default, present value, meaning: two lines for each setting, so that nothing is cut."""
    parts: list[RenderableType] = []
    for name, default, value, meaning in rows:
        head = Text.assemble((name, "bold"), "  ", (value, "cyan") if value != default else value or ("empty", "dim"))
        if value != default:
            head.append(f"   (default: {default or 'empty'})", "dim")
        parts += [head, Padding(Text(meaning, "dim"), (0, 0, 0, 4))]
    return Group(*parts)


def keys_table(keys: Iterable[Key]) -> RenderableType:
    table = plain_table("id", "name", "begins", "made", "revoked")
    for key in keys:
        revoked = "" if key.revoked_at is None else instant_text(key.revoked_at)
        table.add_row(short_id(key.id), key.name, key.hint, instant_text(key.created_at), Text(revoked, "red"))
    return table


def migrations_table(statuses: Iterable[MigrationStatus]) -> RenderableType:
    table = plain_table("migration", "standing", "applied")
    for status in statuses:
        at = "" if status.applied_at is None else instant_text(status.applied_at)
        table.add_row(status.label, Text(status.standing, STANDING_STYLES[status.standing]), at)
    return table


def plain_table(*columns: str) -> Table:
    """Dim headings and no lines; a heading that begins with ">" stands over numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left")
    return table


def indented(part: RenderableType) -> RenderableType:
    return Padding(part, (0, 0, 0, 2))


# Words and numbers


def short_id(identifier: UUID) -> str:
    """As much of an id as tells campaigns apart that people made; commands take it."""
    return str(identifier)[:SHORT_ID_LENGTH]


def count_text(count: int) -> str:
    """12,345; from ten millions on 12.3M, from ten thousand millions on 12.3G."""
    if count < COUNT_SHORTENED_FROM:
        return f"{count:,}"
    if count < 1_000 * COUNT_SHORTENED_FROM:
        return f"{count / 1_000_000:,.1f}M"
    return f"{count / 1_000_000_000:,.1f}G"


def rate_text(rate_per_second: float) -> str:
    return f"{rate_per_second:,.0f}/s" if rate_per_second > 0 else ""


def eta_text(seconds: float | None) -> str:
    return "" if seconds is None else f"ETA {duration_text(seconds)}"


def duration_text(seconds: float) -> str:
    """1.2 s, 45 s, 3:05, 2:07:09 (hours, minutes, seconds)."""
    if round(seconds, 1) < 10:
        return f"{seconds:.1f} s"
    if round(seconds) < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def instant_text(instant: datetime) -> str:
    """To the minute, in the time of the person who reads it."""
    return f"{instant.astimezone():%Y-%m-%d %H:%M}"
