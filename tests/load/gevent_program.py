"""`python -m tests.load.gevent_program WAY URL KEY [CAMPAIGN]`: what a way of asking does to all other users of locust.

Locust's users are greenlets of one thread. A ticker among them counts how often it gets its turn while the others ask
at the same time, or watch a campaign until it has moved on to its hundredth domain. One line of JSON tells.
"""

from locust import FastHttpUser  # first of all: it makes the standard library wait in gevent's way

# isort: split

import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from uuid import UUID

import gevent
import msgspec
from locust.env import Environment

from loadtest.users.asking import Asker
from phaseline_client import Phaseline
from phaseline_client.calls import Place
from phaseline_client.generated.calls.operations import get_liveness
from tests.load.seen import LAST, TICK_SECONDS, USERS, Seen

SECONDS_MAX = 40


def client_way(url: str, key: str) -> Callable[[], int]:
    """The generated client, as it is."""
    client = Phaseline(url, key)

    def ask() -> int:
        client.operations.get_liveness()
        return 0

    return ask


def users_way(url: str, key: str) -> Callable[[], int]:
    """As the load tests' users ask."""
    environment = Environment(host=url)
    user = type("Anybody", (FastHttpUser,), {"host": url, "tasks": []})(environment)

    def ask() -> int:
        Asker(user.client, Place(url, key)).ask(get_liveness)
        return 0

    return ask


def watch_way(url: str, key: str, campaign_id: str) -> Callable[[], int]:
    """The generated client's watch."""
    client = Phaseline(url, key)

    def watch() -> int:
        states = 0
        for state in client.watch({UUID(campaign_id)}, timeout_seconds=SECONDS_MAX):
            states += 1
            if state.processed >= LAST:
                break
        return states

    return watch


def main(way: str, *place: str) -> None:
    ways = SimpleNamespace(client=client_way, users=users_way, watch=watch_way)
    act = getattr(ways, way)(*place)
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        while True:
            time.sleep(TICK_SECONDS)
            ticks += 1

    ticker = gevent.spawn(tick)
    begun = time.monotonic()
    acting = [gevent.spawn(act) for _ in range(USERS)]
    gevent.joinall(acting, timeout=SECONDS_MAX, raise_error=True)
    seen = Seen(time.monotonic() - begun, ticks, sum(each.value for each in acting))
    ticker.kill()
    sys.stdout.write(msgspec.json.encode(seen).decode() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
