"""The old system's pattern, personas, phase settings and keywords, as a campaign's configuration. Pure.

Whatever our own checks refuse is left at its default and told, so that the configuration is one that a person could
have sent. DNS over HTTPS, headless browsers, TLS fingerprints, proxies with passwords and pools have no place here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import msgspec

from service.campaigns.configuration import (
    check_configuration,
    checked_pattern,
    headers_of,
    keyword_rule,
    resolver_addresses,
)
from service.campaigns.model import (
    DOMAINS_MAX,
    KEYWORDS_MAX,
    Advance,
    Analysis,
    Configuration,
    DnsValidation,
    DomainGeneration,
    Header,
    HttpValidation,
    Keyword,
    KeywordKind,
    Network,
    Pattern,
    Ports,
    RecordType,
)
from service.errors import Invalid
from service.fetching.keywords import compile_keywords
from service.migration.aliases import fold
from service.migration.settings import OldSettings, Values
from service.resolving.model import parse_resolver
from service.scoring.weights import Weights, share_weights

T = TypeVar("T", bound=msgspec.Struct)

PATTERN_WORDS = {
    "prefix": Pattern.PREFIX,
    "prefixvariable": Pattern.PREFIX,
    "suffix": Pattern.SUFFIX,
    "suffixvariable": Pattern.SUFFIX,
    "both": Pattern.BOTH,
    "bothvariable": Pattern.BOTH,
}
OWN_HEADERS = {"accept": "accept", "acceptlanguage": "acceptLanguage", "useragent": "userAgent"}
NO_REDIRECTS = 0
SECONDS_PER_MINUTE = 60
TLS_PORT_END = "443"


class OldKeyword(msgspec.Struct, frozen=True):
    """A rule of a keyword set, or a keyword that a phase was given by itself."""

    pattern: str
    is_regex: bool = False
    is_case_sensitive: bool = False
    category: str | None = None


class OldConfiguration(msgspec.Struct, frozen=True):
    """What the old system keeps of a campaign's settings: JSON objects, a persona's before its phase's."""

    pattern: tuple[Values | None, ...] = ()
    dns: tuple[Values | None, ...] = ()
    http: tuple[Values | None, ...] = ()
    keywords: tuple[OldKeyword, ...] = ()
    weights: Values | None = None
    is_automatic: bool = False


class CarriedConfiguration(msgspec.Struct, frozen=True):
    """A configuration that `check_configuration` takes; `told`: what of the old one is not in it."""

    configuration: Configuration
    told: tuple[str, ...]


def carry_configuration(old: OldConfiguration, network: Network) -> CarriedConfiguration:
    told: list[str] = []
    carried = Configuration(
        advance=Advance.AUTOMATIC if old.is_automatic else Advance.MANUAL,
        network=network,
        domain_generation=carry_pattern(OldSettings("pattern", *old.pattern), told),
        dns_validation=carry_dns(OldSettings("dns", *old.dns), network, told),
        http_validation=carry_http(OldSettings("http", *old.http), old.keywords, told),
        analysis=carry_weights(old.weights, told),
    )
    check_configuration(carried)
    return CarriedConfiguration(carried, tuple(told))


def carry_pattern(old: OldSettings, told: list[str]) -> DomainGeneration | None:
    """None where there is no pattern, or none that spans a space of host names."""
    kind = PATTERN_WORDS.get(fold(old.take(str, "patternType")))
    constant = old.take(str, "constantString", "constant")
    characters = old.take(str, "characterSet")
    first, second = carry_lengths(old, kind)
    tlds = old.take(tuple[str, ...], "tlds") or ()
    tld = old.take(str, "tld") or next(iter(tlds), None)
    count = old.take(int, "numDomainsToGenerate", "maxDomains", "count")
    old.pass_over("campaignId", "batchSize", "offsetStart", "totalPossibleCombinations", "currentOffset")
    told.extend(old.list_told())
    if kind is None and characters is None:
        return None
    if len(tlds) > 1:
        told.append(f"pattern: only {tld} of {len(tlds)} TLDs was ever used, and is carried")
    try:
        generation = msgspec.convert(
            {
                "pattern": kind,
                "constant": constant or "",
                "characterSet": characters,
                "variableLength": first,
                "secondVariableLength": second,
                "tlds": (tld,),
                "count": min(max(count or 1, 1), DOMAINS_MAX),
            },
            DomainGeneration,
        )
        checked_pattern(generation)
    except (msgspec.ValidationError, Invalid) as error:
        told.append(f"pattern: it cannot be used here: {error}")
        return None
    return generation


