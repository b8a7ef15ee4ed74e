"""The engine against scripted servers on loopback: what it asks, what it believes, and how it ends."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
import uvloop

from service.resolving import dispatcher
from service.resolving.engine import AllResolversDead, Answers, DnsEngine, EngineSettings, RecordType, ResolverAddress
from service.resolving.outcomes import DnsOutcome
from tests.resolving.scripted import (
    AAAA,
    CNAME,
    NXDOMAIN,
    REFUSED,
    SERVFAIL,
    Query,
    Script,
    ScriptedServer,
    address,
    answer,
    cut_short,
    message,
    record,
    scripted,
    wire,
)

ADDRESS = "192.0.2.7"
PACKED = bytes((192, 0, 2, 7))


def resolves(query: Query) -> Sequence[bytes]:
    return (answer(query, address(ADDRESS)),)


def is_absent(query: Query) -> Sequence[bytes]:
    return (answer(query, rcode=NXDOMAIN),)


def keeps_silent(query: Query) -> Sequence[bytes]:
    return ()


def fails(query: Query) -> Sequence[bytes]:
    return (answer(query, rcode=SERVFAIL),)


def refuses(query: Query) -> Sequence[bytes]:
    return (answer(query, rcode=REFUSED),)


def is_unreadable(query: Query) -> Sequence[bytes]:
    return (answer(query, b"\xc0\xff"),)


def has_no_data(query: Query) -> Sequence[bytes]:
    return (answer(query),)


def is_alias(query: Query) -> Sequence[bytes]:
    return (answer(query, record(CNAME, wire("end.test")), address(ADDRESS, wire("end.test"))),)


def one_after_another(*scripts: Script) -> Script:
    """The first query gets the first script, and so on."""
    remaining = iter(scripts)

    def script(query: Query) -> Sequence[bytes]:
        return next(remaining)(query)

    return script


def settings_for(*servers: ScriptedServer | ResolverAddress, **changes: Any) -> EngineSettings:
    resolvers = tuple(each.address if isinstance(each, ScriptedServer) else each for each in servers)
    defaults: dict[str, Any] = {"timeout_seconds": 0.15, "attempts": 2, "detect_wildcards": False}
    return EngineSettings(resolvers=resolvers, **(defaults | changes))


@asynccontextmanager
async def engine_on(*scripts: Script, **changes: Any) -> AsyncIterator[tuple[DnsEngine, list[ScriptedServer]]]:
    """An engine with one scripted server per script as its resolvers."""
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(scripted(script)) for script in scripts]
        yield await stack.enter_async_context(DnsEngine(settings_for(*servers, **changes))), servers


async def resolve(engine: DnsEngine, *names: str | bytes) -> Answers:
    return await engine.resolve(names, asyncio.Event())


def outcomes(answers: Answers) -> list[str]:
    return [DnsOutcome(code).label if code else "unfinished" for code in answers.outcomes.tolist()]


def unused_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


SCRIPTS: dict[str, Script] = {
    "resolved": resolves,
    "alias": is_alias,
    "nodata": has_no_data,
    "absent": is_absent,
    "servfail": fails,
    "refused": refuses,
    "malformed": is_unreadable,
    "silent": keeps_silent,
}


def everything(query: Query) -> Sequence[bytes]:
    """All ends, chosen by the name's first label."""
    return SCRIPTS[query.name.split(".")[0]](query)


ENDS = {
    "resolved.test": "resolved",
    "alias.test": "resolved",
    "nodata.test": "no_data",
    "absent.test": "absent",
    "servfail.test": "servfail",
    "refused.test": "refused",
    "malformed.test": "malformed",
    "silent.test": "timed_out",
    "": "malformed",
    "a..test": "malformed",
    "x" * 64 + ".test": "malformed",
    "dömain.test": "malformed",
}


