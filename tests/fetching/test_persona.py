"""Headers and proxies as the receiving end sees them."""

import asyncio
from ipaddress import ip_address

import pytest
from msgspec.structs import replace

from service.fetching.model import ACCEPT
from service.fetching.outcomes import HttpOutcome
from service.fetching.persona import parse_proxies
from service.fetching.prober import PROXY_FAILURES_MAX, Prober, ProbeSettings, ProxiesDead, Target
from tests.fetching.scripted_proxy import PROXY_ADDRESS, ScriptedProxy, running
from tests.fetching.scripted_web import BOTH, NOBODY, PLAIN_ONLY, Names, Web, probe_one, redirect, reply

PAGE = b"<title>Acme</title>"


def proxies_at(settings: ProbeSettings, *texts: str) -> ProbeSettings:
    return replace(settings, proxies=parse_proxies(texts, settings.rules, pointer=""))


def fields_of(head: str) -> dict[str, str]:
    lines = head.strip().split("\r\n")[1:]
    fields = dict(line.split(": ", 1) for line in lines)
    assert len(fields) == len(lines), "a header was sent twice"
    return fields


async def test_the_headers_sent_are_those_of_the_persona_and_no_others(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = redirect("http://a.test/plain")
    web.pages["a.test/plain"] = reply(PAGE)
    headers = (("Accept", "text/html"), ("Accept-Language", "de-CH, de;q=0.9"), ("X-Forwarded-For", "192.0.2.1"))
    await probe_one(replace(settings, user_agent="Mozilla/5.0 (Test)", headers=headers), "a.test")
    assert [scheme for scheme, _ in web.requests] == ["https", "http"]
    for _, head in web.requests:
        assert {name.lower(): value for name, value in fields_of(head).items()} == {
            "host": "a.test",
            "user-agent": "Mozilla/5.0 (Test)",
            "accept": "text/html",
            "accept-language": "de-CH, de;q=0.9",
            "accept-encoding": "gzip, deflate, br, zstd",
            "x-forwarded-for": "192.0.2.1",
        }


async def test_the_usual_persona(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = reply(PAGE)
    await probe_one(settings, "a.test")
    fields = {name.lower(): value for name, value in fields_of(web.requests[0][1]).items()}
    assert fields["user-agent"] == settings.user_agent
    assert {name: fields[name] for name, _ in ACCEPT} == dict(ACCEPT)
    assert "pyreqwest" not in web.requests[0][1]


# -- proxies ----------------------------------------------------------------------------------------------------------


async def test_a_socks_proxy_is_told_the_address_that_was_judged(web: Web, settings: ProbeSettings) -> None:
    """It never learns a name, so that it cannot be led elsewhere by what DNS says to it."""
    web.pages["a.test/"] = redirect("http://b.test/")
    web.pages["b.test/"] = reply(PAGE)
    async with running(ScriptedProxy({"a.test": "127.77.0.9", "b.test": "127.77.0.9"})) as proxy:
        through = proxies_at(settings, f"socks5://{PROXY_ADDRESS}:{proxy.port}")
        probe = await probe_one(through, "a.test", BOTH, names={"b.test": (PLAIN_ONLY,)})
    assert (probe.outcome, probe.final_url, probe.title) == (HttpOutcome.REACHED, "http://b.test/", "Acme")
    assert proxy.asked == [f"127.77.0.1:{web.https_port}", f"127.77.0.2:{web.http_port}"]


async def test_an_http_proxy_gets_names_and_a_tunnel_for_tls(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = redirect("http://a.test/plain?x=1")
    web.pages["a.test/plain?x=1"] = reply(PAGE)
    async with running(ScriptedProxy({"a.test": "127.77.0.1"})) as proxy:
        probe = await probe_one(proxies_at(settings, f"http://{PROXY_ADDRESS}:{proxy.port}"), "a.test")
    assert (probe.outcome, probe.title) == (HttpOutcome.REACHED, "Acme")
    assert proxy.asked == [f"CONNECT a.test:{web.https_port}", f"GET http://a.test:{web.http_port}/plain?x=1"]
    assert "pyreqwest" not in "".join(proxy.heads)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_what_may_not_be_reached_is_not_asked_of_a_proxy_either(
    web: Web, settings: ProbeSettings, scheme: str
) -> None:
    private = ip_address("10.0.0.1").packed
    async with running(ScriptedProxy({})) as proxy:
        through = proxies_at(settings, f"{scheme}://{PROXY_ADDRESS}:{proxy.port}")
        assert (await probe_one(through, "a.test", private)).outcome is HttpOutcome.BLOCKED
        assert (await probe_one(through, "127.0.0.1")).outcome is HttpOutcome.BLOCKED
        assert proxy.asked == []
        for location in ("http://169.254.169.254/latest/", "http://[::ffff:10.0.0.1]/", "http://in.test/"):
            web.pages["a.test/"] = redirect(location)
            proxy.names = {"a.test": "127.77.0.1"}
            probe = await probe_one(through, "a.test", names={"in.test": (private,)})
            assert probe.outcome is HttpOutcome.BLOCKED
        assert len(proxy.asked) == 3


async def test_a_proxy_by_name_is_looked_up_by_us_and_judged(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = reply(PAGE)
    async with running(ScriptedProxy({})) as proxy:
        through = proxies_at(settings, f"socks5://proxy.test:{proxy.port}", f"socks5://localhost:{proxy.port}")
        known = {"proxy.test": (ip_address("10.0.0.1").packed, ip_address(PROXY_ADDRESS).packed)}
        # The system knows `localhost`; our lookup does not, so that this proxy counts for nothing.
        probe = await probe_one(through, "a.test", names=known)
        assert probe.outcome is HttpOutcome.REACHED
        assert len(proxy.asked) == 1
        with pytest.raises(ProxiesDead):
            await probe_one(through, "a.test", names={"proxy.test": (ip_address("10.0.0.1").packed,)})
    assert web.connection_count == 1


async def test_hosts_are_spread_over_proxies_and_none_goes_without(web: Web, settings: ProbeSettings) -> None:
    targets = [Target(f"{index}.test", (PLAIN_ONLY,)) for index in range(40)]
    for target in targets:
        web.pages[f"{target.host}/"] = reply(PAGE)
    async with running(ScriptedProxy({})) as one, running(ScriptedProxy({})) as other:
        urls = [f"socks5://{PROXY_ADDRESS}:{proxy.port}" for proxy in (one, other)]
        prober = Prober(proxies_at(replace(settings, https_port=None), *urls), Names({}).lookup)
        probes = await prober.probe(targets, asyncio.Event())
    assert {probe and probe.outcome for probe in probes} == {HttpOutcome.REACHED}
    assert len(one.asked) + len(other.asked) == web.connection_count == 40
    assert min(len(one.asked), len(other.asked)) >= 8


async def test_no_proxy_of_the_environment_does_not_lead_past_ours(
    web: Web, settings: ProbeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "*")
    web.pages["a.test/"] = reply(PAGE)
    async with running(ScriptedProxy({"a.test": "127.77.0.1"})) as proxy:
        for scheme in ("http", "socks5"):
            await probe_one(proxies_at(settings, f"{scheme}://{PROXY_ADDRESS}:{proxy.port}"), "a.test")
    assert len(proxy.asked) == 2


async def test_a_dead_proxy_gives_way_to_another(web: Web, settings: ProbeSettings) -> None:
    """Refused connections, refused tunnels and closed handshakes are the proxy's, and no outcome of a host."""
    targets = [Target(f"{index}.test", (BOTH,)) for index in range(12)]
    for target in targets:
        web.pages[f"{target.host}/"] = reply(PAGE)
    async with running(ScriptedProxy({})) as good, running(ScriptedProxy({}, refuses=True)) as refusing:
        dead = (f"http://{PROXY_ADDRESS}:1", f"http://{PROXY_ADDRESS}:{refusing.port}")
        for url in (*dead, f"socks5://{PROXY_ADDRESS}:1"):
            through = proxies_at(settings, url, f"socks5://{PROXY_ADDRESS}:{good.port}")
            probes = await Prober(through, Names({}).lookup).probe(targets, asyncio.Event())
            assert [probe and probe.outcome for probe in probes] == [HttpOutcome.REACHED] * len(targets)
    assert refusing.asked != []


async def test_where_all_proxies_are_dead_no_host_is_given_an_outcome(
    web: Web, settings: ProbeSettings, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a few, too few to tell: their outcome is a fault of our own, which is logged and can be retried."""
    targets = [Target(f"{index}.test", (BOTH,)) for index in range(PROXY_FAILURES_MAX)]
    prober = Prober(proxies_at(settings, f"socks5://{PROXY_ADDRESS}:1"), Names({}).lookup)
    with pytest.raises(ProxiesDead):
        await prober.probe(targets, asyncio.Event())
    (probe,) = await prober.probe(targets[:1], asyncio.Event())
    assert probe is not None
    assert probe.outcome is HttpOutcome.INTERNAL_ERROR
    assert "no proxy could be used for http" in caplog.text
    assert web.connection_count == 0


async def test_a_host_that_a_socks_proxy_cannot_reach_is_refused(web: Web, settings: ProbeSettings) -> None:
    async with running(ScriptedProxy({}, refuses=True)) as proxy:
        probe = await probe_one(proxies_at(settings, f"socks5://{PROXY_ADDRESS}:{proxy.port}"), "a.test", NOBODY)
    assert probe.outcome is HttpOutcome.CONNECTION_REFUSED
    assert len(proxy.asked) == 2  # https, then http
    assert web.connection_count == 0
