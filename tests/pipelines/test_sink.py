"""Answers of all shapes are written as they were found, whichever way their rows take."""

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.campaigns.model import DnsValidation, Network
from service.pipelines.model import ChunkKind, DnsColumns, Lease, RunPlan
from service.pipelines.sink import copy_rows
from service.postgres.database import Database
from service.progress.events import CampaignPhase

RUN_ID = 7
LEASE = Lease(
    lease_id=UUID(int=1),
    run=RunPlan(
        run_id=RUN_ID,
        campaign_id=UUID(int=2),
        phase=CampaignPhase.DNS_VALIDATION,
        network=Network.SANDBOX,
        configuration=DnsValidation(),
        dns=DnsValidation(),
        name_set_id=1,
        dns_set_id=None,
        http_set_id=None,
        started_at=datetime.now(UTC),
    ),
    number=0,
    kind=ChunkKind.FRESH,
    first_position=0,
    end_position=100,
    attempt_count=1,
)


class Answer(NamedTuple):
    """Packed addresses, one after the other; outcome 0 is none yet."""

    outcome: int
    resolver: int
    duration_ms: int
    addresses: bytes
    addresses_v6: bytes
    canonical_name: str | None


def packed(width: int, count_max: int) -> st.SearchStrategy[bytes]:
    address = st.binary(min_size=width, max_size=width) | st.just(bytes(width))
    return st.lists(address, max_size=count_max).map(b"".join)


ANSWERS = st.lists(
    st.builds(
        Answer,
        outcome=st.integers(0, 8),
        resolver=st.integers(-1, 63),
        duration_ms=st.integers(0, 2**31 - 1),
        addresses=packed(4, 3),
        addresses_v6=packed(16, 2) | st.just(b""),
        canonical_name=st.none() | st.sampled_from(["lobby.test", ""]),
    ),
    max_size=30,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=ANSWERS)
async def test_answers_come_back_as_they_were(database: Database, answers: list[Answer]) -> None:
    results = DnsColumns(
        positions=np.arange(len(answers), dtype=np.int32),
        outcomes=np.array([answer.outcome for answer in answers], dtype=np.uint8),
        resolver=np.array([answer.resolver for answer in answers], dtype=np.int16),
        duration_ms=np.array([answer.duration_ms for answer in answers], dtype=np.int32),
        addresses=[answer.addresses for answer in answers],
        addresses_v6=[answer.addresses_v6 for answer in answers],
        canonical_name=[answer.canonical_name for answer in answers],
    )
    await database.pool.execute("DELETE FROM dns_results")
    async with database.transaction() as tx:
        await tx.begin()
        await copy_rows(tx, LEASE, results)
    rows = await database.pool.fetch(
        "SELECT set_id, position, outcome, resolver, duration_ms, addresses, addresses_v6, canonical_name "
        "FROM dns_results ORDER BY position"
    )
    assert [tuple(row) for row in rows] == [
        (RUN_ID, position, *answer[:3], answer.addresses or None, answer.addresses_v6 or None, answer.canonical_name)
        for position, answer in enumerate(answers)
        if answer.outcome
    ]
