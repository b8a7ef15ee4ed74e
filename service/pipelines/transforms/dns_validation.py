"""Names -> addresses."""

import asyncio

from service.pipelines.model import DnsColumns, NameItems, RunPlan
from service.pipelines.transforms.engines import Engines, resolvers_dead
from service.resolving.engine import AllResolversDead


async def validate_dns(engines: Engines, run: RunPlan, items: NameItems, stop: asyncio.Event) -> DnsColumns:
    """An outcome for each name; those begun too late to finish before `stop` have none."""
    async with engines.resolver((run.network, run.dns_of_run)) as engine:
        try:
            answers = await engine.resolve(items.names, stop)
        except AllResolversDead:
            raise resolvers_dead() from None
    return DnsColumns(
        positions=items.positions,
        outcomes=answers.outcomes,
        resolver=answers.resolver,
        duration_ms=answers.duration_ms,
        addresses=answers.addresses,
        addresses_v6=answers.addresses_v6,
        canonical_name=answers.cname,
    )
