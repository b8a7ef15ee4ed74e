"""The service's own Prometheus histograms, as its `/metrics` tells them, and what came to them in between."""

import itertools
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

LINE = re.compile(r"^(\w+)_(bucket|sum)\{([^}]*)\} (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')


class Histogram(NamedTuple):
    """`counts[i]` values lie above the bound before and up to `bounds[i]`, the last of which is infinite."""

    bounds: tuple[float, ...]
    counts: tuple[float, ...]
    total: float  # the values added up

    @property
    def size(self) -> int:
        return int(sum(self.counts))

    def quantile(self, share: float) -> float:
        """As Prometheus has it: linear within a bucket, and so exact at its bounds; what is beyond all is the last."""
        wanted, below, first = share * sum(self.counts), 0.0, 0.0
        for bound, count in zip(self.bounds, self.counts, strict=True):
            if count and below + count >= wanted:
                return first if bound == float("inf") else first + (bound - first) * (wanted - below) / count
            below += count
            first = bound
        return 0.0


Histograms = dict[str, Histogram]  # by the value of a label


def read_histograms(exposition: str, name: str, label: str, **others: str) -> Histograms:
    """Those of one metric by one of its labels: of those with the labels `others`, whatever else they have."""
    buckets: defaultdict[str, defaultdict[float, float]] = defaultdict(lambda: defaultdict(float))
    totals: defaultdict[str, float] = defaultdict(float)
    for metric, kind, labels, value in LINE.findall(exposition):
        found = dict(LABEL.findall(labels))
        if metric != name or any(found.get(key) != wanted for key, wanted in others.items()):
            continue
        if kind == "bucket":
            buckets[found[label]][float(found["le"])] += float(value)
        else:
            totals[found[label]] += float(value)
    return {key: histogram_of(by_bound, totals[key]) for key, by_bound in buckets.items()}


def histogram_of(cumulated: Mapping[float, float], total: float) -> Histogram:
    bounds = tuple(sorted(cumulated))
    up_to = [0.0, *(cumulated[bound] for bound in bounds)]
    return Histogram(bounds, tuple(after - before for before, after in itertools.pairwise(up_to)), total)


def added(before: Histograms, after: Histograms) -> Histograms:
    """What came between two looks; nothing of what did not change."""
    found = {key: difference(before.get(key), now) for key, now in after.items()}
    return {key: histogram for key, histogram in found.items() if histogram.size}


def difference(before: Histogram | None, now: Histogram) -> Histogram:
    if before is None:
        return now
    counts = tuple(late - early for early, late in zip(before.counts, now.counts, strict=True))
    return Histogram(now.bounds, counts, now.total - before.total)
