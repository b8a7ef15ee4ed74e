"""The contract over real HTTP: each row, and each bad input's answer."""

import asyncio
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from service.postgres.database import Database
from tests.link import linked
from tests.served import serving
from tests.world import Answer, Caller, a_campaign

REQUEST: dict[str, Any] = msgspec.to_builtins(a_campaign(100))


def changed(path: str, value: Any) -> dict[str, Any]:
    """A valid request with one field changed; the path is a JSON pointer."""
    request: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(REQUEST))
    *folders, last = path.strip("/").split("/")
    place: Any = request
    for folder in folders:
        place = place[folder]
    place[last] = value
    return request


async def created(api: Caller, request: dict[str, Any] | None = None) -> Any:
    answer = await api.call("POST", "/campaigns", json=request or REQUEST)
    assert answer.status == 201, answer.body
    return answer.body


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert answer.status == status, answer.body
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.body["status"] == status
    assert answer.body["code"] == code
    assert answer.body["detail"]
    assert answer.body["title"]


async def test_create_answers_with_location_and_etag(api: Caller) -> None:
    answer = await api.call("POST", "/campaigns", json=REQUEST)
    assert answer.status == 201
    assert answer.headers["location"] == f"/campaigns/{answer.body['id']}"
    assert answer.headers["etag"] == '"1"'
    assert answer.body["phaseStatus"] == "pending"
    assert answer.body["currentPhase"] == "domain_generation"
    assert answer.body["progress"] == 0
    assert answer.body["configuration"]["domainGeneration"]["count"] == 100
    read = await api.call("GET", answer.headers["location"])
    assert read.body == answer.body
    assert read.headers["etag"] == '"1"'


async def test_only_phases_are_on_the_wire(api: Caller) -> None:
    campaign = await created(api)
    assert not {"campaignType", "status", "progressPercentage"} & set(campaign)


