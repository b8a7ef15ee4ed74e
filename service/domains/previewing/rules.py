"""How sizes, times and warnings are reckoned. Pure but for the list of public suffixes, which is read once."""

import functools
import ipaddress
import itertools
from collections.abc import Iterator, Sequence
from typing import assert_never

from publicsuffixlist import PublicSuffixList

from service.campaigns.model import Configuration, DnsValidation, Network, Observation
from service.domains.previewing.model import Inputs, PhaseEstimate
from service.generating.names import BLOCK_ROWS_MAX, render_names, valid_names
from service.generating.pattern import Pattern
from service.generating.ranges import FreeSpace
from service.progress.events import CampaignPhase
from service.resolving.model import parse_resolver

SAMPLES_MAX = 20
SAMPLED_OFFSETS_MAX = 2_000  # looked at for samples under one TLD; a stretch of invalid names gives none

# Names a second on one ordinary machine, where the tenant has no finished run to measure.
RATES_DEFAULT = {
    CampaignPhase.DOMAIN_GENERATION: 200_000.0,
    CampaignPhase.DNS_VALIDATION: 5_000.0,
    CampaignPhase.HTTP_VALIDATION: 300.0,
    CampaignPhase.ANALYSIS: 100_000.0,
}

# Bytes in the database for each name, its primary key's index included (measured on 16 million rows).
BYTES_PER_NAME = {
    CampaignPhase.DOMAIN_GENERATION: 78,
    CampaignPhase.DNS_VALIDATION: 74,
    CampaignPhase.HTTP_VALIDATION: 26,
    CampaignPhase.ANALYSIS: 67,
}

PUBLIC_RESOLVERS = frozenset(
    map(
        ipaddress.ip_address,
        (
            "8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844",
            "1.1.1.1", "1.0.0.1", "2606:4700:4700::1111", "2606:4700:4700::1001",
            "9.9.9.9", "149.112.112.112", "2620:fe::fe", "2620:fe::9",
            "208.67.222.222", "208.67.220.220",
        ),
    )
)  # fmt: skip
PUBLIC_RESOLVER_QUERIES_PER_SECOND = 1_500.0  # for one client, before answers are withheld


def sample_names(pattern: Pattern, spaces: Sequence[FreeSpace]) -> tuple[str, ...]:
    """The next valid names, in turn from each TLD."""
    found = [next_names(pattern, space) for space in spaces if space.size]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*found))
    return tuple(name for name in turns if name is not None)[:SAMPLES_MAX]


def next_names(pattern: Pattern, space: FreeSpace) -> list[str]:
    count = min(space.size, SAMPLED_OFFSETS_MAX, BLOCK_ROWS_MAX)
    return valid_names(render_names(pattern, space.tld, space.first_offset, count))[:SAMPLES_MAX]


def pattern_warnings(spaces: Sequence[FreeSpace], shortfall: int) -> Iterator[Observation]:
    for space in spaces:
        if not is_public_suffix(space.tld):
            yield Observation("tld_unknown", f".{space.tld} is not in the public suffix list: is it a TLD?")
    if shortfall:
        yield Observation("space_exhausted", f"The space ends {shortfall} names before the count that is asked for.")


def is_public_suffix(tld: str) -> bool:
    """Whether names are registered under it: it stands in the list, or all that is right below it does (`*.ck`)."""
    suffixes = public_suffixes()
    return any(suffixes.publicsuffix(suffix) == suffix for suffix in (tld, f"any.{tld}"))


@functools.cache
def public_suffixes() -> PublicSuffixList:
    """Reading the list takes a tenth of a second."""
    return PublicSuffixList(accept_unknown=False)


