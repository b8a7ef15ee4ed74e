"""Offsets -> names."""

import numpy as np

from service.campaigns.configuration import checked_pattern
from service.campaigns.model import DomainGeneration
from service.campaigns.outcomes import GenerationOutcome
from service.generating.names import render_names
from service.pipelines.model import NameBlocks, OffsetItems


def generate_domains(configuration: DomainGeneration, items: OffsetItems) -> NameBlocks:
    """Names of a chunk's offsets; those that break the host name rules are rejected."""
    pattern, _ = checked_pattern(configuration)
    count = items.end_position - items.first_position
    first_offset = items.range.first_offset + items.first_position - items.range.first_position
    block = render_names(pattern, items.range.tld, first_offset, count)
    return NameBlocks(
        positions=np.arange(items.first_position, items.end_position, dtype=np.int32),
        outcomes=np.where(block.valid, GenerationOutcome.GENERATED, GenerationOutcome.REJECTED).astype(np.uint8),
        matrix=block.matrix,
    )
