"""PATCH and DELETE of campaigns over real HTTP, and re-runs of what is old."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect

from service.postgres.database import Database
from tests.web.test_api import REQUEST, assert_problem, changed, created
from tests.world import Caller, running_sandbox, running_worker

NEVER = f"/campaigns/{uuid4()}"


def of(campaign: Any, rest: str = "") -> str:
    return f"/campaigns/{campaign['id']}{rest}"


async def test_a_name_changes_and_the_version_with_it(api: Caller) -> None:
    campaign = await created(api)
    answer = await api.call("PATCH", of(campaign), json={"name": "  another name "}, headers={"If-Match": '"1"'})
    assert (answer.status, answer.headers["etag"]) == (200, '"2"')
    assert answer.body["name"] == "another name"
    assert answer.body["configuration"] == campaign["configuration"]
    assert (await api.call("GET", of(campaign))).body == answer.body
    trail = (await api.call("GET", of(campaign, "/transitions"))).body["items"]
    assert [(line["command"], line["reason"]) for line in trail] == [("update", "changed: name")]


async def test_a_part_that_is_given_replaces_that_part_and_no_other(api: Caller) -> None:
    campaign = await created(api)
    pages = {"keywords": [{"text": "pricing", "category": "sales"}], "timeoutSeconds": 5}
    answer = await api.call("PATCH", of(campaign), json={"configuration": {"httpValidation": pages}})
    assert answer.status == 200, answer.body
    configuration = answer.body["configuration"]
    assert configuration["httpValidation"]["keywords"][0]["text"] == "pricing"
    assert configuration["httpValidation"]["timeoutSeconds"] == 5
    assert configuration["httpValidation"]["redirectsMax"] == 5, "what the part leaves out is as new"
    same = set(configuration) - {"httpValidation"}
    assert {part: configuration[part] for part in same} == {part: campaign["configuration"][part] for part in same}


@pytest.mark.parametrize("body", [{}, {"name": REQUEST["name"]}, {"configuration": {"advance": "automatic"}}])
async def test_what_is_so_already_changes_nothing(api: Caller, body: dict[str, Any]) -> None:
    campaign = await created(api)
    answer = await api.call("PATCH", of(campaign), json=body)
    assert (answer.status, answer.body) == (200, campaign)
    assert (await api.call("GET", of(campaign, "/transitions"))).body["items"] == []


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({"name": ""}, 422, "body_invalid", "/name"),
        ({"name": None}, 422, "body_invalid", "/name"),
        ({"initialPhase": "dns_validation"}, 422, "body_invalid", None),
        ({"configuration": {"network": "internet"}}, 422, "body_invalid", "/configuration"),
        ({"configuration": {"dnsValidation": None}}, 422, "body_invalid", "/configuration/dnsValidation"),
        ({"configuration": {"dnsValidation": {"resolvers": ["192.0.2.1"]}}}, 422, "resolver_outside_sandbox", None),
        ([], 422, "body_invalid", None),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused(
    api: Caller, body: object, status: int, code: str, pointer: str | None
) -> None:
    campaign = await created(api)
    answer = await api.call("PATCH", of(campaign), json=body)
    assert_problem(answer, status, code)
    if pointer is not None:
        assert answer.body["pointer"] == pointer
    assert (await api.call("GET", of(campaign))).body == campaign


async def test_a_phase_under_way_keeps_its_configuration(api: Caller) -> None:
    campaign = await created(api)
    started = await api.call("PUT", of(campaign, "/transition"), json={"targetPhase": "domain_generation"})
    assert started.status == 200
    other = changed("/configuration/domainGeneration/count", 7)["configuration"]["domainGeneration"]
    answer = await api.call("PATCH", of(campaign), json={"configuration": {"domainGeneration": other}})
    assert_problem(answer, 409, "phase_under_way")
    await api.call("POST", of(campaign, "/cancel"))
    answer = await api.call("PATCH", of(campaign), json={"configuration": {"domainGeneration": other}})
    assert_problem(answer, 409, "names_immutable")
    answer = await api.call("PATCH", of(campaign), json={"configuration": {"dnsValidation": {"attempts": 1}}})
    assert answer.status == 200, "a later phase may still change"


async def test_two_who_change_the_same_version_do_not_both_win(api: Caller) -> None:
    campaign = await created(api)
    answers = await asyncio.gather(
        *(api.call("PATCH", of(campaign), json={"name": f"name {n}"}, headers={"If-Match": '"1"'}) for n in range(5))
    )
    assert sorted(answer.status for answer in answers) == [200, 412, 412, 412, 412]


async def test_a_deleted_campaign_is_gone_at_once(api: Caller) -> None:
    campaign, stays = await created(api), await created(api)
    answer = await api.call("DELETE", of(campaign))
    assert (answer.status, answer.body["id"], answer.body["name"]) == (202, campaign["id"], campaign["name"])
    for method, rest, body in (
        ("GET", "", None),
        ("GET", "/phases", None),
        ("GET", "/explain", None),
        ("GET", "/transitions", None),
        ("GET", "/domains", None),
        ("GET", "/leads", None),
        ("GET", "/funnel", None),
        ("GET", "/domains/export", None),
        ("GET", "/domains/import", None),
        ("POST", "/phases/dns_validation/estimate", None),
        ("POST", "/pause", None),
        ("PUT", "/transition", {"targetPhase": "domain_generation"}),
        ("PATCH", "", {"name": "x"}),
        ("DELETE", "", None),
    ):
        assert_problem(await api.call(method, of(campaign, rest), json=body), 404, "campaign_not_found")
    listed = (await api.call("GET", "/campaigns")).body["items"]
    assert [item["id"] for item in listed] == [stays["id"]]
    acts = (await api.call("GET", "/acts")).body["items"]
    assert (acts[0]["act"], acts[0]["target"], acts[0]["detail"]["name"]) == (
        "campaign_deleted",
        campaign["id"],
        campaign["name"],
    )


async def test_who_deletes_an_older_version_is_told_so(api: Caller) -> None:
    campaign = await created(api)
    await api.call("PATCH", of(campaign), json={"name": "changed meanwhile"})
    assert_problem(await api.call("DELETE", of(campaign), headers={"If-Match": '"1"'}), 412, "version_changed")
    assert (await api.call("DELETE", of(campaign), headers={"If-Match": '"2"'})).status == 202


async def test_a_deletion_asked_for_again_has_the_first_answer(api: Caller) -> None:
    campaign = await created(api)
    headers = {"Idempotency-Key": "delete-it"}
    first = await api.call("DELETE", of(campaign), headers=headers)
    second = await api.call("DELETE", of(campaign), headers=headers)
    assert (first.status, second.status) == (202, 202)
    assert second.headers["idempotency-replayed"] == "true"
    assert_problem(await api.call("DELETE", of(campaign)), 404, "campaign_not_found")


async def test_nobody_deletes_what_is_not_there_or_another_tenants(api: Caller, other_api: Caller) -> None:
    campaign = await created(api)
    assert_problem(await other_api.call("DELETE", of(campaign)), 404, "campaign_not_found")
    assert_problem(await other_api.call("PATCH", of(campaign), json={"name": "mine"}), 404, "campaign_not_found")
    assert_problem(await api.call("DELETE", NEVER), 404, "campaign_not_found")
    assert (await api.call("GET", of(campaign))).body == campaign


async def test_watchers_are_told_of_a_deletion(api: Caller) -> None:
    """Those who watch, and those who come back and ask for it by its id; a snapshot of all leaves it out."""
    campaign = await created(api)
    address = api.base_url.replace("http", "ws") + "/ws"
    headers = {"Authorization": f"Bearer {api.secret}"}
    async with connect(address, additional_headers=headers) as watcher, asyncio.timeout(20):
        await watcher.send(json.dumps({"subscribe": ["campaign.progress"], "campaignIds": "all"}))
        before = json.loads(await watcher.recv())
        assert "deleted" not in before
        await api.call("DELETE", of(campaign))
        after = json.loads(await watcher.recv())
        assert (after["campaignId"], after["deleted"]) == (campaign["id"], True)
        assert after["sequence"] > before["sequence"]
    async with connect(address, additional_headers=headers) as late, asyncio.timeout(20):
        await late.send(json.dumps({"subscribe": ["campaign.progress"], "campaignIds": [campaign["id"]]}))
        assert json.loads(await late.recv())["deleted"] is True
        other = await created(api)
        await late.send(json.dumps({"subscribe": ["campaign.progress"], "campaignIds": "all"}))
        assert json.loads(await late.recv())["campaignId"] == other["id"]


@pytest.mark.parametrize(
    "rerun",
    [
        {"scope": "olderThan"},
        {"scope": "all", "olderThan": "2026-01-01T00:00:00Z"},
        {"scope": "olderThan", "olderThan": (datetime.now(UTC) + timedelta(days=1)).isoformat()},
        {"scope": "olderThan", "olderThan": "2026-01-01T00:00:00"},
        {"scope": "olderThan", "olderThan": "yesterday"},
    ],
)
async def test_an_instant_that_makes_no_sense_is_refused(api: Caller, rerun: dict[str, str]) -> None:
    campaign = await created(api)
    answer = await api.call(
        "PUT", of(campaign, "/transition"), json={"targetPhase": "domain_generation", "rerun": rerun}
    )
    assert answer.status == 422, answer.body
    assert answer.body["pointer"] == "/rerun/olderThan"


async def test_a_new_keyword_needs_no_new_dns(database: Database, api: Caller) -> None:
    """The pages are fetched again with it; what DNS found stays, by its set."""
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        campaign = await created(api, changed("/configuration/domainGeneration/count", 200))
        await api.call("PUT", of(campaign, "/transition"), json={"targetPhase": "domain_generation"})
        await until_done(api, campaign)
        dns_set = await database.pool.fetchval("SELECT dns_set_id FROM campaigns")
        keywords = [{"text": "privacy"}]
        pages = {**campaign["configuration"]["httpValidation"], "keywords": keywords}
        assert (await api.call("PATCH", of(campaign), json={"configuration": {"httpValidation": pages}})).status == 200
        again = {"targetPhase": "http_validation", "rerun": {"scope": "all"}}
        assert (await api.call("PUT", of(campaign, "/transition"), json=again)).status == 200
        await until_done(api, campaign)
        phases = (await api.call("GET", of(campaign, "/phases"))).body["phases"]
        assert [phase["number"] for phase in phases] == [1, 1, 2, 2]
        assert await database.pool.fetchval("SELECT dns_set_id FROM campaigns") == dns_set
        page = (await api.call("GET", of(campaign, "/domains?keyword=privacy"))).body
        assert {"privacy"} >= {word for item in page["items"] for word in item["http"]["keywords"]}


async def until_done(api: Caller, campaign: Any) -> None:
    async with asyncio.timeout(60):
        while True:
            now = (await api.call("GET", of(campaign))).body
            if (now["currentPhase"], now["phaseStatus"]) == ("analysis", "completed"):
                return
            await asyncio.sleep(0.1)
