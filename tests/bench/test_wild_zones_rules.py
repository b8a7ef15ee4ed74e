"""What the benchmark takes for true of a name is what RFC 4592 makes of its zone's records."""

from collections import Counter

from loadtest.bench.wild_zones import LOBBY, Asked, WildZone, ZoneKind, draw_names, list_zones, made_in_each
from service.resolving.outcomes import DnsOutcome
from tests.resolving.zones import Records, Zones

ZONES = list_zones(12)
NAMES = 1_200


def internet(*, wild: bool) -> Zones:
    """The zones' lines, read as another server's script has them."""
    made: dict[str, Records] = {LOBBY: Records(("198.51.100.251",))}
    wildcards: dict[str, Records] = {}
    for zone in ZONES:
        for line in zone.list_records(made_in_each(NAMES, len(ZONES)), wild=wild):
            owner, kind, data = line.split()
            records = Records((), target=data.rstrip(".")) if kind == "CNAME" else Records((data,))
            if owner.startswith("*."):
                wildcards[owner.removeprefix("*.").rstrip(".")] = records
            else:
                made[owner.rstrip(".")] = records
    return Zones(made, wildcards)


def outcome_in(zones: Zones, asked: Asked) -> DnsOutcome:
    if asked.name in zones.made:
        return DnsOutcome.RESOLVED
    return DnsOutcome.ABSENT if zones.records_of(asked.name) is None else DnsOutcome.WILDCARD


def test_every_name_is_what_its_zone_makes_of_it() -> None:
    for wild in (True, False):
        zones = internet(wild=wild)
        names = draw_names(NAMES, ZONES, wild=wild)
        assert len({asked.name for asked in names}) == NAMES
        assert all(asked.name not in zones.nodes or asked.name in zones.made for asked in names)
        assert [asked.outcome for asked in names] == [outcome_in(zones, asked) for asked in names]


def test_without_wildcards_the_names_are_the_same() -> None:
    wild, plain = (draw_names(NAMES, ZONES, wild=wild) for wild in (True, False))
    assert [asked.name for asked in wild] == [asked.name for asked in plain]
    assert Counter(asked.outcome for asked in plain).keys() == {DnsOutcome.RESOLVED, DnsOutcome.ABSENT}
    assert min(Counter(asked.outcome for asked in wild).values()) > NAMES / 10


def test_every_kind_of_zone_is_there() -> None:
    assert Counter(zone.kind for zone in ZONES) == dict.fromkeys(ZoneKind, len(ZONES) // len(ZoneKind))
    assert WildZone(2).kind is ZoneKind.DEEPER
    assert WildZone(2).place == "apps.zone2.market"
