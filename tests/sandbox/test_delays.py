"""A sandbox that answers as from far away: later, and the same."""

import time

import pytest

from service.errors import Invalid
from service.sandbox.behaviours import DnsBehaviour, WebBehaviour
from service.sandbox.counters import Counters
from service.sandbox.dns import Responder, Via
from service.sandbox.server import DELAY_MS_MAX, SandboxSettings, check_settings, running_sandbox
from service.sandbox.truth import WEB_ADDRESSES
from tests.sandbox.test_dns import FindName, ask_over_tcp, behaving, query
from tests.sandbox.test_http import connect, read_response, request, showing

DELAY_MS = 120
SETTINGS = SandboxSettings(dns_port=0, http_port=0, https_port=0, delay_ms=DELAY_MS)


def near_and_far() -> tuple[Responder, Responder]:
    near, far = (Responder(1, WEB_ADDRESSES, Counters(), lambda _: None, delay_ms) for delay_ms in (0, DELAY_MS))
    return near, far


@pytest.mark.parametrize("behaviour", [each for each in DnsBehaviour if each is not DnsBehaviour.wildcard])
def test_names_are_answered_the_same_and_later(find_name: FindName, behaviour: DnsBehaviour) -> None:
    packet = query(find_name(behaving(behaviour)).name)
    for _ in range(2):  # some answer the second time only
        near, far = (responder.reply_to(packet, Via.udp) for responder in near_and_far())
        assert (near is None) == (far is None)
        if near is not None and far is not None:
            assert far.message == near.message
            assert far.delay_seconds == pytest.approx(near.delay_seconds + DELAY_MS / 1_000)


async def test_a_question_waits(find_name: FindName) -> None:
    name = find_name(behaving(DnsBehaviour.existing)).name
    async with running_sandbox(SETTINGS) as sandbox:
        asked_at = time.monotonic()
        assert len(await ask_over_tcp(sandbox, query(name))) == 1
        assert time.monotonic() - asked_at >= DELAY_MS / 1_000 - 0.01


async def test_requests_wait_and_are_answered_in_order(find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.page))
    async with running_sandbox(SETTINGS) as sandbox:
        reader, writer = await connect(sandbox, truth)
        asked_at = time.monotonic()
        last = request(truth.name, headers="Connection: close\r\n")
        writer.write(request(truth.name) + request("nobody.invalid") + last)
        assert [(await read_response(reader)).status for _ in range(3)] == [200, 421, 200]
        assert time.monotonic() - asked_at >= DELAY_MS / 1_000 - 0.01
        assert await reader.read() == b""
        writer.close()


async def test_who_hangs_up_meanwhile_is_told_nothing(find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.page))
    async with running_sandbox(SETTINGS) as sandbox:
        _, writer = await connect(sandbox, truth)
        writer.write(request(truth.name))
        await writer.drain()
        writer.close()
        reader, other = await connect(sandbox, truth)
        other.write(request(truth.name))
        assert (await read_response(reader)).status == 200
        other.close()


def test_a_delay_has_a_bound() -> None:
    with pytest.raises(Invalid, match="delay"):
        check_settings(SandboxSettings(delay_ms=DELAY_MS_MAX + 1))
