"""Hosts -> pages."""

import asyncio
from collections.abc import Sequence

import numpy as np

from service.campaigns.model import HttpValidation
from service.fetching.model import Probe, Target
from service.fetching.prober import ProxiesDead
from service.pipelines.model import UNFINISHED, HostItems, Record, RowResults, RunPlan
from service.pipelines.transforms.engines import Engines, Lookup, proxies_dead


async def validate_http(engines: Engines, run: RunPlan, items: HostItems, stop: asyncio.Event) -> RowResults:
    """An outcome for each host; those begun too late to finish before `stop` have none."""
    assert isinstance(run.configuration, HttpValidation)
    known = items.addresses if run.dns_set_id is not None else await look_up(engines, run, items)
    targets = [Target(name, addresses) for name, addresses in zip(items.names, known, strict=True)]
    async with engines.prober((run.network, run.dns_of_run, run.configuration)) as prober:
        try:
            probes = await prober.probe(targets, stop)
        except ProxiesDead:
            raise proxies_dead() from None
    outcomes = np.array([UNFINISHED if probe is None else probe.outcome for probe in probes], dtype=np.uint8)
    positions = items.positions.tolist()
    return RowResults(items.positions, outcomes, [record(*pair) for pair in zip(positions, probes, strict=True)])


async def look_up(engines: Engines, run: RunPlan, items: HostItems) -> Sequence[tuple[bytes, ...]]:
    """Addresses for a campaign that begins with HTTP; a name without any becomes `unresolvable`."""
    return await Lookup(engines, (run.network, run.dns_of_run))(items.names)


def record(position: int, probe: Probe | None) -> Record:
    if probe is None:
        return ()
    return (
        position,
        int(probe.outcome),
        probe.status_code,
        probe.title_hit,
        probe.unique_keywords,
        probe.keyword_hits,
        probe.duration_ms,
        probe.body_bytes,
        probe.parked_confidence,
        probe.keyword_bits,
        probe.content_hash,
        probe.title or None,
        probe.final_url or None,
        probe.near_hash,
        probe.keyword_contexts or None,
        None if probe.tls_fault is None else int(probe.tls_fault),
    )