async def test_list_pages_through_all_campaigns_newest_first(api: Caller, other_api: Caller) -> None:
    ids = [(await created(api, changed("/name", f"number {number}")))["id"] for number in range(7)]
    await created(other_api)
    seen: list[str] = []
    path = "/campaigns?limit=3"
    while True:
        page = (await api.call("GET", path)).body
        assert len(page["items"]) <= 3
        seen += [item["id"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        path = f"/campaigns?limit=3&cursor={page['nextCursor']}"
    assert seen == list(reversed(ids))


async def test_list_filters_by_phase_and_status(api: Caller) -> None:
    first, second = await created(api), await created(api)
    await api.call("POST", f"/campaigns/{first['id']}/cancel")
    cancelled = (await api.call("GET", "/campaigns?phaseStatus=cancelled")).body["items"]
    pending = (await api.call("GET", "/campaigns?phaseStatus=pending&currentPhase=domain_generation")).body["items"]
    assert [item["id"] for item in cancelled] == [first["id"]]
    assert [item["id"] for item in pending] == [second["id"]]


async def test_transition_starts_the_phase_and_is_idempotent(api: Caller) -> None:
    path = f"/campaigns/{(await created(api))['id']}"
    body = {"targetPhase": "domain_generation", "transitionReason": "let us begin"}
    started = await api.call("PUT", f"{path}/transition", json=body)
    assert (started.status, started.body["phaseStatus"], started.headers["etag"]) == (200, "running", '"2"')
    again = await api.call("PUT", f"{path}/transition", json=body)
    assert (again.status, again.headers["etag"]) == (200, '"2"')
    trail = (await api.call("GET", f"{path}/transitions")).body["items"]
    assert len(trail) == 1
    assert trail[0]["reason"] == "let us begin"
    assert trail[0]["actor"] == "default's key"
    assert (trail[0]["fromPhaseStatus"], trail[0]["toPhaseStatus"]) == ("pending", "running")


async def test_a_refused_transition_names_what_is_available(api: Caller) -> None:
    path = f"/campaigns/{(await created(api))['id']}"
    answer = await api.call("PUT", f"{path}/transition", json={"targetPhase": "http_validation"})
    assert_problem(answer, 409, "phase_too_far")
    assert answer.body["availableTransitions"] == ["domain_generation"]
    answer = await api.call("PUT", f"{path}/transition", json={"targetPhase": "dns_validation"})
    assert_problem(answer, 409, "phase_not_ready")


async def test_two_transitions_at_once_make_one_run(api: Caller, database: Database) -> None:
    path = f"/campaigns/{(await created(api))['id']}/transition"
    body = {"targetPhase": "domain_generation"}
    answers = await asyncio.gather(*(api.call("PUT", path, json=body) for _ in range(8)))
    assert {answer.status for answer in answers} == {200}
    assert await database.pool.fetchval("SELECT count(*) FROM phase_runs") == 1
    assert await database.pool.fetchval("SELECT count(*) FROM phase_transitions") == 1


async def test_two_transitions_at_once_with_if_match_let_one_win(api: Caller) -> None:
    path = f"/campaigns/{(await created(api))['id']}/transition"
    body = {"targetPhase": "domain_generation"}
    answers = await asyncio.gather(*(api.call("PUT", path, json=body, headers={"If-Match": '"1"'}) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 412, 412, 412, 412]
    assert_problem(next(answer for answer in answers if answer.status == 412), 412, "version_changed")


async def test_two_campaigns_of_one_pattern_never_share_names(api: Caller, database: Database) -> None:
    paths = [f"/campaigns/{(await created(api))['id']}/transition" for _ in range(6)]
    body = {"targetPhase": "domain_generation"}
    answers = await asyncio.gather(*(api.call("PUT", path, json=body) for path in paths))
    assert {answer.status for answer in answers} == {200}
    overlaps = await database.pool.fetchval(
        """
        SELECT count(*) FROM generation_ranges a JOIN generation_ranges b
        ON a.run_id < b.run_id AND a.tld = b.tld
        AND a.first_offset < b.first_offset + b.end_position - b.first_position
        AND b.first_offset < a.first_offset + a.end_position - a.first_position
        """
    )
    assert overlaps == 0
    assert await database.pool.fetchval("SELECT sum(end_position - first_position) FROM generation_ranges") == 600


async def test_an_exhausted_space_completes_with_its_shortfall(api: Caller) -> None:
    small = changed("/configuration/domainGeneration/variableLength", 1)
    small["configuration"]["domainGeneration"]["count"] = 100
    small["configuration"]["advance"] = "manual"
    ids = [(await created(api, small))["id"] for _ in range(2)]
    for campaign_id in ids:
        answer = await api.call(
            "PUT", f"/campaigns/{campaign_id}/transition", json={"targetPhase": "domain_generation"}
        )
        assert answer.status == 200
    first, second = [(await api.call("GET", f"/campaigns/{each}/phases")).body["phases"][0] for each in ids]
    assert (first["total"], first["shortfall"]) == (78, 22)
    assert (second["total"], second["shortfall"], second["phaseStatus"]) == (0, 100, "completed")
    assert second["progress"] == 100


async def test_pause_resume_cancel_are_idempotent_and_audited(api: Caller) -> None:
    path = f"/campaigns/{(await created(api))['id']}"
    await api.call("PUT", f"{path}/transition", json={"targetPhase": "domain_generation"})
    for command, status in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        for _ in range(2):
            answer = await api.call("POST", f"{path}/{command}", json={"reason": f"please {command}"})
            assert (answer.status, answer.body["phaseStatus"]) == (200, status)
    trail = (await api.call("GET", f"{path}/transitions")).body["items"]
    assert [line["command"] for line in trail] == ["cancel", "resume", "pause", "transition"]
    assert_problem(await api.call("POST", f"{path}/pause"), 409, "phase_not_running")
    retried = await api.call("POST", f"{path}/retry")
    assert (retried.status, retried.body["phaseStatus"]) == (200, "running")


async def test_phases_tell_where_everything_stands(api: Caller) -> None:
    path = f"/campaigns/{(await created(api))['id']}"
    phases = (await api.call("GET", f"{path}/phases")).body
    assert phases["currentPhase"] == "domain_generation"
    assert phases["availableTransitions"] == ["domain_generation"]
    assert [run["phase"] for run in phases["phases"]] == [
        "domain_generation", "dns_validation", "http_validation", "analysis",
    ]  # fmt: skip
    assert {run["phaseStatus"] for run in phases["phases"]} == {"pending"}
    assert set(phases["phases"][1]["outcomes"]) >= {"resolved", "no_data", "absent", "wildcard", "internal_error"}


async def test_explain_says_what_would_move_it(api: Caller) -> None:
    path = f"/campaigns/{(await created(api))['id']}"
    codes = [each["code"] for each in (await api.call("GET", f"{path}/explain")).body["observations"]]
    assert codes == ["pending"]
    await api.call("PUT", f"{path}/transition", json={"targetPhase": "domain_generation"})
    explanation = (await api.call("GET", f"{path}/explain")).body
    assert not explanation["moving"]
    assert "no_worker" in [each["code"] for each in explanation["observations"]]


async def test_a_phase_without_configuration_or_input_is_refused(api: Caller) -> None:
    bare = changed("/configuration", {"network": "internet"})
    path = f"/campaigns/{(await created(api, bare))['id']}"
    answer = await api.call("PUT", f"{path}/transition", json={"targetPhase": "domain_generation"})
    assert_problem(answer, 409, "phase_not_configured")
    from_dns = changed("/initialPhase", "dns_validation")
    path = f"/campaigns/{(await created(api, from_dns))['id']}"
    answer = await api.call("PUT", f"{path}/transition", json={"targetPhase": "dns_validation"})
    assert_problem(answer, 409, "input_missing")


GEN, DNS, HTTP = (f"/configuration/{phase}" for phase in ("domainGeneration", "dnsValidation", "httpValidation"))

# path, value, code, pointer that the answer must give
BAD_REQUESTS: list[tuple[str, Any, str, str]] = [
    ("/colour", "red", "body_invalid", ""),
    ("/configuration/colour", "red", "body_invalid", "/configuration"),
    (GEN + "/colour", "red", "body_invalid", GEN),
    ("/name", "", "body_invalid", "/name"),
    ("/name", "   ", "body_invalid", "/name"),
    ("/name", "a\x00b", "body_invalid", "/name"),
    ("/name", "x" * 201, "body_invalid", "/name"),
    ("/name", 7, "body_invalid", "/name"),
    ("/initialPhase", "enrichment", "body_invalid", "/initialPhase"),
    ("/initialPhase", "analysis", "initial_phase_invalid", "/initialPhase"),
    ("/configuration/advance", "fast", "body_invalid", "/configuration/advance"),
    (GEN + "/count", "100", "body_invalid", GEN + "/count"),
    (GEN + "/count", 0, "body_invalid", GEN + "/count"),
    (GEN + "/count", 1.5, "body_invalid", GEN + "/count"),
    (GEN + "/offset", -1, "body_invalid", GEN + "/offset"),
    (GEN + "/characterSet", "", "body_invalid", GEN + "/characterSet"),
    (GEN + "/characterSet", "ab_", "character_set_invalid", GEN + "/characterSet"),
    (GEN + "/characterSet", "-", "space_empty", GEN + "/characterSet"),
    (GEN + "/constant", "sh op", "constant_invalid", GEN + "/constant"),
    (GEN + "/constant", "x" * 60, "label_too_long", GEN),
    (GEN + "/variableLength", 0, "body_invalid", GEN + "/variableLength"),
    (GEN + "/variableLength", 14, "space_too_large", GEN),
    (GEN + "/variableLength", 64, "body_invalid", GEN + "/variableLength"),
    (GEN + "/tlds", [], "body_invalid", GEN + "/tlds"),
    (GEN + "/tlds", ["com", "c om"], "tld_invalid", GEN + "/tlds/1"),
    (DNS + "/resolvers", ["not an address"], "resolver_not_an_address", DNS + "/resolvers/0"),
    (DNS + "/resolvers", ["127.77.0.53:0"], "resolver_port_out_of_range", DNS + "/resolvers/0"),
    (DNS + "/resolvers", ["8.8.8.8"], "resolver_outside_sandbox", DNS + "/resolvers/0"),
    (DNS + "/timeoutSeconds", 0, "body_invalid", DNS + "/timeoutSeconds"),
    (DNS + "/recordTypes", ["PTR"], "body_invalid", DNS + "/recordTypes/0"),
    (HTTP + "/keywords", [{"text": "(", "kind": "regex"}], "invalid_regex", HTTP + "/keywords/0"),
    (HTTP + "/ports", {"https": None, "http": None}, "ports_missing", HTTP + "/ports"),
    (HTTP + "/userAgent", "a\r\nX-Evil: 1", "body_invalid", HTTP + "/userAgent"),
    ("/configuration/analysis", {"weights": {"magic": 1}}, "body_invalid", "/configuration/analysis/weights"),
]  # fmt: skip


async def test_bad_requests_point_at_what_is_wrong_and_leave_nothing(api: Caller, database: Database) -> None:
    wrong = []
    for path, value, code, pointer in BAD_REQUESTS:
        answer = await api.call("POST", "/campaigns", json=changed(path, value))
        found = (answer.status, answer.body.get("code"), answer.body.get("pointer", ""))
        status, codes, points = 422, found[1] == code, found[2].startswith(pointer)
        if found[0] != status or not codes or not points:
            wrong.append((path, value, found, answer.body.get("detail")))
    assert not wrong, wrong
    assert await database.pool.fetchval("SELECT count(*) FROM campaigns") == 0


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "request_invalid"),
        (b"{", 400, "request_invalid"),
        (b'{"name": "\xff"}', 400, "request_invalid"),
        (b"[]", 422, "body_invalid"),
        (b"[" * 100_000, 422, "body_invalid"),
        (b'{"configuration":' * 10_000, 422, "body_invalid"),
        (b'{"name": "\\ud800"}', 400, "request_invalid"),
        (b'{"name": 1e999}', 422, "body_invalid"),
        (b'"' + b"x" * 1_000_001 + b'"', 413, "body_too_large"),
    ],
)
async def test_bodies_that_are_no_requests(api: Caller, content: bytes, status: int, code: str) -> None:
    answer = await api.call("POST", "/campaigns", content=content, headers={"Content-Type": "application/json"})
    assert_problem(answer, status, code)