def count_input(configuration: Configuration, phase: CampaignPhase, inputs: Inputs) -> tuple[int, bool]:
    """How many names a phase would work on, and whether that is known or the most that it can be."""
    generation = configuration.domain_generation
    asked = generation.count if generation else 0
    match phase:
        case CampaignPhase.DOMAIN_GENERATION:
            return asked, True
        case CampaignPhase.HTTP_VALIDATION if inputs.resolved is not None:
            return inputs.resolved, True
        case CampaignPhase.DNS_VALIDATION | CampaignPhase.ANALYSIS | CampaignPhase.HTTP_VALIDATION:
            known = inputs.names is not None and phase is not CampaignPhase.HTTP_VALIDATION
            return (asked if inputs.names is None else inputs.names), known
        case _:
            assert_never(phase)


def estimate(
    configuration: Configuration,
    phase: CampaignPhase,
    inputs: Inputs,
    *,
    initial: CampaignPhase,
    measured_rate: float | None,
    live_workers: int,
) -> PhaseEstimate:
    names, known = count_input(configuration, phase, inputs)
    rate = min(measured_rate or RATES_DEFAULT[phase], rate_cap(configuration, phase))
    ports = configuration.http_validation.ports
    schemes = [ports.https, ports.http]
    return PhaseEstimate(
        phase=phase,
        names=names,
        names_known=known,
        dns_queries=names * queries_per_name(configuration) if resolves(phase, initial) else 0,
        http_requests=names * (2 - schemes.count(None)) if phase is CampaignPhase.HTTP_VALIDATION else 0,
        names_per_second=round(rate, 1),
        rate_measured=measured_rate is not None,
        minutes=round(names / rate / 60, 2),
        bytes=names * BYTES_PER_NAME[phase],
        warnings=tuple(phase_warnings(configuration, phase, live_workers)),
    )


def resolves(phase: CampaignPhase, initial: CampaignPhase) -> bool:
    """The DNS phase asks for addresses; so does HTTP where it is the first phase."""
    return phase is CampaignPhase.DNS_VALIDATION or phase is initial is CampaignPhase.HTTP_VALIDATION


def queries_per_name(configuration: Configuration) -> int:
    return len(set(configuration.dns_validation.record_types))


def rate_cap(configuration: Configuration, phase: CampaignPhase) -> float:
    """Names a second that the campaign's own caps and the public resolvers' allow."""
    dns = configuration.dns_validation
    if phase is not CampaignPhase.DNS_VALIDATION:
        return float("inf")
    caps = [dns.queries_per_second or float("inf")]
    if dns.resolvers:
        each = dns.queries_per_second_per_resolver or float("inf")
        public = set(public_resolvers(dns))
        caps.append(
            sum(min(each, PUBLIC_RESOLVER_QUERIES_PER_SECOND) if text in public else each for text in dns.resolvers)
        )
    return min(caps) / queries_per_name(configuration)


def public_resolvers(validation: DnsValidation) -> list[str]:
    return [
        text for text in validation.resolvers if ipaddress.ip_address(parse_resolver(text).host) in PUBLIC_RESOLVERS
    ]


def phase_warnings(configuration: Configuration, phase: CampaignPhase, live_workers: int) -> Iterator[Observation]:
    if live_workers == 0:
        yield Observation("no_worker", "No worker is alive; start one with `phaseline work`.")
    if phase is CampaignPhase.DNS_VALIDATION:
        yield from resolver_warnings(configuration)
    needs_keywords = phase in {CampaignPhase.HTTP_VALIDATION, CampaignPhase.ANALYSIS}
    if needs_keywords and not configuration.http_validation.keywords:
        yield Observation("keywords_missing", "No keywords are set; leads are found by their keywords.")


def resolver_warnings(configuration: Configuration) -> Iterator[Observation]:
    validation = configuration.dns_validation
    if configuration.network is Network.INTERNET and not validation.resolvers:
        yield Observation("resolvers_missing", "No resolvers are set; the phase cannot start without.")
    for text in public_resolvers(validation):
        yield Observation(
            "resolver_public",
            f"{text} is a public resolver, which answers one client about "
            f"{PUBLIC_RESOLVER_QUERIES_PER_SECOND:.0f} queries a second.",
        )
