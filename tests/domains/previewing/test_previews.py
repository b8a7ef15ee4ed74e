"""Previews and estimates over real HTTP."""

from typing import Any
from uuid import uuid4

import msgspec
import pytest

from service.access.model import Principal
from service.postgres.database import Database
from tests.world import Caller, a_campaign

GENERATION: dict[str, Any] = msgspec.to_builtins(a_campaign(100).configuration.domain_generation)


async def preview(api: Caller, **changes: Any) -> Any:
    answer = await api.call("POST", "/pattern-previews", json={**GENERATION, **changes})
    assert answer.status == 200, answer.body
    return answer.body


def codes(body: Any) -> list[str]:
    return [each["code"] for each in body["warnings"]]


async def test_a_pattern_tells_its_size_its_samples_and_unknown_tlds(api: Caller) -> None:
    body = await preview(api, tlds=["com", "co.uk", "wild", "ck", "xn--p1ai"])
    assert body["spaceSize"] == body["validNames"] == 26**4
    assert body["shortfall"] == 0
    assert body["samples"][:4] == ["aaaashop.com", "aaaashop.co.uk", "aaaashop.wild", "aaaashop.ck"]
    assert len(body["samples"]) == 20
    assert body["tlds"][0] == {"tld": "com", "nextOffset": 0, "left": 26**4}
    assert codes(body) == ["tld_unknown"]


async def test_what_is_leased_is_no_longer_offered_to_the_same_tenant(api: Caller, other_api: Caller) -> None:
    path = f"/campaigns/{(await api.call('POST', '/campaigns', json=msgspec.to_builtins(a_campaign(100)))).body['id']}"
    await api.call("PUT", f"{path}/transition", json={"targetPhase": "domain_generation"})
    mine, theirs = await preview(api), await preview(other_api)
    assert sum(tld["nextOffset"] for tld in mine["tlds"]) == 100
    assert {tld["nextOffset"] for tld in theirs["tlds"]} == {0}


async def test_an_exhausted_space_is_told(api: Caller) -> None:
    body = await preview(api, tlds=["com"], variableLength=1, characterSet="ab-", count=10)
    assert (body["spaceSize"], body["validNames"], body["shortfall"]) == (3, 2, 7)
    assert body["samples"] == ["ashop.com", "bshop.com"]
    assert codes(body) == ["space_exhausted"]
    beyond = await preview(api, tlds=["com"], variableLength=1, offset=1_000)
    assert (beyond["tlds"][0]["left"], beyond["samples"]) == (0, [])


async def test_a_pattern_that_makes_no_sense_is_refused(api: Caller) -> None:
    answer = await api.call("POST", "/pattern-previews", json={**GENERATION, "characterSet": "ab_"})
    assert (answer.status, answer.body["code"]) == (422, "character_set_invalid")


async def created(api: Caller, dns: dict[str, Any] | None = None) -> str:
    request: dict[str, Any] = msgspec.to_builtins(a_campaign(3_000))
    if dns is not None:
        request["configuration"].update(network="internet", dnsValidation=dns, httpValidation={})
    answer = await api.call("POST", "/campaigns", json=request)
    assert answer.status == 201, answer.body
    return f"/campaigns/{answer.body['id']}"


async def test_estimates_state_their_defaults(api: Caller) -> None:
    path = await created(api, {"resolvers": ["8.8.8.8", "1.1.1.1:53"], "recordTypes": ["A", "AAAA"]})
    body = (await api.call("POST", f"{path}/phases/dns_validation/estimate")).body
    assert (body["names"], body["namesKnown"], body["dnsQueries"], body["httpRequests"]) == (3_000, False, 6_000, 0)
    assert (body["namesPerSecond"], body["rateMeasured"], body["bytes"]) == (1_500.0, False, 222_000)
    assert body["minutes"] == pytest.approx(3_000 / 1_500 / 60, abs=0.01)
    assert codes(body) == ["no_worker", "resolver_public", "resolver_public"]
    http = (await api.call("POST", f"{path}/phases/http_validation/estimate")).body
    assert http["httpRequests"] == 6_000
    assert "keywords_missing" in codes(http)