ROUTES_OF_A_CAMPAIGN = [
    ("GET", "", None),
    ("GET", "/phases", None),
    ("GET", "/transitions", None),
    ("GET", "/explain", None),
    ("PUT", "/transition", {"targetPhase": "domain_generation"}),
    ("POST", "/pause", None),
    ("POST", "/resume", None),
    ("POST", "/cancel", None),
    ("POST", "/retry", None),
]


async def test_unknown_and_other_tenants_campaigns_are_not_found(api: Caller, other_api: Caller) -> None:
    own = (await created(other_api))["id"]
    for method, path, body in ROUTES_OF_A_CAMPAIGN:
        for campaign_id in (uuid4(), own):
            answer = await api.call(method, f"/campaigns/{campaign_id}{path}", json=body)
            assert_problem(answer, 404, "campaign_not_found")
    untouched = await other_api.call("GET", f"/campaigns/{own}")
    assert untouched.body["phaseStatus"] == "pending"
    assert untouched.headers["etag"] == '"1"'


@pytest.mark.parametrize("campaign_id", ["7", "nonsense", "..%2f..%2fetc", "00000000-0000-0000-0000-00000000000g"])
async def test_an_id_that_is_none_is_not_found(api: Caller, campaign_id: str) -> None:
    answer = await api.call("GET", f"/campaigns/{campaign_id}")
    assert_problem(answer, 404, "route_not_found")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "phaseStatus=done"])
