"""What a configuration means, checked beyond its types. Pure; errors point at the field."""

import ipaddress
from typing import assert_never

import msgspec
from msgspec import UNSET, UnsetType

from service.campaigns.model import (
    Analysis,
    Configuration,
    ConfigurationUpdate,
    DnsValidation,
    DomainGeneration,
    HttpValidation,
    Keyword,
    Network,
    PhaseConfiguration,
    Politeness,
)
from service.errors import Conflict, Invalid
from service.fetching.guard import SANDBOX_NETWORK, NetworkRules
from service.fetching.keywords import KeywordKind as RuleKind
from service.fetching.keywords import KeywordRule, compile_keywords
from service.fetching.persona import RESERVED_HEADERS, Proxy, check_headers, parse_proxies
from service.generating import pattern as patterns
from service.progress.events import CampaignPhase
from service.resolving.model import ResolverAddress, parse_resolver
from service.scoring.weights import share_weights

SANDBOX_RANGE = ipaddress.ip_network(SANDBOX_NETWORK)
NO_LIMIT = Politeness(connections_per_address=None, requests_per_second_per_address=None)


def check_configuration(configuration: Configuration) -> None:
    """Refuse what no phase could work with (`Invalid`, with a pointer from the request's root)."""
    if configuration.domain_generation is not None:
        checked_pattern(configuration.domain_generation)
    resolver_addresses(configuration.dns_validation, configuration.network)
    keyword_rules(configuration.http_validation)
    headers_of(configuration.http_validation)
    proxies_of(configuration.http_validation, configuration.network)
    check_weights(configuration.analysis)
    if configuration.http_validation.ports.https is None and configuration.http_validation.ports.http is None:
        raise Invalid(
            "ports_missing",
            "At least one of https and http must be asked.",
            pointer="/configuration/httpValidation/ports",
        )


def changed_configuration(configuration: Configuration, update: ConfigurationUpdate | UnsetType) -> Configuration:
    """Each part that the update gives in place of the part that is there."""
    if update is UNSET:
        return configuration
    parts = {field: getattr(update, field) for field in update.__struct_fields__}
    given = {field: part for field, part in parts.items() if part is not UNSET}
    return msgspec.structs.replace(configuration, **given)


def list_changes(before: Configuration, after: Configuration) -> list[str]:
    """The parts that differ, by their names; that of a phase is the phase's."""
    return [field for field in after.__struct_fields__ if getattr(before, field) != getattr(after, field)]


def checked_pattern(generation: DomainGeneration) -> tuple[patterns.Pattern, tuple[str, ...]]:
    """The pattern in its canonical form and its TLDs."""
    try:
        pattern = patterns.parse_pattern(
            patterns.PatternKind(generation.pattern),
            generation.constant,
            generation.character_set,
            generation.variable_length,
            generation.second_variable_length,
        )
        return pattern, patterns.parse_tlds(generation.tlds)
    except Invalid as error:
        raise below(error, "/configuration/domainGeneration") from None


def resolver_addresses(validation: DnsValidation, network: Network) -> tuple[ResolverAddress, ...]:
    """The resolvers' addresses; the sandbox's campaigns may name only its own."""
    addresses = tuple(
        resolver_address(text, network, f"/configuration/dnsValidation/resolvers/{index}")
        for index, text in enumerate(validation.resolvers)
    )
    if len(set(addresses)) < len(addresses):
        raise Invalid(
            "resolver_repeated",
            "A resolver stands twice in the list.",
            pointer="/configuration/dnsValidation/resolvers",
        )
    return addresses


def resolver_address(text: str, network: Network, pointer: str) -> ResolverAddress:
    try:
        address = parse_resolver(text)
    except Invalid as error:
        raise Invalid(error.code, error.message, pointer=pointer) from None
    if network is Network.SANDBOX and ipaddress.ip_address(address.host) not in SANDBOX_RANGE:
        raise Invalid(
            "resolver_outside_sandbox",
            f"A campaign in the sandbox asks only resolvers in {SANDBOX_NETWORK}.",
            pointer=pointer,
        )
    return address


def keyword_rules(validation: HttpValidation) -> tuple[KeywordRule, ...]:
    """The keywords as the scanner takes them; a pattern that does not compile is refused."""
    rules = tuple(keyword_rule(keyword) for keyword in validation.keywords)
    try:
        compile_keywords(rules)
    except Invalid as error:
        raise below(error, "/configuration/httpValidation") from None
    return rules


def keyword_rule(keyword: Keyword) -> KeywordRule:
    return KeywordRule(
        text=keyword.text,
        kind=RuleKind(keyword.kind),
        case_sensitive=keyword.case_sensitive,
        category=keyword.category,
    )


def headers_of(validation: HttpValidation) -> tuple[tuple[str, str], ...]:
    """All headers but the user agent; one that has a field of its own, or is no campaign's business, is refused."""
    given = tuple((header.name, header.value) for header in validation.headers)
    own = {"accept": validation.accept, "accept-language": validation.accept_language}
    check_headers(given, pointer="/configuration/httpValidation/headers", reserved=RESERVED_HEADERS | own.keys())
    return (*((name, value) for name, value in own.items() if value is not None), *given)


def proxies_of(validation: HttpValidation, network: Network) -> tuple[Proxy, ...]:
    """The proxies; none may be where the campaign's own requests may not go."""
    return parse_proxies(validation.proxies, network_rules(network), pointer="/configuration/httpValidation/proxies")


def network_rules(network: Network) -> NetworkRules:
    """Where requests may go."""
    return NetworkRules.sandbox() if network is Network.SANDBOX else NetworkRules.internet()


def politeness_of(validation: HttpValidation, network: Network) -> Politeness:
    """What one address is asked at most: as configured, or as is usual in that network."""
    if validation.politeness is not None:
        return validation.politeness
    return NO_LIMIT if network is Network.SANDBOX else Politeness()


def check_weights(analysis: Analysis) -> None:
    try:
        share_weights(analysis.weights)
    except Invalid as error:
        raise below(error, "/configuration/analysis") from None


def phase_configuration(configuration: Configuration, phase: CampaignPhase) -> PhaseConfiguration:
    """The part that a run of this phase is given; Conflict where it is missing."""
    match phase:
        case CampaignPhase.DOMAIN_GENERATION:
            if configuration.domain_generation is None:
                raise Conflict("phase_not_configured", "Set configuration.domainGeneration first: which names to make.")
            return configuration.domain_generation
        case CampaignPhase.DNS_VALIDATION:
            if configuration.network is Network.INTERNET and not configuration.dns_validation.resolvers:
                raise Conflict(
                    "phase_not_configured",
                    "Set configuration.dnsValidation.resolvers first: whom to ask for addresses.",
                )
            return configuration.dns_validation
        case CampaignPhase.HTTP_VALIDATION:
            return configuration.http_validation
        case CampaignPhase.ANALYSIS:
            return configuration.analysis
        case _:
            assert_never(phase)


def below(error: Invalid, root: str) -> Invalid:
    return Invalid(error.code, error.message, pointer=root + (error.pointer or ""))