async def check_every_end() -> None:
    async with engine_on(everything) as (engine, (server,)):
        answers = await resolve(engine, *ENDS)
        assert dict(zip(ENDS, outcomes(answers), strict=True)) == ENDS
        by_name = {name: row for row, name in enumerate(ENDS)}
        assert answers.addresses[by_name["resolved.test"]] == PACKED
        assert answers.addresses[by_name["alias.test"]] == PACKED
        assert answers.cname[by_name["alias.test"]] == "end.test"
        assert answers.cname[by_name["resolved.test"]] is None
        assert [int(index) for index in answers.resolver] == [0] * 8 + [-1] * 4
        assert answers.duration_ms[by_name["silent.test"]] >= 2 * 150
        assert answers.duration_ms[by_name["absent.test"]] < 150
        # What is an answer is asked once; what failed is asked again; what cannot be asked, never.
        assert Counter(server.names) == {name: 1 + (row > 3) for row, name in enumerate(ENDS) if row < 8}
        assert engine.statistics().in_flight == 0


async def test_every_end() -> None:
    await check_every_end()


def test_every_end_under_uvloop() -> None:
    uvloop.run(check_every_end())


async def test_no_names_are_answered_at_once() -> None:
    async with engine_on(keeps_silent) as (engine, _):
        assert outcomes(await resolve(engine)) == []


async def test_columns_have_the_promised_types() -> None:
    async with engine_on(resolves) as (engine, _):
        answers = await resolve(engine, "a.test")
        assert [str(column.dtype) for column in (answers.outcomes, answers.duration_ms, answers.resolver)] == [
            "uint8",
            "int32",
            "int16",
        ]


async def test_loss_is_retried_on_another_resolver() -> None:
    async with engine_on(keeps_silent, resolves) as (engine, (deaf, good)):
        answers = await resolve(engine, "a.test", "b.test", "c.test")
        assert outcomes(answers) == ["resolved"] * 3
        assert answers.resolver.tolist() == [1, 1, 1]
        assert max(Counter(deaf.names).values(), default=1) == 1
        assert sorted(good.names) == ["a.test", "b.test", "c.test"]


async def test_failures_are_retried_on_another_resolver() -> None:
    for failing in (fails, refuses, is_unreadable):
        async with engine_on(failing, resolves) as (engine, (bad, _)):
            names = [f"{n}.test" for n in range(50)]
            assert outcomes(await resolve(engine, *names)) == ["resolved"] * 50
            assert len(bad.queries) == len(set(bad.names))
            assert engine.statistics().retried == len(bad.queries)


async def test_what_was_said_outweighs_silence() -> None:
    async with engine_on(one_after_another(fails, keeps_silent)) as (engine, _):
        assert outcomes(await resolve(engine, "a.test")) == ["servfail"]


async def test_the_last_failure_is_told() -> None:
    async with engine_on(one_after_another(fails, refuses)) as (engine, _):
        assert outcomes(await resolve(engine, "a.test")) == ["refused"]


async def test_forged_answers_are_passed_over_until_the_real_one() -> None:
    def script(query: Query) -> Sequence[bytes]:
        wrong_id = bytes((query.packet[0] ^ 0x55, query.packet[1]))
        forged = address("203.0.113.66")
        return (
            answer(query, forged, query_id=wrong_id),
            answer(query, forged, question=wire("evil.test") + query.question[-4:]),
            answer(query, forged, question=query.question[:-4] + b"\0\x1c\0\1"),
            message(query.packet[:2], query.question, forged, flags=0x0100),
            b"",
            query.packet[:7],
            *resolves(query),
        )

    async with engine_on(script) as (engine, _):
        answers = await resolve(engine, "a.test")
        assert answers.addresses == [PACKED]
        statistics = engine.statistics()
        assert (statistics.sent, statistics.answered, statistics.late, statistics.foreign) == (1, 1, 3, 3)


