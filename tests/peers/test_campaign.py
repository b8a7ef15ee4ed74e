"""A campaign against servers that others wrote: what it says is what their configuration makes true."""

from collections import Counter
from collections.abc import Iterable, Mapping

import pytest

from service.progress.events import CampaignPhase
from tests.peers.carrying import SHORTFALL, Carried
from tests.peers.labels import SPACE
from tests.peers.plan import Plan, draw_plan
from tests.peers.vhosts import STRANGER_STATUS, is_served

pytestmark = [pytest.mark.peers, pytest.mark.timeout(900)]

NAMES_MIN = 200_000
DIFFERENCES_SHOWN = 20


def nonzero(outcomes: Mapping[str, int]) -> dict[str, int]:
    return {outcome: count for outcome, count in outcomes.items() if count}


def counted(outcomes: Iterable[str]) -> dict[str, int]:
    return dict(Counter(outcomes))


def test_the_plan_is_the_same_for_the_same_seed(plan: Plan) -> None:
    assert draw_plan() == plan
    assert draw_plan(seed=2) != plan


def test_every_name_of_the_pattern_is_generated(plan: Plan, carried: Carried) -> None:
    run = carried.phases[CampaignPhase.DOMAIN_GENERATION]
    assert len(plan.fates) >= NAMES_MIN
    assert carried.fates.keys() == plan.fates.keys()
    assert nonzero(run.outcomes) == {"generated": len(plan.fates), "rejected": SPACE.size - len(plan.fates)}
    assert run.shortfall == SHORTFALL


def test_dns_outcomes_are_what_the_zones_say(plan: Plan, carried: Carried) -> None:
    run = carried.phases[CampaignPhase.DNS_VALIDATION]
    assert nonzero(run.outcomes) == counted(fate.dns for fate in plan.fates.values())
    assert run.total == len(plan.fates)


def test_http_outcomes_are_what_the_virtual_hosts_do(plan: Plan, carried: Carried) -> None:
    run = carried.phases[CampaignPhase.HTTP_VALIDATION]
    assert nonzero(run.outcomes) == counted(fate.http for fate in plan.fates.values() if fate.http)
    assert run.total == sum(fate.dns == "resolved" for fate in plan.fates.values())


def test_verdicts_follow_from_the_pages(plan: Plan, carried: Carried) -> None:
    run = carried.phases[CampaignPhase.ANALYSIS]
    assert nonzero(run.outcomes) == counted(fate.verdict for fate in plan.fates.values())
    assert run.total == len(plan.fates)


def test_each_name_has_its_own_fate(plan: Plan, carried: Carried) -> None:
    """Counts could be right by accident: names too are compared, with their aliases, pages and scores."""
    differences = [
        (name, carried.fates.get(name), fate) for name, fate in plan.fates.items() if carried.fates.get(name) != fate
    ]
    assert differences[:DIFFERENCES_SHOWN] == [], f"{len(differences)} names, found and expected"


def test_nobody_is_asked_who_should_not_be(plan: Plan, carried: Carried) -> None:
    """Every name that leads to an open door was asked for there, by its own name, and nothing else was."""
    served = {name for host in plan.hosts if is_served(host) for name in host.names}
    assert {request.host for request in carried.requests} == served
    assert not [request for request in carried.requests if request.status == STRANGER_STATUS]


def test_pages_travel_compressed_where_a_server_can(plan: Plan, carried: Carried) -> None:
    compressing = {name for host in plan.hosts if "gzip on" in host.site.directives for name in host.names}
    assert compressing
    encodings = {request.content_encoding for request in carried.requests if request.host in compressing}
    assert encodings == {"gzip"}
