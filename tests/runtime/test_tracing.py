"""From a request to each chunk that came of it: one trace, across processes by the database, also over the wire."""

import http.server
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.model import Advance, Campaign
from service.errors import Invalid
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from service.runtime import tracing
from tests.pipelines.test_worker import check
from tests.world import Caller, a_campaign, running_sandbox, running_worker, start, until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
PHASES = [str(phase) for phase in CampaignPhase]


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use_tracer(provider.get_tracer("tests"))
    yield exporter
    tracing.use_tracer(None)
    provider.shutdown()


def line_of(span: ReadableSpan, spans: Sequence[ReadableSpan]) -> list[str]:
    """Names from a span up to the first that is known."""
    by_id = {each.context.span_id: each for each in spans if each.context}
    names = [span.name]
    while span.parent and span.parent.span_id in by_id:
        span = by_id[span.parent.span_id]
        names.append(span.name)
    return names


async def test_a_request_leads_to_each_chunk(
    database: Database, principal: Principal, api: Caller, spans: InMemorySpanExporter
) -> None:
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        made = await start_by_request(api, database, principal)
        await until(database, principal, made.id, CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)
        await check(database, made.id)
    ended = [span for span in spans.get_finished_spans() if span.context and f"{span.context.trace_id:032x}" == TRACE]
    names = Counter(span.name for span in ended)
    assert names["transition_campaign"] == 1
    assert all(names[f"start {phase}"] == 1 for phase in PHASES)
    assert all(names[f"chunk of {phase}"] >= 1 for phase in PHASES)
    for phase in PHASES:
        before = PHASES[: PHASES.index(phase) + 1]
        for span in ended:
            if span.name == f"chunk of {phase}":
                starts = [f"start {each}" for each in reversed(before)]
                assert line_of(span, ended) == [span.name, *starts, "transition_campaign"]
                assert span.attributes
                assert span.attributes["phaseline.campaign_id"] == str(made.id)
                run_id = str(span.attributes["phaseline.run_id"])
                assert str(span.attributes["phaseline.chunk_id"]).startswith(run_id + "/")
                assert span.attributes["phaseline.ending"] == "done"
    inside = [line_of(span, ended) for span in ended if span.name == "find outcomes"]
    assert {line[1] for line in inside} == {f"chunk of {phase}" for phase in PHASES}


async def start_by_request(api: Caller, database: Database, principal: Principal) -> Campaign:
    async with database.transaction() as tx:
        campaign = await commands.create_campaign(tx, principal, a_campaign(300))
    moved = await api.call(
        "PUT",
        f"/campaigns/{campaign.id}/transition",
        json={"targetPhase": "domain_generation"},
        headers={"traceparent": PARENT},
    )
    assert moved.status == 200
    return campaign


async def test_a_retry_belongs_to_its_own_request(
    database: Database, principal: Principal, api: Caller, spans: InMemorySpanExporter
) -> None:
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        campaign = await start(database, principal, a_campaign(1_500, advance=Advance.MANUAL))
        await until(database, principal, campaign.id, CampaignPhase.DOMAIN_GENERATION, PhaseStatus.COMPLETED)
        path = f"/campaigns/{campaign.id}"
        assert (await api.call("PUT", f"{path}/transition", json={"targetPhase": "dns_validation"})).status == 200
        await until(database, principal, campaign.id, CampaignPhase.DNS_VALIDATION, PhaseStatus.COMPLETED)
        spans.clear()
        assert (await api.call("POST", f"{path}/retry", json={}, headers={"traceparent": PARENT})).status == 200
        await until(database, principal, campaign.id, CampaignPhase.DNS_VALIDATION, PhaseStatus.COMPLETED)
    ended = spans.get_finished_spans()
    chunks = [span for span in ended if span.name == "chunk of dns_validation"]
    assert chunks
    assert all(line_of(span, ended) == [span.name, "retry_campaign"] for span in chunks)


async def test_without_an_endpoint_there_is_nothing(database: Database, principal: Principal) -> None:
    await start(database, principal, a_campaign(300))
    assert await database.pool.fetchval("SELECT count(*) FROM phase_runs WHERE trace_parent IS NULL") == 1


def test_without_an_endpoint_nothing_is_imported() -> None:
    loaded = "import sys, service.assembly; assert not [each for each in sys.modules if 'opentelemetry' in each]"
    subprocess.run([sys.executable, "-c", loaded], check=True)


def test_spans_arrive_where_they_are_sent() -> None:
    """In a process of its own, which sends what is left when it ends."""
    received: list[tuple[str, bytes]] = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    code = (
        "from service.runtime.tracing import configure_tracing, span\n"
        f"configure_tracing('http://127.0.0.1:{collector.server_port}/v1/traces')\n"
        f"with span('outer', parent='{PARENT}', campaign_id='c1'):\n"
        "    with span('inner'): pass\n"
    )
    try:
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    finally:
        collector.shutdown()
        collector.server_close()
    assert {path for path, _ in received} == {"/v1/traces"}
    body = b"".join(data for _, data in received)
    assert all(word in body for word in (b"outer", b"inner", b"phaseline.campaign_id", bytes.fromhex(TRACE)))


def test_missing_packages_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(Invalid, match=r"phaseline\[tracing\]"):
        tracing.configure_tracing("http://127.0.0.1:1/v1/traces")