async def test_forged_answers_alone_are_no_answer() -> None:
    def script(query: Query) -> Sequence[bytes]:
        return (answer(query, address(ADDRESS), question=wire("evil.test") + query.question[-4:]),)

    async with engine_on(script) as (engine, _):
        assert outcomes(await resolve(engine, "a.test")) == ["timed_out"]


async def test_answers_from_another_port_never_arrive() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind(("127.0.0.1", 0))

        def script(query: Query) -> Sequence[bytes]:
            elsewhere.sendto(answer(query, address("203.0.113.66")), query.client)
            return ()

        async with engine_on(script, attempts=1) as (engine, _):
            assert outcomes(await resolve(engine, "a.test")) == ["timed_out"]
            assert engine.statistics().late == 0


async def test_duplicates_count_once() -> None:
    async with engine_on(lambda query: (*resolves(query), *resolves(query), *resolves(query))) as (engine, _):
        names = [f"{n}.test" for n in range(100)]
        assert outcomes(await resolve(engine, *names)) == ["resolved"] * 100
        await resolve(engine, *names)  # by then the duplicates have been read
        statistics = engine.statistics()
        assert statistics.answered == 200
        assert 200 <= statistics.late <= 400


async def test_query_ids_and_ports_differ() -> None:
    async with engine_on(is_absent, sockets_per_resolver=4) as (engine, (server,)):
        await resolve(engine, *(f"{n}.test" for n in range(500)))
        assert len({query.client[1] for query in server.queries}) == 4
        ids = [int.from_bytes(query.packet[:2], "big") for query in server.queries]
        assert len(set(ids)) > 480
        assert len({later - earlier for earlier, later in pairwise(ids)}) > 450


async def test_an_id_used_again_has_a_deadline_of_its_own() -> None:
    # Every query gets the same id. The first is answered at once; the second is sent 0.2 s later and answered 0.2 s
    # after that, which is in time for itself, but too late for the first.
    def script(query: Query) -> Sequence[bytes]:
        if query.name == "first.test":
            return is_absent(query)
        asyncio.get_running_loop().call_later(0.2, server.send, is_absent(query)[0], query.client)
        return ()

    async with scripted(script) as server:
        settings = settings_for(
            server, timeout_seconds=0.3, attempts=1, in_flight_max=1, sockets_per_resolver=1, queries_per_second=5.0
        )
        async with DnsEngine(settings, entropy=bytes) as engine:
            assert outcomes(await resolve(engine, "first.test", "second.test")) == ["absent", "absent"]
        assert {query.packet[:2] for query in server.queries} == {b"\0\0"}


async def test_truncated_answers_are_asked_for_over_tcp() -> None:
    many = [address(f"198.51.100.{n}") for n in range(200)]

    def script(query: Query) -> Sequence[bytes]:
        return (answer(query, *many),) if query.over == "tcp" else (cut_short(query),)

    async with engine_on(script) as (engine, (server,)):
        answers = await resolve(engine, *(f"{n}.test" for n in range(100)))
        assert set(outcomes(answers)) == {"resolved"}
        assert {len(packed) for packed in answers.addresses} == {800}
        assert Counter(query.over for query in server.queries) == {"udp": 100, "tcp": 100}
        assert engine.statistics().in_flight == 0


@pytest.mark.parametrize(
    ("over_tcp", "end"),
    [
        (keeps_silent, "timed_out"),
        (lambda query: (cut_short(query),), "malformed"),
        (lambda query: (answer(query, address(ADDRESS), query_id=b"??"),), "malformed"),
        (is_absent, "absent"),
    ],
)
async def test_what_tcp_may_bring(over_tcp: Script, end: str) -> None:
    def script(query: Query) -> Sequence[bytes]:
        return over_tcp(query) if query.over == "tcp" else (cut_short(query),)

    async with engine_on(script) as (engine, _):
        assert outcomes(await resolve(engine, "a.test")) == [end]


