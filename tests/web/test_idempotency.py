"""`Idempotency-Key` over real HTTP: the first answer again, and never a second campaign."""

import asyncio
from typing import Any

import pytest

from service.access.model import NewKey
from service.postgres.database import Database
from service.web.idempotency import ANSWERS_DELETED_MAX, delete_old_answers
from tests.web.locks import nobody_writes_campaigns, until_waiting
from tests.web.test_api import REQUEST, assert_problem, changed, created
from tests.world import Answer, Caller

KEY = {"Idempotency-Key": "order-66"}


async def create(api: Caller, request: dict[str, Any] | None = None, key: str = KEY["Idempotency-Key"]) -> Answer:
    return await api.call("POST", "/campaigns", json=request or REQUEST, headers={"Idempotency-Key": key})


async def count_campaigns(database: Database) -> int:
    return int(await database.pool.fetchval("SELECT count(*) FROM campaigns"))


async def count_answers(database: Database) -> int:
    return int(await database.pool.fetchval("SELECT count(*) FROM kept_answers"))


async def test_the_same_request_gets_the_first_answer(api: Caller, database: Database) -> None:
    first, second = await create(api), await create(api)
    assert (first.status, second.status) == (201, 201)
    assert second.body == first.body
    for name in ("location", "etag", "content-type", "content-length", "cache-control"):
        assert second.headers[name] == first.headers[name]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await count_campaigns(database) == 1


async def test_without_the_header_nothing_is_kept(api: Caller, database: Database) -> None:
    await created(api)
    await created(api)
    assert await count_campaigns(database) == 2
    assert await count_answers(database) == 0


async def test_another_request_with_the_same_key_is_refused(api: Caller, database: Database) -> None:
    campaign = (await create(api)).body
    assert_problem(await create(api, changed("/name", "other")), 422, "idempotency_key_reused")
    answer = await api.call("POST", f"/campaigns/{campaign['id']}/cancel", headers=KEY)
    assert_problem(answer, 422, "idempotency_key_reused")
    assert (await api.call("GET", f"/campaigns/{campaign['id']}")).body["phaseStatus"] == "pending"
    assert await count_campaigns(database) == 1


async def test_a_command_is_not_repeated_when_the_world_has_moved_on(api: Caller) -> None:
    path = f"/campaigns/{(await created(api))['id']}"
    await api.call("PUT", f"{path}/transition", json={"targetPhase": "domain_generation"})
    first = await api.call("POST", f"{path}/pause", headers=KEY)
    await api.call("POST", f"{path}/resume")
    again = await api.call("POST", f"{path}/pause", headers=KEY)
    assert (again.status, again.body) == (first.status, first.body)
    assert (await api.call("GET", path)).body["phaseStatus"] == "running"


async def test_a_condition_is_a_part_of_the_request(api: Caller) -> None:
    path = f"/campaigns/{(await created(api))['id']}/cancel"
    assert (await api.call("POST", path, headers={**KEY, "If-Match": '"1"'})).status == 200
    other = await api.call("POST", path, headers={**KEY, "If-Match": '"2"'})
    assert_problem(other, 422, "idempotency_key_reused")


async def test_a_refused_request_is_not_kept(api: Caller, database: Database) -> None:
    assert_problem(await create(api, changed("/name", "")), 422, "body_invalid")
    assert_problem(await create(api, changed("/initialPhase", "analysis")), 422, "initial_phase_invalid")
    assert await count_answers(database) == 0
    assert (await create(api)).status == 201


async def test_tenants_do_not_see_each_others_keys(api: Caller, other_api: Caller, database: Database) -> None:
    first, second = await create(api), await create(other_api)
    assert (first.status, second.status) == (201, 201)
    assert first.body["id"] != second.body["id"]


async def test_a_second_request_is_told_about_the_first(api: Caller, database: Database) -> None:
    async with nobody_writes_campaigns(database):
        first = asyncio.create_task(create(api))
        await until_waiting(database, 1)
        second = await create(api)
        assert_problem(second, 409, "idempotency_in_progress")
        assert second.headers["retry-after"] == "1"
    assert (await first).status == 201
    third = await create(api)
    assert third.body == (await first).body
    assert third.headers["idempotency-replayed"] == "true"


async def test_many_at_once_make_one_campaign(api: Caller, database: Database) -> None:
    answers = await asyncio.gather(*(create(api) for _ in range(8)))
    assert {answer.status for answer in answers} <= {201, 409}
    assert len({answer.body["id"] for answer in answers if answer.status == 201}) == 1
    assert await count_campaigns(database) == 1


async def test_a_crash_before_the_commit_leaves_neither(api: Caller, database: Database) -> None:
    async with nobody_writes_campaigns(database):
        broken = asyncio.create_task(create(api))
        await until_waiting(database, 1)
        await database.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        assert_problem(await broken, 503, "database_lost")
    assert (await count_campaigns(database), await count_answers(database)) == (0, 0)
    assert (await create(api)).status == 201
    assert (await count_campaigns(database), await count_answers(database)) == (1, 1)


async def test_an_answer_that_cannot_be_kept_undoes_its_command(api: Caller, database: Database) -> None:
    await database.pool.execute("ALTER TABLE kept_answers ADD CONSTRAINT none_at_all CHECK (false)")
    assert_problem(await create(api), 500, "internal_error")
    assert await count_campaigns(database) == 0
    await database.pool.execute("ALTER TABLE kept_answers DROP CONSTRAINT none_at_all")
    assert (await create(api)).status == 201


@pytest.mark.parametrize("value", ["", "two words", "x" * 256, "t\tab"])
async def test_what_is_no_key_is_refused(api: Caller, database: Database, value: str) -> None:
    assert_problem(await create(api, key=value), 422, "idempotency_key_invalid")
    assert await count_campaigns(database) == 0


async def test_the_longest_key(api: Caller) -> None:
    first, second = await create(api, key="~" * 255), await create(api, key="~" * 255)
    assert second.body == first.body


async def test_after_a_day_a_key_is_new_again(api: Caller, database: Database) -> None:
    first = await create(api)
    await database.pool.execute("UPDATE kept_answers SET kept_at = kept_at - interval '24 hours 1 second'")
    second = await create(api, changed("/name", "other"))
    assert second.status == 201
    assert second.body["id"] != first.body["id"]
    assert (await create(api, changed("/name", "other"))).body == second.body


async def test_old_answers_are_cleared_away_a_bounded_number_at_a_time(database: Database, key: NewKey) -> None:
    await database.pool.execute(
        "INSERT INTO kept_answers SELECT tenant_id, number::text, '', 201, '[]', '', now() - interval '25 hours'"
        " FROM tenants, generate_series(1, $1::int) number",
        ANSWERS_DELETED_MAX + 5,
    )
    await database.pool.execute(
        "INSERT INTO kept_answers SELECT tenant_id, 'fresh', '', 201, '[]', '', now() FROM tenants"
    )
    counts = []
    for _ in range(3):
        async with database.transaction() as tx:
            counts.append(await delete_old_answers(tx))
    assert counts == [ANSWERS_DELETED_MAX, 5, 0]
    assert await database.pool.fetchval("SELECT idempotency_key FROM kept_answers") == "fresh"
