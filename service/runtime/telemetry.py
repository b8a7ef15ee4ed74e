"""Metrics. Every metric of the program is declared here, so that their list is in one place."""

import logging
import sys

import msgspec
from prometheus_client import Counter, Gauge, Histogram, start_http_server
from prometheus_client.metrics import MetricWrapperBase

logger = logging.getLogger(__name__)

# Fine around ten milliseconds, which is what a page may take: a quantile is known as well as its bucket is narrow.
SECONDS_BUCKETS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.006, 0.007, 0.008, 0.009, 0.01, 0.011, 0.012, 0.0135, 0.015, 0.0175, 0.02, 0.025),
    *(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)

QUERY_SECONDS = Histogram(
    "phaseline_query_seconds", "Time of one named statement, client side", ["query"], buckets=SECONDS_BUCKETS
)
REQUEST_SECONDS = Histogram(
    "phaseline_request_seconds", "Time of one HTTP request", ["operation", "code"], buckets=SECONDS_BUCKETS
)
TICK_FAILURES = Counter("phaseline_tick_failures", "Steps of an engine that failed", ["loop"])
CHUNKS_FINISHED = Counter("phaseline_chunks", "Chunks that this process brought to an end", ["phase", "ending"])
CHUNK_SECONDS = Histogram(
    "phaseline_chunk_seconds", "Time from claim to the last commit of a chunk", ["phase"], buckets=SECONDS_BUCKETS
)
ITEMS_FINISHED = Counter("phaseline_items", "Domains that got an outcome in this process", ["phase", "outcome"])
SUBSCRIBERS = Gauge("phaseline_progress_subscribers", "Open websockets on the progress channel")
PROGRESS_SENT = Counter("phaseline_progress_messages", "Progress messages sent to websockets")

# What the database says of the whole installation; every API process tells the same.
RUNS = Gauge("phaseline_runs", "Runs of phases under way in the installation", ["phase", "status"])
CHUNKS_UNFINISHED = Gauge("phaseline_chunks_unfinished", "Chunks of running phases that are not done", ["state"])
PROGRESS_AGE = Gauge("phaseline_progress_age_seconds", "How long the running phase that rests longest made no progress")
WORKERS_ALIVE = Gauge("phaseline_workers_alive", "Worker processes that were heard of lately")
RETIRED_SETS = Gauge("phaseline_retired_sets", "Sets of rows that are still to be removed")
ROOM_FREE = Gauge("phaseline_room_free_bytes", "How much the database may still grow", ["measure"])
ROOM_SHORT = Gauge("phaseline_room_is_short", "1 while runs wait for room", ["measure"])
OBSERVED_AT = Gauge("phaseline_observed_timestamp_seconds", "When the database was last asked for these")


class Described(msgspec.Struct, frozen=True):
    """A metric as it is listed: its name on the wire, without the suffixes of a histogram."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


def describe_metrics() -> list[Described]:
    """Every metric of ours, by name; beside them are those of the process and of Python."""
    found = [value for value in vars(sys.modules[__name__]).values() if isinstance(value, MetricWrapperBase)]
    return sorted((described(metric) for metric in found), key=lambda each: each.name)


def described(metric: MetricWrapperBase) -> Described:
    (family,) = metric.describe()
    name = f"{family.name}_total" if family.type == "counter" else family.name
    return Described(name, family.type, tuple(metric._labelnames), family.documentation)  # noqa: SLF001 - told nowhere else


def show_metrics(host: str, port: int) -> None:
    """Answer on a port of this process's own, in a thread; one that is taken is told of, and done without."""
    try:
        start_http_server(port, host)
    except (OSError, OverflowError) as error:
        logger.warning("metrics are not shown on %s port %s: %s", host, port, error)