async def test_ipv6_is_asked_for_where_the_name_exists() -> None:
    def script(query: Query) -> Sequence[bytes]:
        match query.name, query.record_type == AAAA:
            case "both.test", False:
                return resolves(query)
            case (("both.test" | "six.test"), True):
                return (answer(query, address("2001:db8::7")),)
            case "four.test", False:
                return resolves(query)
            case "four.test", True:
                return fails(query)
            case "absent.test", _:
                return is_absent(query)
            case _:
                return (answer(query),)

    types = (RecordType.A, RecordType.AAAA)
    async with engine_on(script, record_types=types) as (engine, (server,)):
        answers = await resolve(engine, "both.test", "six.test", "four.test", "absent.test", "none.test")
        assert outcomes(answers) == ["resolved", "resolved", "resolved", "absent", "no_data"]
        assert answers.addresses == [PACKED, b"", PACKED, b"", b""]
        assert [len(packed) for packed in answers.addresses_v6] == [16, 16, 0, 0, 0]
        assert server.names.count("absent.test") == 1
        assert server.names.count("four.test") == 1 + 2


@pytest.mark.parametrize(
    ("caps", "share", "expected"),
    [
        ({"queries_per_second": 400.0}, 1.0, 400),
        ({"queries_per_second_per_resolver": 200.0}, 1.0, 400),
        ({"queries_per_second": 900.0, "queries_per_second_per_resolver": 300.0}, 0.5, 300),
    ],
)
async def test_rate_caps_hold_at_the_receiving_end(caps: dict[str, float], share: float, expected: int) -> None:
    async with engine_on(is_absent, is_absent, **caps) as (engine, servers):
        engine.set_share(share)
        await resolve(engine, *(f"{n}.test" for n in range(expected)))
        arrivals = sorted(query.arrived_at for server in servers for query in server.queries)
        assert len(arrivals) == expected
        rate = (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])
        assert 0.9 * expected <= rate <= 1.1 * expected


async def test_in_flight_is_capped() -> None:
    async with engine_on(keeps_silent, in_flight_max=7, timeout_seconds=5.0) as (engine, (server,)):
        asking = asyncio.create_task(resolve(engine, *(f"{n}.test" for n in range(100))))
        await server.has_seen(7)
        assert engine.statistics().in_flight == 7
        server.script = is_absent
        for query in list(server.queries):
            server.send(is_absent(query)[0], query.client)
        assert outcomes(await asking) == ["absent"] * 100
        assert len(server.queries) == 100


async def test_stop_lets_what_is_in_flight_finish_and_asks_nothing_more() -> None:
    async with engine_on(keeps_silent, in_flight_max=10, timeout_seconds=5.0) as (engine, (server,)):
        stop = asyncio.Event()
        asking = asyncio.create_task(engine.resolve([f"{n}.test" for n in range(100)], stop))
        await server.has_seen(10)
        stop.set()
        for query in list(server.queries):
            server.send(is_absent(query)[0], query.client)
        answers = await asking
        assert Counter(outcomes(answers)) == {"absent": 10, "unfinished": 90}
        assert len(server.queries) == 10
        assert engine.statistics().in_flight == 0


async def test_stop_does_not_retry() -> None:
    async with engine_on(keeps_silent, attempts=5) as (engine, (server,)):
        stop = asyncio.Event()
        asking = asyncio.create_task(engine.resolve(["a.test"], stop))
        await server.has_seen(1)
        stop.set()
        assert outcomes(await asking) == ["unfinished"]
        assert len(server.queries) == 1


async def test_stop_holds_back_what_waits_for_another_attempt() -> None:
    stop = asyncio.Event()

    def script(query: Query) -> Sequence[bytes]:
        stop.set()
        return fails(query)

    async with engine_on(script, attempts=5) as (engine, (server,)):
        assert outcomes(await engine.resolve(["a.test"], stop)) == ["unfinished"]
        assert len(server.queries) == 1


