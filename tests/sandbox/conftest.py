import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import count

import pytest
import uvloop

from service.sandbox.server import Sandbox, SandboxSettings, running_sandbox
from service.sandbox.truth import NameTruth, truth_of

NAMES_TRIED_MAX = 50_000
FindName = Callable[[Callable[[NameTruth], bool]], NameTruth]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every test that needs a loop runs under both: they differ in their transports."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A running sandbox; whatever raises inside its loop, where nobody would see it, fails the test."""
    unhandled: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(repr(context)))
    settings = SandboxSettings(dns_port=0, http_port=0, https_port=0, web_idle_seconds_max=0.3)
    async with running_sandbox(settings) as running:
        yield running
    assert unhandled == []


@pytest.fixture
def find_name() -> FindName:
    """Finds the truth of the first name under seed 1 that is as wanted."""

    def find(wanted: Callable[[NameTruth], bool]) -> NameTruth:
        for number in count():
            truth = truth_of(1, f"name{number}.com")
            if wanted(truth):
                return truth
            assert number < NAMES_TRIED_MAX
        raise AssertionError

    return find