def carry_lengths(old: OldSettings, kind: Pattern | None) -> tuple[int | None, int | None]:
    """Variable characters on the pattern's one side, or before and after the constant."""
    either = old.take(int, "variableLength")
    before, after = old.take(int, "prefixVariableLength"), old.take(int, "suffixVariableLength")
    match kind:
        case Pattern.BOTH:
            return before or either, after or either
        case Pattern.SUFFIX:
            return after or either, None
        case _:
            return before or either, None


def carry_dns(old: OldSettings, network: Network, told: list[str]) -> DnsValidation:
    types = old.take(tuple[str, ...], "validationTypes", "recordTypes") or ()
    known = tuple(kind for kind in RecordType if str(kind) in {each.upper() for each in types})
    retries = old.take(int, "maxRetries", "retries", "retryAttempts")
    fields = {
        "resolvers": carry_resolvers(old, network, told),
        "recordTypes": known or None,
        "timeoutSeconds": old.take(float, "queryTimeoutSeconds", "timeout"),
        "attempts": None if retries is None else retries + 1,
        "queriesPerSecond": per_second(old) or old.take(float, "rateLimitDps") or None,
        "inFlightMax": old.take(int, "maxConcurrentGoroutines"),
    }
    old.pass_over("campaignId", "sourceGenerationCampaignId", "personaIds", "name", "batchSize")
    return fitting(DnsValidation, fields, lambda part: resolver_addresses(part, network), old, told)


def per_second(old: OldSettings) -> float | None:
    """A phase's own speed goes before its persona's."""
    speed = old.take(float, "processingSpeedPerMinute")
    return speed / SECONDS_PER_MINUTE if speed else None


def carry_resolvers(old: OldSettings, network: Network, told: list[str]) -> tuple[str, ...]:
    """Those that have an address, each once; the sandbox has its own."""
    if network is Network.SANDBOX:
        old.pass_over("resolvers")
        return ()
    found: dict[object, str] = {}
    for text in old.take(tuple[str, ...], "resolvers") or ():
        try:
            found.setdefault(parse_resolver(text), text)
        except Invalid:
            told.append(f"dns: the resolver {text} has no place here: it is not an IP address")
    return tuple(found.values())


def carry_http(old: OldSettings, keywords: Iterable[OldKeyword], told: list[str]) -> HttpValidation:
    headers = carry_headers(old.take(dict[str, str], "headers") or {}, told)
    follows = old.take(bool, "followRedirects")
    fields = {
        **headers,
        "keywords": carry_keywords((*keywords, *ad_hoc(old)), told),
        "ports": carry_ports(old.take(tuple[int, ...], "targetHttpPorts") or (), told),
        "timeoutSeconds": old.take(float, "requestTimeoutSeconds", "timeout"),
        "redirectsMax": NO_REDIRECTS if follows is False else None,
        "userAgent": old.take(str, "userAgent") or headers.get("userAgent"),
        "concurrency": old.take(int, "concurrency", "maxConcurrent"),
    }
    old.pass_over("campaignId", "sourceCampaignId", "sourceType", "personaIds", "keywordSetIds", "name", "batchSize")
    return fitting(HttpValidation, fields, headers_of, old, told)


