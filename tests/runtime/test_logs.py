"""An API and a worker as processes, with all that they log: every id, and no secret, no body."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import websockets

from service.access.model import NewKey
from service.settings import Settings
from tests.cli.commanding import environment_of, read_until
from tests.world import Caller, a_campaign, running_sandbox

PASSWORD = "geheimes-kennwort"
MARK = "unmistakable"  # in every name and body that is sent
STOP_SECONDS_MAX = 20.0


class Started(msgspec.Struct, frozen=True):
    """A process, and the file in which it writes its log: a pipe that nobody reads would stop it."""

    process: subprocess.Popen[str]
    log: Path


def start(home: Path, settings: Mapping[str, str], *arguments: str) -> Started:
    log = home / f"{arguments[0]}.log"
    environment = {**environment_of(home), "PHASELINE_LOG_JSON": "true", "PHASELINE_LOG_LEVEL": "DEBUG", **settings}
    command = [sys.executable, "-m", "service", *arguments]
    with log.open("w") as opened:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=opened, text=True)
    return Started(process, log)


def stop(started: Started) -> list[dict[str, Any]]:
    """Its whole log: each line is an object."""
    started.process.send_signal(signal.SIGTERM)
    started.process.communicate(timeout=STOP_SECONDS_MAX)
    return [msgspec.json.decode(line) for line in started.log.read_text().splitlines()]


def with_password(url: str) -> str:
    return re.sub(r"//(\w+)@", rf"//\1:{PASSWORD}@", url)


def environment(url: str, settings: Settings) -> dict[str, str]:
    ports = {
        f"PHASELINE_{name.upper()}": str(getattr(settings, name))
        for name in ("sandbox_dns_port", "sandbox_http_port", "sandbox_https_port")
    }
    return {"DATABASE_URL": with_password(url), **ports}


async def test_logs_have_ids_and_no_secrets(tmp_path: Path, database_url: str, key: NewKey) -> None:
    async with running_sandbox() as (_, settings):
        given = environment(database_url, settings)
        await forbid_names(database_url)
        serving = start(tmp_path, given, "serve", "--port", "0")
        working = start(tmp_path, given, "work", "--processes", "1")
        try:
            base_url = read_until(serving.process, "Serving on ")[-1].split()[2]
            campaign_id, cookie = await use_everything(base_url, key)
            await end_connections(database_url)
            assert (await Caller(base_url, None).call("GET", "/health/live")).status == 200
        finally:
            lines = [*stop(serving), *stop(working)]
    text = msgspec.json.encode(lines).decode()
    for secret in (key.secret, key.secret[4:20], PASSWORD, cookie, MARK):
        assert secret not in text
    check_requests(lines, campaign_id)
    check_chunks(lines, campaign_id)


async def use_everything(base_url: str, key: NewKey) -> tuple[str, str]:
    """What people do, and what goes wrong meanwhile; the campaign that went through, and the cookie of a session."""
    api = Caller(base_url, key.secret)
    wanted = msgspec.to_builtins(a_campaign(200))
    wanted["name"] = MARK
    made = await api.call("POST", "/campaigns", json=wanted, headers={"X-Request-Id": "given-by-a-proxy"})
    assert made.status == 201
    assert made.headers["x-request-id"] == "given-by-a-proxy"
    campaign_id = made.body["id"]
    moved = await api.call("PUT", f"/campaigns/{campaign_id}/transition", json={"targetPhase": "domain_generation"})
    assert moved.status == 200
    opened = await api.call("POST", "/session")
    cookie = opened.headers["set-cookie"].split(";")[0].partition("=")[2]
    session = Caller(base_url, None)
    seen = await session.call("GET", "/campaigns?limit=1", headers={"Cookie": f"phaseline_session={cookie}"})
    assert seen.status == 200
    assert (await Caller(base_url, f"phl_{MARK}{MARK}").call("GET", "/keys")).status == 401
    assert (await api.call("POST", "/campaigns", json={**wanted, "name": [MARK]})).status == 422
    await watch(base_url, key)
    await break_a_constraint(api, wanted)
    await until_completed(api, campaign_id)
    return campaign_id, cookie


async def watch(base_url: str, key: NewKey) -> None:
    address = base_url.replace("http", "ws") + "/ws"
    async with websockets.connect(address, additional_headers={"Authorization": f"Bearer {key.secret}"}) as socket:
        await socket.send(f'{{"subscribe": ["{MARK}"]}}')
        async for _ in socket:
            break


async def break_a_constraint(api: Caller, wanted: dict[str, Any]) -> None:
    """A bug of ours: the name, which nothing forbids, is one that the database refuses, quoting the row."""
    refused = await api.call("POST", "/campaigns", json={**wanted, "name": f"{MARK} forbidden"})
    assert refused.status == 500
    assert refused.headers["x-request-id"]


async def until_completed(api: Caller, campaign_id: str) -> None:
    while True:
        campaign = (await api.call("GET", f"/campaigns/{campaign_id}")).body
        if (campaign["currentPhase"], campaign["phaseStatus"]) == ("analysis", "completed"):
            return
        assert campaign["phaseStatus"] != "failed"
        await asyncio.sleep(0.2)


async def forbid_names(url: str) -> None:
    """A constraint that the code does not know."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("ALTER TABLE campaigns ADD CONSTRAINT strange CHECK (name NOT LIKE '%forbidden')")
    finally:
        await connection.close()


async def end_connections(url: str) -> None:
    """Everybody's, so that what is told of lost connections is among the lines."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()


def check_requests(lines: Sequence[dict[str, Any]], campaign_id: str) -> None:
    answered = [line for line in lines if line["event"] == "request answered"]
    assert all(line["request_id"] for line in answered)
    assert {(line["operation"], line["code"]) for line in answered} >= {
        ("create_campaign", 201),
        ("create_campaign", 422),
        ("create_campaign", 500),
        ("list_keys", 401),
        ("list_campaigns", 200),
    }
    assert "given-by-a-proxy" in {line["request_id"] for line in answered}
    moved = [line for line in answered if line["operation"] == "transition_campaign"]
    assert [line["campaign_id"] for line in moved] == [campaign_id]
    (failed,) = [line for line in lines if line["event"] == "request failed"]
    assert "CheckViolationError" in failed["exception"]
    assert failed["request_id"] in {line["request_id"] for line in answered if line["code"] == 500}


def check_chunks(lines: Sequence[dict[str, Any]], campaign_id: str) -> None:
    done = [line for line in lines if line["event"] == "chunk done"]
    assert {line["phase"] for line in done} == {"domain_generation", "dns_validation", "http_validation", "analysis"}
    assert {line["campaign_id"] for line in done} == {campaign_id}
    assert all(line["chunk_id"].startswith(f"{line['run_id']}/") for line in done)
    assert all(line["worker_id"] for line in done)
