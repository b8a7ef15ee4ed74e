"""One phase, one transform."""

import asyncio
from typing import assert_never

from service.campaigns.model import Analysis, DomainGeneration
from service.pipelines.model import FactItems, HostItems, Items, NameItems, OffsetItems, Results, RunPlan
from service.pipelines.transforms.analysis import score_domains
from service.pipelines.transforms.dns_validation import validate_dns
from service.pipelines.transforms.domain_generation import generate_domains
from service.pipelines.transforms.engines import Engines
from service.pipelines.transforms.http_validation import validate_http


async def transform(engines: Engines, run: RunPlan, items: Items, stop: asyncio.Event) -> Results:
    match items:
        case OffsetItems():
            assert isinstance(run.configuration, DomainGeneration)
            return generate_domains(run.configuration, items)
        case NameItems():
            return await validate_dns(engines, run, items, stop)
        case HostItems():
            return await validate_http(engines, run, items, stop)
        case FactItems():
            assert isinstance(run.configuration, Analysis)
            return score_domains(run.configuration, items)
        case _:
            assert_never(items)
