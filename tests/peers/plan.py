"""A small internet drawn up from a seed: who has which name, and what must become of each name in every phase."""

import itertools
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import assert_never

import msgspec

from tests.peers import labels
from tests.peers.pages import render_page, score_page
from tests.peers.sites import ADDRESSES, GOAL_PAGE, LEADS, SITES, Doors, Goal, Pool, Site

SEED = 1987
WILD_ADDRESSES = ("127.77.2.201", "127.77.2.202")
LOBBY_ADDRESS = "127.77.2.203"
LOBBY = f"lobby.{labels.WILD_ALIAS_TLD}"
TEXT_ONLY = f"text-only.{labels.ORDINARY_TLDS[0]}"
INTERNAL = f"internal.{labels.ORDINARY_TLDS[0]}"
CROWD = 90  # addresses: too many for a datagram of 1,232 bytes

TLDS_OF_POOL = {
    Pool.ORDINARY: labels.ORDINARY_TLDS,
    Pool.WILD: (labels.WILD_TLD,),
    Pool.WILD_ALIAS: (labels.WILD_ALIAS_TLD,),
}


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a name, in the words of the contract.

    `http` is empty for names that did not resolve, `page_url` where there was no page; `score` is in thousandths.
    """

    dns: str
    verdict: str
    canonical_name: str = ""
    http: str = ""
    page_url: str = ""
    score: int = 0


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """One virtual host: a site with names, a place, and a page of its own."""

    label: str
    site: Site
    names: tuple[str, ...]
    address: str
    body: bytes
    goal: str = ""


class Plan(msgspec.Struct, frozen=True):
    """`records`: the lines of each TLD's zone. `fates`: one for each name that the campaign generates."""

    records: dict[str, tuple[str, ...]]
    hosts: tuple[Host, ...]
    fates: dict[str, Fate]


class Draft:
    """A plan in the making: which names are still free, and what was written down for the others."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        dice = random.Random(seed)
        self.free = {pool: free_names(pool, dice) for pool in Pool}
        self.records: defaultdict[str, list[str]] = defaultdict(list)
        self.fates: dict[str, Fate] = {}
        self.hosts: list[Host] = []

    def draw(self, count: int, pool: Pool = Pool.ORDINARY) -> tuple[str, ...]:
        return tuple(itertools.islice(self.free[pool], count))

    def write(self, name: str, *data: str) -> None:
        self.records[labels.parent_of(name)] += [f"{name}. {each}" for each in data]


def free_names(pool: Pool, dice: random.Random) -> Iterator[str]:
    names = [f"{label}.{tld}" for tld in TLDS_OF_POOL[pool] for label in labels.list_labels()]
    dice.shuffle(names)
    return iter(names)


def draw_plan(seed: int = SEED) -> Plan:
    """The same plan for the same seed."""
    draft = Draft(seed)
    write_landmarks(draft)
    for site in SITES:
        draw_hosts(draft, site)
    settle_hosts(draft)
    draw_addressless(draft)
    draw_oddities(draft)
    draw_echoes(draft)
    return Plan(
        records={tld: tuple(lines) for tld, lines in draft.records.items()},
        hosts=tuple(draft.hosts),
        fates={**dict(everyday_fates()), **draft.fates},
    )


def everyday_fates() -> Iterator[tuple[str, Fate]]:
    """What becomes of names that nobody has taken."""
    everyday = {
        **dict.fromkeys(labels.ORDINARY_TLDS, Fate(dns="absent", verdict="dns_negative")),
        labels.WILD_TLD: Fate(dns="wildcard", verdict="dns_negative"),
        labels.WILD_ALIAS_TLD: Fate(dns="wildcard", verdict="dns_negative", canonical_name=LOBBY),
        labels.UNLOADED_TLD: Fate(dns="servfail", verdict="dns_failed"),
        labels.UNSERVED_TLD: Fate(dns="refused", verdict="dns_failed"),
    }
    return ((f"{label}.{tld}", fate) for tld, fate in everyday.items() for label in labels.list_labels())


def write_landmarks(draft: Draft) -> None:
    """Names outside the campaign's pattern, to which others lead."""
    draft.write(f"*.{labels.WILD_TLD}", *(f"A {address}" for address in WILD_ADDRESSES))
    draft.write(f"*.{labels.WILD_ALIAS_TLD}", f"CNAME {LOBBY}.")
    draft.write(LOBBY, f"A {LOBBY_ADDRESS}")
    draft.write(TEXT_ONLY, 'TXT "no address"')
    draft.write(INTERNAL, "A 10.77.0.7")


def draw_hosts(draft: Draft, site: Site) -> None:
    addresses = itertools.cycle(ADDRESSES[site.doors])
    for number, address in zip(range(site.hosts), addresses, strict=False):
        label = f"{site.name}-{number}"
        host = Host(
            label=label,
            site=site,
            names=draft.draw(site.names, site.pool),
            address=address,
            body=b"" if site.page is None else render_page(site.page, random.Random(f"{draft.seed} {label}")),
        )
        draft.hosts.append(host)


