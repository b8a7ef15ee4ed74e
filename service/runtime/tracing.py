"""Traces: from a request over the run that it started to each of the run's chunks, whoever carries them.

    request -> start of a phase -> chunk, chunk, ... -> start of the next phase -> chunk, ...

Off unless an endpoint is set; then nothing of OpenTelemetry is imported, and a span costs a comparison. What a span
belongs to is the task's, as in the log; across processes it is the run's `trace_parent` in the database. Attributes are
ids and names: no body, no header, no domain.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from service.errors import Invalid
from service.runtime.logs import bind_ids

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

PROGRAM = "phaseline"
Attribute = str | int | float | bool

_tracer: "Tracer | None" = None


def configure_tracing(endpoint: str | None) -> None:
    """Send spans there from now on, in batches and from a thread of their own; Invalid where the packages are missing.

    Which of them, and how many at a time, is OpenTelemetry's own to say (OTEL_TRACES_SAMPLER, OTEL_BSP_...).
    """
    if endpoint is None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - optional
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise Invalid("tracing_missing", "PHASELINE_TRACES_ENDPOINT needs what phaseline[tracing] installs.") from None
    provider = TracerProvider(resource=Resource.create({"service.name": PROGRAM}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    use_tracer(provider.get_tracer(PROGRAM))


def use_tracer(tracer: "Tracer | None") -> None:
    """Make spans with this one from now on; None makes none."""
    global _tracer  # noqa: PLW0603 - one for a process, as its log is
    _tracer = tracer


@contextlib.contextmanager
def span(name: str, *, parent: str | None = None, is_server: bool = False, **attributes: Attribute) -> Iterator[None]:
    """Something that takes time; all spans that are begun inside belong to it. An error that leaves it is noted.

    `parent` is the traceparent of what it belongs to; without, that is the span of this task.
    """
    if _tracer is None:
        yield
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415 - only where it is there

    kind = SpanKind.SERVER if is_server else SpanKind.INTERNAL
    context = context_of(parent)
    with _tracer.start_as_current_span(name, context, kind, named(attributes), record_exception=False) as begun:
        tell_trace(begun)
        yield


def note(**attributes: Attribute) -> None:
    """What is only known in the end, on the span of this task."""
    if _tracer is not None:
        from opentelemetry.trace import get_current_span  # noqa: PLC0415

        get_current_span().set_attributes(named(attributes))


def trace_parent() -> str | None:
    """The span of this task, for whoever goes on elsewhere; None where no traces are made."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


def context_of(parent: str | None) -> "Context | None":
    """Where a span begins that belongs to another; one that cannot be read is none."""
    if parent is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    return TraceContextTextMapPropagator().extract({"traceparent": parent})


def tell_trace(begun: "Span") -> None:
    """Lines of the log name the trace, so that one leads to the other."""
    bind_ids(trace_id=f"{begun.get_span_context().trace_id:032x}")


def named(attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    """Python's names cannot have dots: `campaign_id` is `phaseline.campaign_id` on the wire."""
    return {f"{PROGRAM}.{name}": value for name, value in attributes.items()}