async def test_stop_waits_no_longer_than_its_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "GRACE_SECONDS", 0.1)
    async with engine_on(keeps_silent, timeout_seconds=60.0) as (engine, (server,)):
        stop = asyncio.Event()
        asking = asyncio.create_task(engine.resolve(["a.test"], stop))
        await server.has_seen(1)
        stop.set()
        assert outcomes(await asyncio.wait_for(asking, 5)) == ["unfinished"]
        assert engine.statistics().in_flight == 0


async def test_a_stopped_batch_asks_nothing() -> None:
    async with engine_on(resolves) as (engine, (server,)):
        stop = asyncio.Event()
        stop.set()
        assert outcomes(await engine.resolve(["a.test"] * 3, stop)) == ["unfinished"] * 3
        assert server.queries == []


async def test_cancelling_one_batch_leaves_nothing_behind_and_the_other_alone() -> None:
    async with engine_on(keeps_silent, in_flight_max=70, timeout_seconds=5.0) as (engine, (server,)):
        lucky = asyncio.create_task(resolve(engine, *(f"lucky{n}.test" for n in range(100))))
        doomed = asyncio.create_task(resolve(engine, *(f"doomed{n}.test" for n in range(1_000))))
        await server.has_seen(70)
        before = list(server.queries)
        doomed_in_flight = sum(query.name.startswith("doomed") for query in before)
        assert 0 < doomed_in_flight < 70
        doomed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await doomed
        server.script = is_absent
        for query in before:
            server.send(is_absent(query)[0], query.client)
        assert outcomes(await lucky) == ["absent"] * 100
        assert engine.statistics().late == doomed_in_flight
        assert engine.statistics().in_flight == 0
        assert sum(name.startswith("doomed") for name in server.names) == doomed_in_flight


async def test_cancelling_over_tcp_leaves_nothing_behind() -> None:
    def script(query: Query) -> Sequence[bytes]:
        return () if query.over == "tcp" else (cut_short(query),)

    async with engine_on(script, timeout_seconds=5.0) as (engine, (server,)):
        asking = asyncio.create_task(resolve(engine, "a.test", "b.test"))
        await server.has_seen(4)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        server.script = is_absent
        assert outcomes(await resolve(engine, "c.test")) == ["absent"]
        assert engine.statistics().in_flight == 0


async def test_closing_the_engine_ends_its_batches() -> None:
    async with scripted(keeps_silent) as server:
        async with DnsEngine(settings_for(server, timeout_seconds=5.0, detect_wildcards=True)) as engine:
            asking = asyncio.create_task(resolve(engine, "a.test"))
            await server.has_seen(1)
        assert outcomes(await asking) == ["unfinished"]
        assert outcomes(await resolve(engine, "b.test")) == ["unfinished"]


async def test_an_error_of_our_own_reaches_whoever_waits() -> None:
    def exhausted(count: int) -> bytes:
        raise RuntimeError("no entropy")

    reported: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(str(context["exception"])))
    async with scripted(resolves) as server, DnsEngine(settings_for(server), entropy=exhausted) as engine:
        with pytest.raises(RuntimeError, match="no entropy"):
            await resolve(engine, "a.test")
    assert reported[:1] == ["no entropy"]


async def test_batches_share_the_engine_fairly() -> None:
    async with engine_on(is_absent, in_flight_max=16) as (engine, (server,)):
        big = asyncio.create_task(resolve(engine, *(f"big{n}.test" for n in range(3_000))))
        await server.has_seen(1)
        small = await resolve(engine, *(f"small{n}.test" for n in range(100)))
        assert outcomes(small) == ["absent"] * 100
        assert not big.done()
        assert Counter(outcomes(await big)) == {"absent": 3_000}