async def test_what_is_thought_of_is_estimated_as_what_is_there(api: Caller) -> None:
    request: dict[str, Any] = msgspec.to_builtins(a_campaign(3_000))
    del request["name"]
    answer = await api.call("POST", "/campaign-estimates", json=request)
    assert answer.status == 200, answer.body
    path = await created(api)
    there = [(await api.call("POST", f"{path}/phases/{each['phase']}/estimate")).body for each in answer.body["phases"]]
    assert answer.body["phases"] == there
    assert [each["names"] for each in there] == [3_000] * 4
    listed = {**request, "initialPhase": "http_validation"}
    phases = (await api.call("POST", "/campaign-estimates", json=listed)).body["phases"]
    assert [each["phase"] for each in phases] == ["http_validation", "analysis"]
    assert len((await api.call("GET", "/campaigns")).body["items"]) == 1


async def test_what_could_not_be_created_is_not_estimated(api: Caller) -> None:
    request: dict[str, Any] = msgspec.to_builtins(a_campaign(3_000))
    del request["name"]
    answer = await api.call("POST", "/campaign-estimates", json={**request, "initialPhase": "analysis"})
    assert (answer.status, answer.body["code"]) == (422, "initial_phase_invalid")
    request["configuration"]["httpValidation"]["keywords"] = [{"text": "(", "kind": "regex"}]
    answer = await api.call("POST", "/campaign-estimates", json=request)
    assert (answer.status, answer.body["pointer"]) == (422, "/configuration/httpValidation/keywords/0/text")


async def test_estimates_follow_what_was_measured(api: Caller, database: Database, principal: Principal) -> None:
    path = await created(api)
    await database.pool.execute(
        "INSERT INTO phase_runs (run_id, campaign_id, phase, number, phase_status, configuration, network, "
        "total_count, succeeded_count, outcome_counts, started_at, finished_at) "
        "SELECT 7, campaign_id, 'domain_generation', 1, 'completed', '{}', 'sandbox', 2900, 2900, '{2900}', "
        "now() - interval '10 seconds', now() FROM campaigns"
    )
    await database.pool.execute("UPDATE campaigns SET name_set_id = 7")
    await database.pool.execute(
        "INSERT INTO workers (worker_id, host, process_id, version, started_at, heartbeat_at) "
        "VALUES (uuidv7(), 'here', 1, 'test', now(), now())"
    )
    generation = (await api.call("POST", f"{path}/phases/domain_generation/estimate")).body
    assert (generation["namesPerSecond"], generation["rateMeasured"]) == (290.0, True)
    dns = (await api.call("POST", f"{path}/phases/dns_validation/estimate")).body
    assert (dns["names"], dns["namesKnown"], codes(dns)) == (2_900, True, [])


async def test_a_campaign_that_begins_with_http_resolves_there(api: Caller) -> None:
    request = {**msgspec.to_builtins(a_campaign(3_000)), "initialPhase": "http_validation"}
    path = f"/campaigns/{(await api.call('POST', '/campaigns', json=request)).body['id']}"
    await api.call("POST", f"{path}/domains/import", content=b"a.com\nb.com", headers={"Content-Type": "text/plain"})
    body = (await api.call("POST", f"{path}/phases/http_validation/estimate")).body
    assert (body["names"], body["dnsQueries"], body["httpRequests"]) == (2, 2, 4)


async def test_unknown_campaigns_and_phases(api: Caller, other_api: Caller) -> None:
    path = await created(api)
    for caller, where, status in (
        (other_api, f"{path}/phases/analysis/estimate", 404),
        (api, f"/campaigns/{uuid4()}/phases/analysis/estimate", 404),
        (api, f"{path}/phases/enrichment/estimate", 400),
    ):
        assert (await caller.call("POST", where)).status == status
