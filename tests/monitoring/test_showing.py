"""Who shows metrics, and where; and that all of it can be turned off."""

import asyncio
import json
import os
import socket
from pathlib import Path

import pytest

from service import assembly
from service.cli.app import run_command
from service.pipelines.standing import standing_tick
from service.postgres.database import Database
from service.runtime import telemetry
from service.settings import Settings
from tests.cli.commanding import environment_of, started_command
from tests.served import serving
from tests.world import Caller

WAIT_SECONDS_MAX = 60.0


def free_ports() -> int:
    """A port that is free, and most likely the one behind it, too."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def test_monitoring_can_be_turned_off(database_url: str, database: Database) -> None:
    before = telemetry.OBSERVED_AT._value.get()
    async with serving(database_url, Settings(monitoring=False)) as served:
        answer = await Caller(served.base_url, None).call("GET", "/metrics")
        assert (answer.status, answer.body["code"]) == (404, "monitoring_off")
        assert (await Caller(served.base_url, None).call("GET", "/health/ready")).status == 200
    assert telemetry.OBSERVED_AT._value.get() == before, "the database is not asked for them either"
    await standing_tick(database)
    assert telemetry.OBSERVED_AT._value.get() > before


def test_workers_have_ports_of_their_own() -> None:
    shown, off = Settings(metrics_port=9_101), Settings(metrics_port=9_101, monitoring=False)
    assert [assembly.metrics_port_of(shown, number) for number in (1, 2)] == [9_101, 9_102]
    assert [assembly.metrics_port_of(each, 1) for each in (off, Settings())] == [0, 0]


async def test_each_worker_process_shows_its_metrics(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_ports()
    monkeypatch.setitem(os.environ, "NO_COLOR", "1")
    wanted = {"DATABASE_URL": database_url, "PHASELINE_METRICS_PORT": str(port)}
    given = {**environment_of(tmp_path), **wanted}
    monkeypatch.setattr("tests.cli.commanding.environment_of", lambda _: given)
    with started_command(tmp_path, "work", "--processes", "1"):
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            text = await scraped(port)
    assert 'phaseline_query_seconds_count{query="pipelines.upsert_worker"}' in text


async def scraped(port: int) -> str:
    """What is shown there, once the worker was heard of."""
    while True:
        try:
            text = str((await Caller(f"http://127.0.0.1:{port}", None).call("GET", "/metrics")).body.decode())
        except Exception:  # noqa: BLE001 - it is not up yet
            text = ""
        if "pipelines.upsert_worker" in text:
            return text
        await asyncio.sleep(0.2)


def test_a_port_that_is_taken_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        telemetry.show_metrics("127.0.0.1", taken.getsockname()[1])
    assert "metrics are not shown" in caplog.text


def test_documents_and_metrics_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["monitoring", "alerts"]) == 0
    assert capsys.readouterr().out.startswith("# Alert rules for Prometheus")
    assert run_command(["monitoring", "dashboard"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Phaseline"
    assert run_command(["monitoring", "metrics", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"name": "phaseline_query_seconds", "kind": "histogram", "labels": ["query"]}.items() <= next(
        each for each in listed if each["name"] == "phaseline_query_seconds"
    ).items()
