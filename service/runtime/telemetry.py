"""Metrics and logs. Every metric of the program is declared here, so that their list is in one place."""

import logging
import sys

import structlog
from prometheus_client import Counter, Gauge, Histogram

SECONDS_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

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


def configure_logging(*, level: str = "INFO", as_json: bool = False) -> None:
    """One line for each thing that happened, on standard error; JSON for machines, plain for people."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    if as_json:
        shared.append(structlog.processors.format_exc_info)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
