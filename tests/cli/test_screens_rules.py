"""What is drawn, as text: at 80 columns, on a pipe, with what people may have called their campaigns."""

import io
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from rich.console import Console, RenderableType

from service.campaigns.model import (
    PHASES,
    Campaign,
    Configuration,
    Explanation,
    Observation,
    PhaseError,
    PhaseRun,
    Phases,
)
from service.campaigns.outcomes import FAILED, LABELS, SUCCEEDED
from service.cli import screens
from service.cli.screens import Track
from service.progress.events import CampaignPhase, CampaignProgress, PhaseStatus

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ID = UUID("0199f3a2-1b2c-7000-8000-0123456789ab")


def drawn(part: RenderableType, width: int = 80, *, terminal: bool = False) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, force_terminal=terminal, color_system="truecolor" if terminal else None, markup=False
    )
    console.print(part)
    return stream.getvalue()


def run_of(phase: CampaignPhase, status: PhaseStatus, processed: int, total: int) -> PhaseRun:
    begun = status is not PhaseStatus.PENDING
    return PhaseRun(
        phase=phase,
        phase_status=status,
        progress=100 * processed / total if total else 0.0,
        total=total,
        processed=processed,
        succeeded=processed,
        negative=0,
        failed=0,
        outcomes=dict.fromkeys(LABELS[phase].values(), 0),
        shortfall=0,
        rate_per_second=1234.5 if status is PhaseStatus.RUNNING else 0.0,
        eta_seconds=3725.0 if status is PhaseStatus.RUNNING else None,
        stale=False,
        number=1 if begun else 0,
        started_at=NOW if begun else None,
        finished_at=NOW + timedelta(seconds=75) if status is PhaseStatus.COMPLETED else None,
        error=None,
    )


def phases_of(*runs: PhaseRun) -> Phases:
    current = next((run for run in runs if run.phase_status is not PhaseStatus.COMPLETED), runs[-1])
    return Phases(current.phase, current.phase_status, (), runs)


