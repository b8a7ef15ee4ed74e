"""Names -> addresses."""

import asyncio

from service.pipelines.model import NameItems, RowResults, RunPlan
from service.pipelines.transforms.engines import Engines, resolvers_dead
from service.resolving.engine import AllResolversDead


async def validate_dns(engines: Engines, run: RunPlan, items: NameItems, stop: asyncio.Event) -> RowResults:
    """An outcome for each name; those begun too late to finish before `stop` have none."""
    async with engines.resolver((run.network, run.dns_of_run)) as engine:
        try:
            answers = await engine.resolve(items.names, stop)
        except AllResolversDead:
            raise resolvers_dead() from None
    rows = zip(
        items.positions.tolist(),
        answers.outcomes.tolist(),
        answers.resolver.tolist(),
        answers.duration_ms.tolist(),
        (packed or None for packed in answers.addresses),
        (packed or None for packed in answers.addresses_v6),
        answers.cname,
        strict=True,
    )
    return RowResults(items.positions, answers.outcomes, list(rows))