async def test_batches_end_one_after_another() -> None:
    """So that there are names to ask for while the last ones of each wait for a resolver that is silent."""
    async with engine_on(is_absent, queries_per_second=800.0) as (engine, (server,)):
        first, second = (
            asyncio.create_task(resolve(engine, *(f"{kind}{n}.test" for n in range(400)))) for kind in ("one", "two")
        )
        await first
        assert sum(name.startswith("two") for name in server.names) < 200
        await second


async def test_dead_resolvers_fail_the_batches_and_spare_the_names() -> None:
    async with engine_on(keeps_silent, keeps_silent, timeout_seconds=0.05, dead_after_seconds=0.4) as (engine, servers):
        batches = [resolve(engine, *(f"{batch}-{n}.test" for n in range(5_000))) for batch in range(2)]
        ends = await asyncio.gather(*batches, return_exceptions=True)
        assert [type(end) for end in ends] == [AllResolversDead, AllResolversDead]
        assert sum(len(server.queries) for server in servers) < 1_000
        for server in servers:
            server.script = is_absent
        assert Counter(outcomes(await resolve(engine, *(f"{n}.test" for n in range(300))))) == {"absent": 300}


async def test_dead_names_do_not_make_a_resolver_dead() -> None:
    def script(query: Query) -> Sequence[bytes]:
        return () if query.name.startswith("dead") else is_absent(query)

    changes = {"timeout_seconds": 0.2, "attempts": 5, "dead_after_seconds": 0.5}
    async with engine_on(script, **changes) as (engine, (server,)):
        assert outcomes(await resolve(engine, "alive.test")) == ["absent"]
        names = [f"dead{n}.test" for n in range(200)]
        assert Counter(outcomes(await resolve(engine, *names))) == {"timed_out": 200}
        assert Counter(server.names)["dead0.test"] == 5
        assert "alive.test" in server.names[1:]  # asked again, as a sign of life


async def test_a_few_dead_names_may_be_silent_for_longer_than_that() -> None:
    def script(query: Query) -> Sequence[bytes]:
        return () if query.name.startswith("dead") else is_absent(query)

    changes = {"timeout_seconds": 0.2, "attempts": 5, "dead_after_seconds": 0.3}
    async with engine_on(script, **changes) as (engine, _):
        assert outcomes(await resolve(engine, "dead.test")) == ["timed_out"]


async def test_a_closed_port_is_a_failed_attempt_at_once() -> None:
    closed = ResolverAddress("127.0.0.1", unused_port())
    async with DnsEngine(settings_for(closed, timeout_seconds=30.0)) as engine, asyncio.timeout(5):
        assert outcomes(await resolve(engine, "a.test", "b.test")) == ["timed_out", "timed_out"]


async def check_a_closed_port_beside_a_good_one() -> None:
    closed = ResolverAddress("127.0.0.1", unused_port())
    async with (
        asyncio.timeout(5),
        scripted(is_absent) as good,
        DnsEngine(settings_for(closed, good, timeout_seconds=30.0)) as engine,
    ):
        answers = await resolve(engine, *(f"{n}.test" for n in range(2_000)))
        assert Counter(outcomes(answers)) == {"absent": 2_000}
        assert set(answers.resolver.tolist()) == {1}
        assert engine.statistics().resolvers[0].is_suspended


async def test_a_closed_port_beside_a_good_one() -> None:
    await check_a_closed_port_beside_a_good_one()


def test_a_closed_port_beside_a_good_one_under_uvloop() -> None:
    uvloop.run(check_a_closed_port_beside_a_good_one())


async def check_a_resolver_that_died_and_came_back() -> None:
    """Each of its sockets was told that nobody listens, and all of them hear again."""
    async with engine_on(is_absent, timeout_seconds=0.2, attempts=1) as (engine, (server,)):
        names = [f"{n}.test" for n in range(100)]
        assert set(outcomes(await resolve(engine, *names))) == {"absent"}
        async with server.dead():
            asking = asyncio.create_task(resolve(engine, *names))
            while not engine.statistics().resolvers[0].is_suspended:
                await asyncio.sleep(0.01)
        await asking
        assert set(outcomes(await resolve(engine, *names))) == {"absent"}