def in_the_middle(total: int = 20_000) -> Phases:
    return phases_of(
        run_of(CampaignPhase.DOMAIN_GENERATION, PhaseStatus.COMPLETED, total, total),
        run_of(CampaignPhase.DNS_VALIDATION, PhaseStatus.RUNNING, total // 4, total),
        run_of(CampaignPhase.HTTP_VALIDATION, PhaseStatus.PENDING, 0, 0),
        run_of(CampaignPhase.ANALYSIS, PhaseStatus.PENDING, 0, 0),
    )


def completed() -> Phases:
    return phases_of(*(run_of(phase, PhaseStatus.COMPLETED, 10, 10) for phase in PHASES))


def news_of(phase: CampaignPhase, status: PhaseStatus, processed: int, *, deleted: bool = False) -> CampaignProgress:
    return CampaignProgress(
        campaign_id=ID,
        phase=phase,
        phase_status=status,
        sequence=7,
        progress=50.0,
        processed=processed,
        total=20_000,
        succeeded=processed,
        negative=0,
        failed=0,
        rate_per_second=99.0,
        eta_seconds=4.0,
        occurred_at=NOW,
        deleted=deleted,
    )


def test_a_campaign_in_the_middle_shows_each_phase_on_its_own_line() -> None:
    lines = drawn(screens.track_screen(Track(ID, "shops", in_the_middle()))).splitlines()
    assert lines[0].split() == ["shops", "0199f3a2-1b2c", "dns_validation", "running"]
    assert [line.split()[:2] for line in lines[1:]] == [
        ["✓", "domain_generation"],
        ["▸", "dns_validation"],
        ["·", "http_validation"],
        ["·", "analysis"],
    ]
    assert lines[1].split()[-3:] == ["100%", "20,000/20,000", "1:15"]
    assert lines[2].split()[-5:] == ["25%", "5,000/20,000", "1,234/s", "ETA", "1:02:05"]
    assert lines[4].split()[-1] == "waiting"


@pytest.mark.parametrize("total", [1, 20_000, 9_999_999, 2_000_000_000])
def test_nothing_is_wider_than_eighty_columns_or_cut(total: int) -> None:
    text = drawn(screens.track_screen(Track(ID, "shops", in_the_middle(total))))
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert screens.count_text(total) in text


def test_bars_keep_their_length_while_numbers_grow() -> None:
    bars = {drawn(screens.phases_table(in_the_middle(total))).splitlines()[0].count("━") for total in (1, 500, 900_000)}
    assert len(bars) == 1


def test_names_are_shown_as_they_are() -> None:
    text = drawn(screens.track_screen(Track(ID, "[red]:smile: [/] sale", in_the_middle())))
    assert text.startswith("[red]:smile: [/] sale  ")


def test_colours_are_for_terminals_only() -> None:
    part = screens.track_screen(Track(ID, "shops", in_the_middle()))
    assert "\x1b[" in drawn(part, terminal=True)
    assert "\x1b" not in drawn(part)


def test_outcomes_stand_by_frequency_and_zeros_are_left_out() -> None:
    run = run_of(CampaignPhase.DNS_VALIDATION, PhaseStatus.COMPLETED, 30, 30)
    run = msgspec.structs.replace(run, outcomes={**run.outcomes, "absent": 9, "resolved": 20, "servfail": 1})
    text = drawn(screens.outcomes_table(phases_of(run)))
    assert text.splitlines()[1].split() == ["dns_validation", "30", "resolved", "20", "absent", "9", "servfail", "1"]


def test_outcomes_never_part_from_their_counts() -> None:
    run = run_of(CampaignPhase.HTTP_VALIDATION, PhaseStatus.COMPLETED, 30, 30)
    counts = {label: 1_000 + number for number, label in enumerate(run.outcomes)}
    text = drawn(screens.outcomes_table(phases_of(msgspec.structs.replace(run, outcomes=counts))))
    assert all(f"{label} {count:,}" in text for label, count in counts.items())


def test_a_shortfall_is_told() -> None:
    run = msgspec.structs.replace(
        run_of(CampaignPhase.DOMAIN_GENERATION, PhaseStatus.COMPLETED, 30, 30), shortfall=1_970
    )
    assert "short of 1,970" in drawn(screens.outcomes_table(phases_of(run)))


@pytest.mark.parametrize("phase", PHASES)
def test_every_outcome_has_its_colour(phase: CampaignPhase) -> None:
    for code, label in LABELS[phase].items():
        expected = "green" if code in SUCCEEDED[phase] else "red" if code in FAILED[phase] else ""
        assert screens.outcome_style(phase, label) == expected
    assert screens.outcome_style(phase, "of a newer server") == ""


def test_a_whole_campaign_tells_errors_reasons_and_what_can_be_started() -> None:
    failed = msgspec.structs.replace(
        run_of(CampaignPhase.DNS_VALIDATION, PhaseStatus.FAILED, 5, 30),
        error=PhaseError("resolvers_dead", "No resolver answers."),
    )
    phases = msgspec.structs.replace(phases_of(failed), available_transitions=(CampaignPhase.HTTP_VALIDATION,))
    campaign = Campaign(
        id=ID,
        name="shops",
        initial_phase=CampaignPhase.DNS_VALIDATION,
        current_phase=CampaignPhase.DNS_VALIDATION,
        phase_status=PhaseStatus.FAILED,
        progress=16.0,
        configuration=Configuration(),
        version=3,
        created_at=NOW,
        updated_at=NOW,
    )
    why = Explanation(moving=False, observations=(Observation("failed", "It has failed. " * 10),))
    text = drawn(screens.campaign_screen(campaign, phases, why))
    assert str(ID) in text
    assert "✗ dns_validation: No resolver answers." in text
    assert "can be started now: http_validation" in text
    assert max(map(len, text.splitlines())) <= 80


def test_news_replaces_the_phase_it_tells_of_and_no_other() -> None:
    before = Track(ID, "shops", in_the_middle())
    after = screens.with_progress(before, news_of(CampaignPhase.DNS_VALIDATION, PhaseStatus.PAUSED, 12_000))
    assert (after.phases.current_phase, after.phases.phase_status) == (CampaignPhase.DNS_VALIDATION, PhaseStatus.PAUSED)
    assert after.phases.phases[1].processed == 12_000
    assert after.phases.phases[0] == before.phases.phases[0]
    assert after.phases.phases[2:] == before.phases.phases[2:]


@pytest.mark.parametrize(
    ("phase", "status", "ended", "succeeded"),
    [
        (CampaignPhase.DNS_VALIDATION, PhaseStatus.RUNNING, False, False),
        (CampaignPhase.DNS_VALIDATION, PhaseStatus.COMPLETED, False, False),
        (CampaignPhase.DNS_VALIDATION, PhaseStatus.PAUSED, False, False),
        (CampaignPhase.DNS_VALIDATION, PhaseStatus.FAILED, True, False),
        (CampaignPhase.DNS_VALIDATION, PhaseStatus.CANCELLED, True, False),
        (CampaignPhase.ANALYSIS, PhaseStatus.RUNNING, False, False),
        (CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED, True, True),
    ],
)
def test_when_a_campaign_has_ended(phase: CampaignPhase, status: PhaseStatus, *, ended: bool, succeeded: bool) -> None:
    track = screens.with_progress(Track(ID, "shops", in_the_middle()), news_of(phase, status, 1))
    assert (track.ended, track.succeeded) == (ended, succeeded)


def test_a_deleted_campaign_has_ended_without_success() -> None:
    news = news_of(CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED, 1, deleted=True)
    track = screens.with_progress(Track(ID, "shops", completed()), news)
    assert (track.ended, track.succeeded) == (True, False)
    assert "deleted" in drawn(screens.track_screen(track))


def test_a_line_is_worth_another_status_or_another_ten_per_cent() -> None:
    at = [
        screens.milestone(run_of(CampaignPhase.DNS_VALIDATION, PhaseStatus.RUNNING, done, 100))
        for done in (0, 9, 10, 19)
    ]
    assert at[0] == at[1] != at[2] == at[3]
    paused = screens.milestone(run_of(CampaignPhase.DNS_VALIDATION, PhaseStatus.PAUSED, 10, 100))
    assert paused != at[2]


def test_progress_as_a_line() -> None:
    running = run_of(CampaignPhase.DNS_VALIDATION, PhaseStatus.RUNNING, 5_000, 20_000)
    assert screens.progress_line("shops", running) == (
        "shops  dns_validation     running     25 %  5,000 of 20,000  1,234/s  ETA 1:02:05"
    )
    ended = run_of(CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED, 20_000, 20_000)
    assert screens.progress_line("shops", ended) == (
        "shops  analysis           completed  100 %  20,000 of 20,000  1:15"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (1.26, "1.3 s"), (10, "10 s"), (59.4, "59 s"), (59.6, "1:00"), (60, "1:00"), (3_599.7, "1:00:00")],
)
def test_durations(seconds: float, text: str) -> None:
    assert screens.duration_text(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (9_999_999, "9,999,999"), (12_345_678, "12.3M"), (2_000_000_000, "2,000.0M"), (2 * 10**10, "20.0G")],
)
def test_counts(count: int, text: str) -> None:
    assert screens.count_text(count) == text
