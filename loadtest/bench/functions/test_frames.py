"""A campaign's state to the frame that its watchers get."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from pytest_benchmark.fixture import BenchmarkFixture

from service.progress.events import CampaignPhase, CampaignProgress, PhaseStatus


def test_encode_progress(benchmark: BenchmarkFixture) -> None:
    progress = CampaignProgress(
        campaign_id=UUID(int=7),
        phase=CampaignPhase.DNS_VALIDATION,
        phase_status=PhaseStatus.RUNNING,
        sequence=12_345,
        progress=42.42,
        processed=848_400,
        total=2_000_000,
        succeeded=339_360,
        negative=500_000,
        failed=9_040,
        rate_per_second=45_678.9,
        eta_seconds=25.2,
        occurred_at=datetime(2026, 11, 25, tzinfo=UTC),
    )
    encoded = benchmark(msgspec.json.Encoder().encode, progress)
    assert b'"campaign.progress"' in encoded
