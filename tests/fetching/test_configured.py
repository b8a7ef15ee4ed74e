"""What a campaign's HTTP configuration says takes effect at the receiving end, by way of the worker's engines."""

import asyncio

import msgspec
import pytest

from service.campaigns.configuration import check_configuration, politeness_of
from service.campaigns.model import (
    Configuration,
    DnsValidation,
    Header,
    HttpValidation,
    Network,
    Politeness,
    Ports,
)
from service.errors import Invalid
from service.fetching.outcomes import HttpOutcome
from service.fetching.prober import ProxiesDead, Target
from service.pipelines.transforms.engines import Engines, SandboxPlace
from tests.fetching.scripted_proxy import PROXY_ADDRESS, ScriptedProxy, running
from tests.fetching.scripted_web import PLAIN_ONLY, Web, reply
from tests.fetching.test_pace import Visits, targets_at


def engines_at(web: Web) -> Engines:
    return Engines(SandboxPlace((), ((443, web.https_port), (80, web.http_port))))


async def fetch(engines: Engines, validation: HttpValidation, targets: list[Target]) -> set[HttpOutcome]:
    async with engines.prober((Network.SANDBOX, DnsValidation(), validation)) as prober:
        probes = await prober.probe(targets, asyncio.Event())
    return {probe.outcome for probe in probes if probe is not None}


async def test_the_persona(web: Web) -> None:
    web.pages["a.test/"] = reply(b"here")
    validation = HttpValidation(
        ports=Ports(https=None),
        user_agent="Mozilla/5.0 (Test)",
        accept="text/html",
        accept_language=None,
        headers=(Header("X-Persona", "one"), Header("Cookie", "consent=yes")),
    )
    assert await fetch(engines_at(web), validation, [Target("a.test", (PLAIN_ONLY,))]) == {HttpOutcome.REACHED}
    ((_, head),) = web.requests
    lines = sorted(line.lower() for line in head.strip().split("\r\n")[1:])
    assert lines == [
        "accept-encoding: gzip, deflate, br, zstd",
        "accept: text/html",
        "cookie: consent=yes",
        "host: a.test",
        "user-agent: mozilla/5.0 (test)",
        "x-persona: one",
    ]


async def test_the_proxies(web: Web) -> None:
    web.pages["a.test/"] = reply(b"here")
    async with running(ScriptedProxy({})) as proxy:
        validation = HttpValidation(proxies=(f"socks5://{PROXY_ADDRESS}:{proxy.port}",), ports=Ports(https=None))
        assert await fetch(engines_at(web), validation, [Target("a.test", (PLAIN_ONLY,))]) == {HttpOutcome.REACHED}
        assert proxy.asked == [f"127.77.0.2:{web.http_port}"]


async def test_politeness_is_shared_among_workers(web: Web) -> None:
    """Two processes have half of it each: together they keep to what was asked."""
    visits = Visits(web)
    polite = Politeness(connections_per_address=4, requests_per_second_per_address=None)
    validation = HttpValidation(ports=Ports(https=None), politeness=polite)
    workers = [engines_at(web) for _ in range(2)]
    workers[0].set_share(0.5)  # before its prober is opened, and after
    async with workers[1].prober((Network.SANDBOX, DnsValidation(), validation)):
        workers[1].set_share(0.5)
    batches = [targets_at(visits, 30, PLAIN_ONLY) for _ in workers]
    await asyncio.gather(*(fetch(engines, validation, batch) for engines, batch in zip(workers, batches, strict=True)))
    assert visits.at_once_max == {"127.77.0.2": 4}
    assert len(web.requests) == 60


async def test_the_sandbox_is_not_spared_unless_asked(web: Web) -> None:
    visits = Visits(web)
    validation = HttpValidation(ports=Ports(https=None))
    await fetch(engines_at(web), validation, targets_at(visits, 60, PLAIN_ONLY))
    assert visits.at_once_max["127.77.0.2"] > 8
    assert politeness_of(validation, Network.INTERNET) == Politeness(8, 20.0)
    asked = Politeness(None, None)
    assert politeness_of(msgspec.structs.replace(validation, politeness=asked), Network.INTERNET) == asked


@pytest.mark.parametrize(
    ("validation", "code", "pointer"),
    [
        (HttpValidation(headers=(Header("Host", "x"),)), "reserved_header", "headers/0"),
        (HttpValidation(headers=(Header("X", "1"), Header("Accept", "x"))), "reserved_header", "headers/1"),
        (HttpValidation(headers=(Header("X", "a\nb"),)), "invalid_header", "headers/0"),
        (HttpValidation(proxies=("http://93.184.215.14:1",)), "proxy_refused", "proxies/0"),
        (HttpValidation(proxies=("http://u:p@127.77.0.1:1",)), "proxy_credentials", "proxies/0"),
    ],
)
def test_what_is_refused_points_at_its_field(validation: HttpValidation, code: str, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_configuration(Configuration(network=Network.SANDBOX, http_validation=validation))
    assert refused.value.code == code
    assert refused.value.pointer == f"/configuration/httpValidation/{pointer}"


def test_a_campaign_on_the_internet_cannot_use_the_operators_network_as_a_proxy() -> None:
    for place in ("127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "[::1]"):
        with pytest.raises(Invalid, match="not one that the campaign may contact"):
            check_configuration(Configuration(http_validation=HttpValidation(proxies=(f"http://{place}:8080",))))


async def test_dead_proxies_are_told_and_not_gone_around(web: Web) -> None:
    targets = [Target(f"{index}.test", (PLAIN_ONLY,)) for index in range(20)]
    validation = HttpValidation(proxies=(f"http://{PROXY_ADDRESS}:1",))
    with pytest.raises(ProxiesDead):
        await fetch(engines_at(web), validation, targets)
    assert web.connection_count == 0


def test_a_configuration_comes_back_as_it_was_sent() -> None:
    """What is read can be sent again: there is nothing in it that is hidden."""
    sent = HttpValidation(
        headers=(Header("X-Persona", "one"),),
        proxies=("socks5://proxy.example:1080",),
        politeness=Politeness(2, 0.5),
        bytes_per_second=1e6,
    )
    assert msgspec.json.decode(msgspec.json.encode(sent), type=HttpValidation) == sent