async def test_a_resolver_that_died_and_came_back_is_heard() -> None:
    await check_a_resolver_that_died_and_came_back()


def test_a_resolver_that_died_and_came_back_is_heard_under_uvloop() -> None:
    uvloop.run(check_a_resolver_that_died_and_came_back())


async def test_a_resolver_that_comes_back_is_used_again() -> None:
    async with engine_on(keeps_silent, timeout_seconds=0.05, attempts=3) as (engine, (server,)):
        asking = asyncio.create_task(resolve(engine, *(f"{n}.test" for n in range(1_000))))
        while not engine.statistics().resolvers[0].is_suspended:
            await server.has_seen(len(server.queries) + 1)
        server.script = is_absent
        ends = Counter(outcomes(await asking))
        assert ends["absent"] + ends["timed_out"] == 1_000
        assert ends["absent"] >= 800
        assert not engine.statistics().resolvers[0].is_suspended


async def test_one_resolver_that_comes_back_takes_what_waits_for_all() -> None:
    changes = {"timeout_seconds": 0.05, "attempts": 3}
    async with engine_on(keeps_silent, keeps_silent, **changes) as (engine, (gone, back)):
        asking = asyncio.create_task(resolve(engine, *(f"{n}.test" for n in range(500))))
        while not all(each.is_suspended for each in engine.statistics().resolvers):
            await gone.has_seen(len(gone.queries) + 1)
        back.script = is_absent
        ends = Counter(outcomes(await asking))
        assert ends["absent"] + ends["timed_out"] == 500
        assert ends["absent"] >= 250


async def test_loss_narrows_the_window() -> None:
    seen: Counter[str] = Counter()

    def loses_every_third(query: Query) -> Sequence[bytes]:
        seen[query.name] += 1
        return () if seen[query.name] == 1 and int(query.name.split(".")[0]) % 3 == 0 else is_absent(query)

    async with engine_on(loses_every_third, timeout_seconds=0.05, in_flight_max=256) as (engine, _):
        answers = await resolve(engine, *(f"{n}.test" for n in range(1_500)))
        assert Counter(outcomes(answers)) == {"absent": 1_500}
        assert engine.statistics().resolvers[0].window < 256
        assert engine.statistics().timed_out == 500


async def test_twenty_thousand_names_are_all_accounted_for() -> None:
    kinds = ["resolved", "nodata", "absent", "servfail", "refused", "malformed", "absent", "absent", "lossy", "absent"]
    seen: Counter[str] = Counter()

    def script(query: Query) -> Sequence[bytes]:
        if not query.name.startswith("lossy"):
            return everything(query)
        seen[query.name] += 1
        return () if seen[query.name] == 1 else resolves(query)

    names = [f"{kinds[n % 10]}.{n}.test" for n in range(20_000)]
    async with engine_on(script, script, attempts=4, timeout_seconds=1.0) as (engine, servers):
        halves = await asyncio.gather(resolve(engine, *names[:7_000]), resolve(engine, *names[7_000:]))
        ends = Counter(outcomes(halves[0])) + Counter(outcomes(halves[1]))
        assert ends == {
            "resolved": 4_000,
            "no_data": 2_000,
            "absent": 8_000,
            "servfail": 2_000,
            "refused": 2_000,
            "malformed": 2_000,
        }
        statistics = engine.statistics()
        assert statistics.sent == sum(len(server.queries) for server in servers)
        assert statistics.sent == statistics.answered + statistics.timed_out
        assert statistics.in_flight == 0


