"""What Prometheus sees when each alert is due, and when it is not: one sample a minute, in promtool's notation.

`0+2x30` is a counter that grows by 2 a minute for half an hour, `0x30` a gauge that stays at 0.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tests.monitoring.test_documents import alerts

Series = Mapping[str, str]


class Case(msgspec.Struct, frozen=True):
    """`due` makes the alert fire with `labels` at `minute`, `rest` does not; `shown` is what its templates print."""

    due: Series
    rest: Series
    labels: Mapping[str, str] = {}
    shown: Mapping[str, str] = {}
    minute: int = 15


def answers(operation: str, quick: str) -> Series:
    """The histogram of an operation that answers 100 times a minute, `quick` of them within a second."""
    name = "phaseline_request_seconds_bucket"
    buckets = {"1.0": quick, "2.5": "0+100x60", "+Inf": "0+100x60"}
    return {f'{name}{{operation="{operation}",le="{le}"}}': values for le, values in buckets.items()}


def query_times(quick: str) -> Series:
    """The histogram of a query that runs ten times a minute, `quick` of them within ten seconds."""
    name = "phaseline_query_seconds_bucket"
    buckets = {"10.0": quick, "30.0": "0+10x60", "+Inf": "0+10x60"}
    return {f'{name}{{query="pipelines.claim",le="{le}"}}': values for le, values in buckets.items()}


def requests(code: str, refused: str, answered: str) -> Series:
    name = "phaseline_request_seconds_count"
    return {f'{name}{{operation="x",code="{code}"}}': refused, f'{name}{{operation="x",code="200"}}': answered}


RUNNING = {'phaseline_runs{phase="analysis",status="running"}': "2x60"}
TARGET = {"job": "phaseline", "instance": "here:80"}
UP = 'up{job="phaseline",instance="here:80"}'
FREE = 'phaseline_room_free_bytes{measure="disk",job="phaseline",instance="here:80"}'
SHORT = 'phaseline_room_is_short{measure="disk",instance="here:80"}'
FAILURES = 'phaseline_tick_failures_total{loop="plan",instance="here:80"}'
CHUNKS = 'phaseline_chunks_total{{phase="analysis",ending="{}",instance="here:80"}}'

CASES: Mapping[str, Case] = {
    "PhaselineDown": Case({UP: "1 0x60"}, {UP: "1x60"}, TARGET),
    "PhaselineDatabaseUnseen": Case(
        {"phaseline_observed_timestamp_seconds": "0x60"}, {"phaseline_observed_timestamp_seconds": "0+60x60"}
    ),
    "PhaselineNoWorkers": Case(
        {**RUNNING, "phaseline_workers_alive": "0x60"}, {**RUNNING, "phaseline_workers_alive": "1x60"}
    ),
    "PhaselineRoomShort": Case({SHORT: "1x60"}, {SHORT: "0x60"}, {"measure": "disk"}),
    "PhaselineRoomSoonShort": Case(
        {FREE: "100000-1000x60"}, {FREE: "100000-10x60"}, {**TARGET, "measure": "disk"}, minute=40
    ),
    "PhaselineRunStalled": Case(
        {"phaseline_progress_age_seconds": "1000x60"},
        {"phaseline_progress_age_seconds": "800x60"},
        shown={"{{ $value | humanizeDuration }}": "16m 40s"},
    ),
    "PhaselineErrors": Case(requests("500", "0+2x60", "0+98x60"), requests("500", "0+1x60", "0+199x60")),
    "PhaselineTurnedAway": Case(requests("429", "0+120x60", "0+9x60"), requests("503", "0+30x60", "0+9x60"), minute=30),
    "PhaselineSlowAnswers": Case(
        answers("get_campaign", "0+50x60"),
        answers("export_domains", "0+50x60"),  # takes as long as its reader does
        shown={"{{ $value | humanizeDuration }}": "2.47s"},
        minute=30,
    ),
    "PhaselineSlowQueries": Case(query_times("0x60"), query_times("0+10x60"), {"query": "pipelines.claim"}, minute=40),
    "PhaselineStepsFail": Case({FAILURES: "0+1x60"}, {FAILURES: "0x9 1x50"}, {"loop": "plan"}, minute=30),
    "PhaselineChunksFail": Case(
        {CHUNKS.format("error"): "0+1x60"}, {CHUNKS.format("waits"): "0+1x60"}, {"phase": "analysis"}, minute=40
    ),
    "PhaselineRowsPileUp": Case(
        {"phaseline_retired_sets": "600x90"},
        {"phaseline_retired_sets": "400x90"},
        shown={"{{ $value }}": "600"},
        minute=80,
    ),
}


def rehearsal(rules_file: str) -> dict[str, Any]:
    """A file for `promtool test rules`: each alert when it is due, and when it is not."""
    tests = []
    for rule in alerts():
        case = CASES[rule["alert"]]
        tests += [rehearsed(rule, case, case.due, [due(rule, case)]), rehearsed(rule, case, case.rest, [])]
    return {"rule_files": [rules_file], "evaluation_interval": "1m", "tests": tests}


def rehearsed(rule: Mapping[str, Any], case: Case, seen: Series, expected: Sequence[Mapping[str, Any]]) -> Any:
    look = {"eval_time": f"{case.minute}m", "alertname": rule["alert"], "exp_alerts": expected}
    series = [{"series": name, "values": values} for name, values in seen.items()]
    return {"interval": "1m", "input_series": series, "alert_rule_test": [look]}


def due(rule: Mapping[str, Any], case: Case) -> Mapping[str, Any]:
    """The alert as whoever is called sees it."""
    printed = {**{f"{{{{ $labels.{name} }}}}": value for name, value in case.labels.items()}, **case.shown}
    annotations = {}
    for name, text in rule["annotations"].items():
        annotations[name] = functools.reduce(lambda told, each: told.replace(*each), printed.items(), text)
    return {"exp_labels": {**rule["labels"], **case.labels}, "exp_annotations": annotations}