def carry_ports(old: Sequence[int], told: list[str]) -> Ports | None:
    """One of each scheme, the first; None where nothing was said."""
    if not old:
        return None
    https = next((port for port in old if str(port).endswith(TLS_PORT_END)), None)
    http = next((port for port in old if not str(port).endswith(TLS_PORT_END)), None)
    told.extend(f"http: port {port} is one more than is asked" for port in old if port not in {https, http})
    return Ports(https, http)


def ad_hoc(old: OldSettings) -> Iterable[OldKeyword]:
    """Keywords that the phase was given beside its sets, without regard to case."""
    texts = (*(old.take(tuple[str, ...], "adHocKeywords") or ()), *(old.take(tuple[str, ...], "keywords") or ()))
    return (OldKeyword(text) for text in texts if not is_uuid(text))  # that is a set's


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def carry_weights(old: Values | None, told: list[str]) -> Analysis:
    """The scoring profile's, by the names that both systems have for the components of a score."""
    settings = OldSettings("analysis", old, part_of(old, "weights"))
    weights = {field: settings.take(float, field) for field in Weights.__struct_fields__}
    settings.pass_over("id", "name", "description", "version", "createdAt", "updatedAt", "weights")
    told.extend(settings.list_told())
    given = Weights(**{field: weight for field, weight in weights.items() if weight is not None and 0 <= weight <= 1})
    try:
        share_weights(given)
    except Invalid as error:
        told.append(f"analysis: the weights keep their defaults: {error}")
        return Analysis()
    return Analysis(given)


def part_of(values: Values | None, name: str) -> Values | None:
    """An object within another one, if there is one of that name."""
    found = (values or {}).get(name)
    return found if isinstance(found, dict) else None


def carry_headers(old: Mapping[str, str], told: list[str]) -> dict[str, object]:
    """Headers that have a field of their own by that, the others as a list, without what must not be sent."""
    own: dict[str, object] = {}
    others: list[Header] = []
    for name, value in old.items():
        field = OWN_HEADERS.get(fold(name))
        if field is not None:
            own[field] = value
            continue
        try:
            headers_of(HttpValidation(headers=(*others, Header(name, value))))
        except Invalid as error:
            told.append(f"http: the header {name} has no place here: {error}")
        else:
            others.append(Header(name, value))
    return {**own, "headers": tuple(others)}


def carry_keywords(old: Iterable[OldKeyword], told: list[str]) -> tuple[Keyword, ...]:
    """Each once, as many as have a bit, without those that do not compile."""
    found: dict[Keyword, None] = {}
    for each in old:
        kind = KeywordKind.REGEX if each.is_regex else KeywordKind.LITERAL
        keyword = Keyword(each.pattern.strip(), kind, each.is_case_sensitive, each.category or None)
        problem = problem_of(keyword)
        if problem:
            told.append(f"http: the keyword {each.pattern!r} has no place here: {problem}")
        elif len(found) == KEYWORDS_MAX and keyword not in found:
            told.append(f"http: the keyword {each.pattern!r} is one more than the {KEYWORDS_MAX} that a campaign has")
        else:
            found[keyword] = None
    return tuple(found)


def problem_of(keyword: Keyword) -> str | None:
    try:
        msgspec.convert(msgspec.to_builtins(keyword), Keyword)
        compile_keywords((keyword_rule(keyword),))
    except (msgspec.ValidationError, Invalid) as error:
        return str(error)
    return None


def fitting(
    kind: type[T], fields: Mapping[str, object], check: Callable[[T], object], old: OldSettings, told: list[str]
) -> T:
    """A part of the configuration: each field that fits beside those before it; the others keep their defaults."""
    told.extend(old.list_told())
    part = msgspec.convert({}, kind)
    taken: dict[str, object] = {}
    for name, value in fields.items():
        if value is None:
            continue
        try:
            fits = msgspec.convert({**taken, name: msgspec.to_builtins(value)}, kind)
            check(fits)
        except (msgspec.ValidationError, Invalid) as error:
            told.append(f"{old.part}: {name} keeps its default: {error}")
            continue
        part, taken = fits, {**taken, name: msgspec.to_builtins(value)}
    return part