class WildZone:
    """`*.wild` answers alike, except for `made.wild`; nothing else exists below `tame` but `made.tame`."""

    def __init__(self) -> None:
        self.fails_once = False

    def __call__(self, query: Query) -> Sequence[bytes]:
        label, _, parent = query.name.lower().partition(".")
        if self.fails_once and len(label) == 20:
            return fails(query)
        if label == "made":
            return (answer(query, address("198.51.100.1")),)
        return resolves(query) if parent == "wild" else is_absent(query)


def probes_in(server: ScriptedServer) -> Counter[str]:
    return Counter(name.partition(".")[2] for name in server.names if len(name.partition(".")[0]) == 20)


async def test_wildcards_are_told_from_names_that_were_made() -> None:
    async with engine_on(WildZone(), detect_wildcards=True) as (engine, (server,)):
        answers = await resolve(engine, "abc.wild", "made.wild", "made.tame", "abc.tame", "single")
        assert outcomes(answers) == ["wildcard", "resolved", "resolved", "absent", "absent"]
        assert answers.addresses[0] == PACKED
        assert probes_in(server) == {"wild": 3, "tame": 1}


async def test_a_parent_is_probed_once_per_engine() -> None:
    async with engine_on(WildZone(), detect_wildcards=True) as (engine, (server,)):
        batches = [resolve(engine, *(f"{batch}x{n}.wild" for n in range(50))) for batch in range(5)]
        for answers in [*await asyncio.gather(*batches), await resolve(engine, "later.WILD.")]:
            assert set(outcomes(answers)) == {"wildcard"}
        assert probes_in(server) == {"wild": 3}


async def test_failed_probes_are_not_remembered() -> None:
    zone = WildZone()
    async with engine_on(zone, detect_wildcards=True) as (engine, _):
        zone.fails_once = True
        assert outcomes(await resolve(engine, "abc.wild")) == ["resolved"]
        zone.fails_once = False
        assert outcomes(await resolve(engine, "abc.wild")) == ["wildcard"]


async def test_a_batch_cancelled_while_probing_hands_over_to_the_next() -> None:
    zone = WildZone()

    def script(query: Query) -> Sequence[bytes]:
        return () if len(query.name.partition(".")[0]) == 20 else zone(query)

    async with engine_on(script, detect_wildcards=True, timeout_seconds=5.0) as (engine, (server,)):
        first = asyncio.create_task(resolve(engine, "a.wild"))
        await server.has_seen(1 + 1)
        second = asyncio.create_task(resolve(engine, "b.wild"))
        await server.has_seen(1 + 1 + 1)
        server.script = zone
        first.cancel()
        assert outcomes(await second) == ["wildcard"]
        assert first.cancelled()


async def test_a_stop_while_probing_lets_the_probes_end() -> None:
    """A slow batch is stopped every few seconds: what had resolved by then must not be asked again and again."""
    zone, stop = WildZone(), asyncio.Event()

    def script(query: Query) -> Sequence[bytes]:
        if len(query.name.partition(".")[0]) == 20:
            stop.set()
        return zone(query)

    async with engine_on(script, detect_wildcards=True) as (engine, _):
        answers = await engine.resolve(["abc.wild", "made.tame"], stop)
        assert outcomes(answers) == ["wildcard", "resolved"]


async def test_a_stop_does_not_wait_for_probes_that_nobody_answers() -> None:
    def script(query: Query) -> Sequence[bytes]:
        return () if len(query.name.partition(".")[0]) == 20 else resolves(query)

    async with engine_on(script, detect_wildcards=True, timeout_seconds=30.0) as (engine, (server,)):
        stop = asyncio.Event()
        asking = asyncio.create_task(engine.resolve(["a.wild", "single"], stop))
        await server.has_seen(2 + 1)
        stop.set()
        assert outcomes(await asking) == ["unfinished", "resolved"]


async def test_wildcards_are_left_alone_if_so_configured() -> None:
    async with engine_on(WildZone()) as (engine, (server,)):
        assert outcomes(await resolve(engine, "abc.wild")) == ["resolved"]
        assert server.names == ["abc.wild"]
