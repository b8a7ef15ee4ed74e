"""Limits as the receiving end sees them: when connections come and go, and how many bytes leave in each second."""

import asyncio
import time
from collections import Counter
from itertools import pairwise

import pytest
from msgspec.structs import replace

from service.fetching.outcomes import HttpOutcome
from service.fetching.prober import Prober, ProbeSettings, Target
from service.fetching.schedule import LATENESS_SECONDS_MAX
from tests.fetching.scripted_web import BOTH, NO_TLS, PLAIN_ONLY, Names, Web, redirect, reply

WINDOW_SECONDS = 1.0


class Visits:
    """Pages that note by address when they were asked for, and how many of them were at once."""

    def __init__(self, web: Web, body: bytes = b"<p>here</p>") -> None:
        self._web = web
        self._body = body
        self.asked_at: list[tuple[str, float]] = []
        self.begun = asyncio.Event()
        self.under_way: Counter[str] = Counter()
        self.at_once_max: Counter[str] = Counter()

    def add(self, host: str) -> None:
        self._web.pages[f"{host}/"] = self.answer

    async def answer(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address: str = writer.get_extra_info("sockname")[0]
        self.asked_at.append((address, time.monotonic()))
        self.begun.set()
        self.under_way[address] += 1
        self.at_once_max[address] = max(self.at_once_max[address], self.under_way[address])
        await asyncio.sleep(0.02)  # a page takes its time; nothing waits for this
        self.under_way[address] -= 1
        writer.write(reply(self._body))
        await writer.drain()

    def instants(self, address: str) -> list[float]:
        return sorted(at for where, at in self.asked_at if where == address)


def targets_at(visits: Visits, count: int, *addresses: bytes) -> list[Target]:
    hosts = [f"{index}-{len(visits.asked_at)}.test" for index in range(count)]
    for host in hosts:
        visits.add(host)
    return [Target(host, (addresses[index % len(addresses)],)) for index, host in enumerate(hosts)]


def busiest_window(instants: list[float]) -> int:
    return max(sum(1 for at in instants if start <= at < start + WINDOW_SECONDS) for start in instants)


@pytest.fixture
def plain(settings: ProbeSettings) -> ProbeSettings:
    return replace(settings, https_port=None)


async def test_so_many_connections_to_one_address_across_hosts_and_callers(web: Web, plain: ProbeSettings) -> None:
    visits = Visits(web)
    prober = Prober(replace(plain, connections_per_address=3), Names({}).lookup)
    batches = [targets_at(visits, 40, PLAIN_ONLY, BOTH, NO_TLS) for _ in range(2)]
    halves = await asyncio.gather(*(prober.probe(batch, asyncio.Event()) for batch in batches))
    assert [probe and probe.outcome for half in halves for probe in half] == [HttpOutcome.REACHED] * 80
    assert visits.at_once_max == {"127.77.0.1": 3, "127.77.0.2": 3, "127.77.0.3": 3}


async def test_a_share_of_the_connections(web: Web, plain: ProbeSettings) -> None:
    visits = Visits(web)
    prober = Prober(replace(plain, connections_per_address=8), Names({}).lookup)
    prober.set_share(0.25)
    await prober.probe(targets_at(visits, 40, PLAIN_ONLY), asyncio.Event())
    assert visits.at_once_max == {"127.77.0.2": 2}


async def test_so_many_requests_a_second_to_one_address_across_waves(web: Web, plain: ProbeSettings) -> None:
    """Half of the hosts lead on to the same address once more, in a second wave; others are not held up by it."""
    visits = Visits(web)
    crowded = targets_at(visits, 30, PLAIN_ONLY)
    for target in crowded[::2]:
        web.pages[f"{target.host}/"] = redirect(f"http://www.{target.host}/")
        visits.add(f"www.{target.host}")
    names = Names({f"www.{target.host}": (PLAIN_ONLY,) for target in crowded})
    prober = Prober(replace(plain, requests_per_second_per_address=20), names.lookup)
    begun = time.monotonic()
    probes = await prober.probe(crowded, asyncio.Event())
    took = time.monotonic() - begun
    assert {probe and probe.outcome for probe in probes} == {HttpOutcome.REACHED}
    assert len(web.requests) == 45
    assert took >= 44 / 20 * 0.97
    assert took <= 44 / 20 * 1.25
    assert busiest_window(visits.instants("127.77.0.2")) <= 20 * (1 + LATENESS_SECONDS_MAX) + 1


async def test_a_share_of_the_requests_and_addresses_apart(web: Web, plain: ProbeSettings) -> None:
    visits = Visits(web)
    prober = Prober(replace(plain, requests_per_second_per_address=40), Names({}).lookup)
    prober.set_share(0.5)
    await prober.probe(targets_at(visits, 60, PLAIN_ONLY, BOTH), asyncio.Event())
    for address in ("127.77.0.1", "127.77.0.2"):
        instants = visits.instants(address)
        assert len(instants) == 30
        assert busiest_window(instants) <= 20 * (1 + LATENESS_SECONDS_MAX) + 1
        assert instants[-1] - instants[0] == pytest.approx(29 / 20, rel=0.15)
    # Both addresses went side by side, not one after the other.
    assert abs(visits.instants("127.77.0.1")[0] - visits.instants("127.77.0.2")[0]) < 0.2


async def test_without_a_share_nobody_goes_and_with_one_all_go_on(web: Web, plain: ProbeSettings) -> None:
    """Nor is one asked for that nobody needs: where there are no limits."""
    visits = Visits(web)
    sharing = Prober(replace(plain, connections_per_address=8), Names({}).lookup)
    sharing.set_share(0)
    waiting = asyncio.create_task(sharing.probe(targets_at(visits, 5, PLAIN_ONLY), asyncio.Event()))
    unlimited = Prober(plain, Names({}).lookup)
    unlimited.set_share(0)
    await unlimited.probe([Target("other.test", (PLAIN_ONLY,))], asyncio.Event())
    assert visits.asked_at == []
    sharing.set_share(0.5)
    async with asyncio.timeout(5):
        probes = await waiting
    assert [probe and probe.outcome for probe in probes] == [HttpOutcome.REACHED] * 5


async def test_what_is_under_way_is_told_as_a_part_of_what_may_be(web: Web, plain: ProbeSettings) -> None:
    web.pages["slow.test/"] = web.stall
    prober = Prober(replace(plain, connections_per_address=4, timeout_seconds=1.0), Names({}).lookup)
    assert prober.occupancy() == 0
    probing = asyncio.create_task(prober.probe([Target("slow.test", (PLAIN_ONLY,))], asyncio.Event()))
    await web.stalled.wait()
    prober.set_share(0.1)
    assert prober.occupancy() == 0.25
    await probing
    assert prober.occupancy() == 0
    await web.released.wait()


async def test_a_stop_does_not_wait_for_turns(web: Web, plain: ProbeSettings) -> None:
    visits, stop = Visits(web), asyncio.Event()
    prober = Prober(replace(plain, requests_per_second_per_address=2), Names({}).lookup)
    probing = asyncio.create_task(prober.probe(targets_at(visits, 100, PLAIN_ONLY), stop))
    await visits.begun.wait()
    stop.set()
    async with asyncio.timeout(2):
        probes = await probing
    assert sum(probe is not None for probe in probes) <= 2
    # Those that gave up left nothing behind: the address goes on by its pace.
    async with asyncio.timeout(4):
        (probe,) = await prober.probe(targets_at(visits, 1, PLAIN_ONLY), asyncio.Event())
    assert probe is not None
    assert min(later - earlier for earlier, later in pairwise(visits.instants("127.77.0.2"))) > 0.4


async def test_who_is_cancelled_gives_its_turn_back(web: Web, plain: ProbeSettings) -> None:
    visits = Visits(web)
    web.pages["slow.test/"] = web.stall
    prober = Prober(replace(plain, connections_per_address=1, timeout_seconds=1.0), Names({}).lookup)
    first = [Target("slow.test", (PLAIN_ONLY,)), *targets_at(visits, 5, PLAIN_ONLY)]
    probing = asyncio.create_task(prober.probe(first, asyncio.Event()))
    await web.stalled.wait()
    probing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probing
    probes = await prober.probe(targets_at(visits, 5, PLAIN_ONLY), asyncio.Event())
    assert [probe and probe.outcome for probe in probes] == [HttpOutcome.REACHED] * 5
    await web.released.wait()


async def test_so_many_bytes_a_second(web: Web, plain: ProbeSettings) -> None:
    """Pages of 10 kB at 1 MB a second, half of it ours: each full second within 5 % once there was a start."""
    body = b"<p>" + b"x" * 9_997
    visits = Visits(web, body)
    prober = Prober(replace(plain, bytes_per_second=1_000_000), Names({}).lookup)
    prober.set_share(0.5)
    await prober.probe(targets_at(visits, 260, PLAIN_ONLY, BOTH, NO_TLS), asyncio.Event())
    instants = sorted(at for _, at in visits.asked_at)
    seconds = Counter(int(at - instants[0]) for at in instants)
    assert len(seconds) >= 5
    for second in range(1, max(seconds)):
        assert seconds[second] * len(body) == pytest.approx(500_000, rel=0.05)
