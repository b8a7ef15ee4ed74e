"""A real Prometheus loads our rules, sees our processes, and can ask everything that the dashboard asks."""

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from loadtest.bench.daemons import find_free_ports, find_program, running_daemon
from service.access.model import Principal
from service.monitoring.documents import Document, read_document
from service.pipelines.standing import standing_tick
from service.postgres.database import Database
from service.postgres.room import Bounds, look_for_room
from service.progress.events import CampaignPhase, PhaseStatus
from tests.monitoring.test_documents import alerts, expressions
from tests.peers.alerting import CASES, rehearsal
from tests.peers.programs import require_program
from tests.served import serving
from tests.world import Caller, a_campaign, running_sandbox, running_worker, start, until

pytestmark = [pytest.mark.peers, pytest.mark.timeout(300)]

RULES = "alerts.yml"
SECONDS_MAX = 60.0
NEVER_HAPPENED = "phaseline_tick_failures_total"
CONFIGURATION = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: phaseline
    static_configs: [{{targets: ["{target}"]}}]
"""


def write_rules(folder: Path) -> None:
    (folder / RULES).write_text(read_document(Document.ALERTS))


def test_each_alert_comes_when_it_is_due_and_not_before(tmp_path: Path) -> None:
    require_program("promtool")
    assert CASES.keys() == {rule["alert"] for rule in alerts()}
    write_rules(tmp_path)
    (tmp_path / "rehearsal.yml").write_bytes(msgspec.yaml.encode(rehearsal(RULES)))
    command = [find_program("promtool") or "", "test", "rules", "rehearsal.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


async def test_a_prometheus_sees_and_answers(
    database: Database, database_url: str, principal: Principal, tmp_path: Path
) -> None:
    """Nothing is shown by expressions over what never happened; every other has an answer."""
    async with (
        serving(database_url) as served,
        prometheus(tmp_path, served.base_url.removeprefix("http://")) as caller,
    ):
        async with running_sandbox() as (_, settings), running_worker(database, settings):
            campaign = await start(database, principal, a_campaign(200))
            await until(database, principal, campaign.id, CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)
            await look_for_room(database, Bounds(tmp_path, 1))
            await standing_tick(database)
        (target,) = (await asked(caller, "targets"))["activeTargets"]
        assert (target["health"], target["lastError"]) == ("up", "")
        async with asyncio.timeout(SECONDS_MAX):
            while {rule["health"] for rule in await loaded(caller)} == {"unknown"}:
                await asyncio.sleep(0.2)
        assert {rule["name"]: rule["health"] for rule in await loaded(caller)} == dict.fromkeys(CASES, "ok")
        on_panels = list(expressions())[len(CASES) :]
        for expression in on_panels:
            await until_answered(caller, expression)


@contextlib.asynccontextmanager
async def prometheus(folder: Path, target: str) -> AsyncIterator[Caller]:
    """Scrapes the target each second."""
    require_program("prometheus")
    write_rules(folder)
    (folder / "prometheus.yml").write_text(CONFIGURATION.format(rules=RULES, target=target))
    (port,) = find_free_ports(1, ["127.0.0.1"], socket.SOCK_STREAM)
    command = [
        find_program("prometheus") or "",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    async with running_daemon(command, folder=folder, ready="Server is ready to receive web requests"):
        yield Caller(f"http://127.0.0.1:{port}", None)


async def asked(caller: Caller, path: str) -> Any:
    answer = await caller.call("GET", f"/api/v1/{path}")
    assert answer.body["status"] == "success", answer.body
    return answer.body["data"]


async def loaded(caller: Caller) -> list[dict[str, Any]]:
    (group,) = (await asked(caller, "rules"))["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


async def until_answered(caller: Caller, expression: str) -> None:
    """A rate needs two samples: what was counted first is there a second later."""
    async with asyncio.timeout(SECONDS_MAX):
        while not (await asked(caller, f"query?query={quote(expression)}"))["result"]:
            if NEVER_HAPPENED in expression:
                return
            await asyncio.sleep(0.5)
