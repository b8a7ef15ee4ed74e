"""Dashboard and alerts are over metrics and labels that a live server and its workers really show."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.access.model import Principal
from service.monitoring.documents import Document, read_document
from service.pipelines.standing import standing_tick
from service.postgres.database import Database
from service.postgres.room import Bounds, look_for_room
from service.progress.events import CampaignPhase, PhaseStatus
from service.runtime.telemetry import describe_metrics
from tests.world import Caller, a_campaign, running_sandbox, running_worker, start, until

OF_PROMETHEUS = {"up", "time"}
NAME = re.compile(r"\b(?:phaseline|process|python)_\w+")
SELECTOR = re.compile(r"\{([^}]*)\}")
GROUPING = re.compile(r"\bby \(([^)]*)\)")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
OF_TARGETS = {"job", "instance", "le"}


def alerts() -> list[dict[str, Any]]:
    (group,) = msgspec.yaml.decode(read_document(Document.ALERTS))["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(read_document(Document.DASHBOARD))["panels"]
    return found


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in alerts())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


def labels_in(expression: str) -> set[str]:
    selected = {label for selector in SELECTOR.findall(expression) for label in LABEL.findall(selector)}
    return selected | {label.strip() for grouping in GROUPING.findall(expression) for label in grouping.split(",")}


async def test_every_metric_is_shown(
    database: Database, principal: Principal, api: Caller, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After a campaign went through; with the labels by which they are chosen."""
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        campaign = await start(database, principal, a_campaign(200))
        await until(database, principal, campaign.id, CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)
        await look_for_room(database, Bounds(tmp_path_factory.getbasetemp(), 1))
        await standing_tick(database)
        text = (await api.call("GET", "/metrics")).body.decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    shown = {sample.name for family in families.values() for sample in family.samples}
    labels = {label for family in families.values() for sample in family.samples for label in sample.labels}
    never_failed = {"phaseline_tick_failures_total"}  # has samples only where something did
    assert "phaseline_tick_failures" in families
    wanted = {name for expression in expressions() for name in NAME.findall(expression)}
    assert wanted - never_failed <= shown
    assert len(wanted) > 15
    for expression in expressions():
        assert labels_in(expression) <= labels | OF_TARGETS | {"loop"}, expression
    described = {each.name for each in describe_metrics()}
    assert described - never_failed <= shown | families.keys()


def test_every_metric_of_ours_is_on_the_dashboard() -> None:
    text = read_document(Document.DASHBOARD)
    missing = [each.name for each in describe_metrics() if each.name not in text]
    assert missing == []


def test_each_alert_says_what_to_do() -> None:
    assert len(alerts()) >= 10
    for rule in alerts():
        assert rule["alert"].startswith("Phaseline")
        assert rule["labels"]["severity"] in {"critical", "warning"}
        runbook = rule["annotations"]["runbook"]
        assert len(runbook) > 40
        assert "\n" not in runbook
        assert rule["annotations"]["summary"]


def test_every_panel_asks_something() -> None:
    assert len({panel["id"] for panel in panels()}) == len(panels()) > 15
    for panel in panels():
        assert panel["title"]
        assert all(target["expr"] for target in panel["targets"])
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels()]
    assert len(set(places)) == len(places), "panels lie on one another"