async def test_bad_queries(api: Caller, query: str) -> None:
    assert_problem(await api.call("GET", f"/campaigns?{query}"), 400, "request_invalid")


@pytest.mark.parametrize("cursor", ["!!", "AAAA"])
async def test_cursors_that_nobody_gave(api: Caller, cursor: str) -> None:
    assert_problem(await api.call("GET", f"/campaigns?cursor={cursor}"), 422, "cursor_invalid")


@pytest.mark.parametrize("if_match", ["abc", '"-1"', '""', '"1", "2"', "9" * 30])
async def test_bad_if_match(api: Caller, if_match: str) -> None:
    path = f"/campaigns/{(await created(api))['id']}/pause"
    assert_problem(await api.call("POST", path, headers={"If-Match": if_match}), 422, "if_match_invalid")


async def test_without_a_key_nothing_is_told(base_url: str) -> None:
    for caller, code in (
        (Caller(base_url, None), "key_missing"),
        (Caller(base_url, "phl_wrong"), "key_unknown"),
        (Caller(base_url, "x" * 5_000), "key_missing"),
    ):
        for path in ("/campaigns", f"/campaigns/{uuid4()}", "/workers"):
            answer = await caller.call("GET", path)
            assert_problem(answer, 401, code)
            assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_key_is_asked_for_before_the_body_is_looked_at(base_url: str) -> None:
    answer = await Caller(base_url, None).call("POST", "/campaigns", content=b"{")
    assert_problem(answer, 401, "key_missing")


async def test_health_and_metrics_need_no_key(base_url: str) -> None:
    caller = Caller(base_url, None)
    assert (await caller.call("GET", "/health/live")).status == 200
    assert (await caller.call("GET", "/health/ready")).status == 200
    metrics = (await caller.call("GET", "/metrics")).body.decode()
    assert 'phaseline_request_seconds_count{code="200",operation="get_readiness"}' in metrics
    assert "phaseline_query_seconds_bucket" in metrics


async def test_unknown_routes_and_methods(api: Caller) -> None:
    assert_problem(await api.call("GET", "/nowhere"), 404, "route_not_found")
    assert_problem(await api.call("DELETE", "/campaigns"), 405, "method_not_allowed")


async def test_readiness_says_when_the_database_is_away(database_url: str) -> None:
    async with linked(database_url) as link, serving(link.url) as served:
        caller = Caller(served.base_url, None)
        assert (await caller.call("GET", "/health/ready")).status == 200
        link.refuses = True
        link.reset_all()
        assert_problem(await caller.call("GET", "/health/ready"), 503, "database_lost")
        assert (await caller.call("GET", "/health/live")).status == 200, "the process itself is well"
        link.mend()
        assert (await caller.call("GET", "/health/ready")).status == 200