def settle_hosts(draft: Draft) -> None:
    """Once all hosts stand: where they redirect to, how their names lead to them, and what becomes of these."""
    standing = {host.label: host for host in draft.hosts}
    for index, host in enumerate(draft.hosts):
        site = host.site
        number = int(host.label.removeprefix(f"{site.name}-"))
        neighbour = standing[f"{site.name}-{(number + 1) % site.hosts}"]
        lead = standing[f"{LEADS.name}-{index % LEADS.hosts}"]
        draft.hosts[index] = msgspec.structs.replace(host, goal=find_goal(draft, site.goal, lead, neighbour))
        settle_names(draft, draft.hosts[index], shown=lead if site.page_url == GOAL_PAGE else host)


def find_goal(draft: Draft, goal: Goal, lead: Host, neighbour: Host) -> str:
    match goal:
        case Goal.NOWHERE:
            return ""
        case Goal.LEAD:
            return lead.names[0]
        case Goal.NEIGHBOUR:
            return neighbour.names[0]
        case Goal.ABSENT:
            return draft.draw(1)[0]
        case Goal.REFUSED:
            return f"goal.{labels.UNSERVED_TLD}"
        case Goal.INTERNAL:
            return INTERNAL
        case _:
            assert_never(goal)


def settle_names(draft: Draft, host: Host, shown: Host) -> None:
    """Most names have an address of their own; some are aliases of the host, whose zone may be another.

    `shown` is the host whose page they show in the end.
    """
    front = f"{host.label}.{labels.ORDINARY_TLDS[len(host.label) % len(labels.ORDINARY_TLDS)]}"
    draft.write(front, f"A {host.address}")
    page = shown.site.page if host.site.page_url else None
    for number, name in enumerate(host.names):
        is_alias = number % 4 == 1
        if is_alias:
            draft.write(name, f"CNAME {front}.")
        elif number % 4 == 2:
            draft.write(name, f"A {host.address}", "AAAA 2001:db8::77")
        else:
            draft.write(name, f"A {host.address}")
        draft.fates[name] = Fate(
            dns="resolved",
            canonical_name=front if is_alias else "",
            http=host.site.http,
            page_url=fill(host.site.page_url or "", name, host.goal),
            verdict=host.site.verdict,
            score=0 if page is None else score_page(page, len(shown.body)),
        )


def fill(template: str, name: str, goal: str) -> str:
    return template.replace("{name}", name).replace("{goal}", goal)


def draw_addressless(draft: Draft) -> None:
    """Names that exist, and have no address."""
    no_data = Fate(dns="no_data", verdict="dns_negative")
    for pool, count in ((Pool.ORDINARY, 250), (Pool.WILD, 30), (Pool.WILD_ALIAS, 30)):
        for name in draft.draw(count, pool):
            draft.write(name, 'TXT "for sale"')
            draft.fates[name] = no_data
    for name in draft.draw(150):
        draft.write(name, "MX 10 mail.example.")
        draft.fates[name] = no_data
    for name in draft.draw(150):  # nothing is there itself, but something below
        draft.records[labels.parent_of(name)].append(f"inner.{name}. A 127.77.2.1")
        draft.fates[name] = no_data
    for target, count in ((TEXT_ONLY, 80), ("elsewhere.example", 80)):
        for name in draft.draw(count):
            draft.write(name, f"CNAME {target}.")
            draft.fates[name] = msgspec.structs.replace(no_data, canonical_name=target)


def draw_oddities(draft: Draft) -> None:
    """Aliases of nobody and of each other, and answers that fit no datagram."""
    for name in draft.draw(80):
        nobody = f"nobody.{labels.parent_of(name)}"
        draft.write(name, f"CNAME {nobody}.")
        draft.fates[name] = Fate(dns="absent", verdict="dns_negative", canonical_name=nobody)
    for name in draft.draw(30):
        draft.write(name, f"CNAME also-{name}.")
        draft.write(f"also-{name}", f"CNAME {name}.")
        draft.fates[name] = Fate(dns="malformed", verdict="dns_failed")
    for name in draft.draw(60):
        draft.write(name, "AAAA 2001:db8::77")
        draft.fates[name] = Fate(dns="resolved", http="blocked", verdict="http_negative")
    closed = ADDRESSES[Doors.CLOSED][0].rpartition(".")[0]
    for name in draft.draw(10):
        draft.write(name, *(f"A {closed}.{host}" for host in range(1, CROWD + 1)))
        draft.fates[name] = Fate(dns="resolved", http="connection_refused", verdict="http_failed")


def draw_echoes(draft: Draft) -> None:
    """Names that somebody made, but just as their parent's wildcard would have."""
    for name in draft.draw(20, Pool.WILD):
        draft.write(name, *(f"A {address}" for address in WILD_ADDRESSES))
        draft.fates[name] = Fate(dns="wildcard", verdict="dns_negative")
    for name in draft.draw(20, Pool.WILD_ALIAS):
        draft.write(name, f"A {LOBBY_ADDRESS}")
        draft.fates[name] = Fate(dns="wildcard", verdict="dns_negative")
