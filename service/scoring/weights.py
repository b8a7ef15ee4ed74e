"""What a campaign may ask of its scores: the weight of each component, and the thresholds of the verdict.

Both are parts of the `analysis` object of a campaign's configuration, and pointers are relative to it.
"""

import math
from typing import Annotated, Generic, TypeVar

import msgspec

from service.errors import Invalid

T = TypeVar("T")

BODY_BYTES_MAX = 16 * 1024 * 1024
"""No page that is kept is larger, so a higher demand on its size could not be met."""

Weight = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Weights(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """How much each component of a score counts, relative to the others; `share_weights` makes them add up to 1."""

    keyword_density: Weight = 0.35
    unique_keyword_coverage: Weight = 0.25
    non_parked: Weight = 0.10
    content_length_quality: Weight = 0.10
    title_keyword: Weight = 0.10
    freshness: Weight = 0.10
    tf_lite: Weight = 0.0


class Thresholds(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What a page must reach to qualify.

    `match`: the least score, 0..1. `min_content_bytes`: the least size of the body, in bytes.
    `parked_floor`: the confidence, 0..1, from which on a page counts as parked whatever it scores.
    """

    match: Annotated[float, msgspec.Meta(ge=0.05, le=0.95)] = 0.27
    min_content_bytes: Annotated[int, msgspec.Meta(ge=0, le=BODY_BYTES_MAX)] = 1024
    parked_floor: Annotated[float, msgspec.Meta(ge=0.05, le=1.0)] = 0.45


class PerComponent(msgspec.Struct, Generic[T], frozen=True, eq=False, rename="camel"):
    """One thing for each component of a score: its share, its column of values, its part of the sum."""

    keyword_density: T
    unique_keyword_coverage: T
    non_parked: T
    content_length_quality: T
    title_keyword: T
    freshness: T
    tf_lite: T

    def values(self) -> tuple[T, ...]:
        """In one order everywhere, so that sums of floats come out the same."""
        return (
            self.keyword_density,
            self.unique_keyword_coverage,
            self.non_parked,
            self.content_length_quality,
            self.title_keyword,
            self.freshness,
            self.tf_lite,
        )


def share_weights(weights: Weights) -> PerComponent[float]:
    """The weights scaled to a sum of 1; `Invalid` if there is nothing to scale."""
    raw = PerComponent(
        keyword_density=weights.keyword_density,
        unique_keyword_coverage=weights.unique_keyword_coverage,
        non_parked=weights.non_parked,
        content_length_quality=weights.content_length_quality,
        title_keyword=weights.title_keyword,
        freshness=weights.freshness,
        tf_lite=weights.tf_lite,
    ).values()
    assert all(0.0 <= weight <= 1.0 for weight in raw)
    total = math.fsum(raw)
    if total == 0.0:
        raise Invalid("weights_all_zero", "At least one weight must be above 0.", pointer="/weights")
    return PerComponent(*(weight / total for weight in raw))
