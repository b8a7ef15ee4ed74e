"""Personas, patterns and keywords: what is carried, and that the rest is told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.campaigns.configuration import check_configuration
from service.campaigns.model import (
    Advance,
    Analysis,
    DomainGeneration,
    Header,
    Keyword,
    KeywordKind,
    Network,
    Pattern,
    RecordType,
)
from service.migration.configuration import CarriedConfiguration, OldConfiguration, OldKeyword, carry_configuration
from service.scoring.weights import Weights

PATTERN = {
    "patternType": "both_variable",
    "prefixVariableLength": 2,
    "suffixVariableLength": 3,
    "characterSet": "abc",
    "constantString": "Shop",
    "tlds": [".com"],
    "numDomainsToGenerate": 500,
    "batchSize": 1000,
}
DNS_PERSONA = {
    "resolvers": ["1.1.1.1:53", "https://dns.google/resolve", "8.8.8.8", "1.1.1.1"],
    "queryTimeoutSeconds": 3,
    "rateLimitDps": 20,
    "maxConcurrentGoroutines": 50,
    "resolverStrategy": "random_rotation",
}
HTTP_PERSONA = {
    "userAgent": "Mozilla/5.0",
    "headers": {"Accept-Language": "de", "X-Team": "a", "Host": "evil", "accept": "*/*"},
    "requestTimeoutSeconds": 7,
    "followRedirects": False,
    "tlsClientHello": {"minVersion": "TLS12"},
}


def carry(network: Network = Network.INTERNET, **parts: Any) -> CarriedConfiguration:
    return carry_configuration(OldConfiguration(**parts), network)


def test_nothing_gives_the_defaults() -> None:
    assert carry().told == ()


def test_a_pattern_is_carried() -> None:
    carried = carry(pattern=(PATTERN,))
    assert carried.configuration.domain_generation == DomainGeneration(
        Pattern.BOTH, "Shop", "abc", 2, (".com",), 500, second_variable_length=3
    )
    assert carried.told == ()


@pytest.mark.parametrize(
    ("kind", "length"), [("prefix", 2), ("prefix_variable", 2), ("suffix", 3), ("SUFFIX_VARIABLE", 3)]
)
def test_the_length_of_the_side_that_varies_is_taken(kind: str, length: int) -> None:
    generation = carry(pattern=({**PATTERN, "patternType": kind},)).configuration.domain_generation
    assert generation is not None
    assert (generation.variable_length, generation.second_variable_length) == (length, None)


def test_of_many_tlds_the_one_that_was_used_is_carried() -> None:
    carried = carry(pattern=({**PATTERN, "tlds": [".net", ".com"]},))
    assert carried.configuration.domain_generation is not None
    assert carried.configuration.domain_generation.tlds == (".net",)
    assert carried.told == ("pattern: only .net of 2 TLDs was ever used, and is carried",)


@pytest.mark.parametrize(
    "wrong", [{"characterSet": "äöü"}, {"patternType": "spiral"}, {"tlds": []}, {"prefixVariableLength": 70}]
)
def test_a_pattern_that_makes_no_names_is_told(wrong: dict[str, Any]) -> None:
    carried = carry(pattern=({**PATTERN, **wrong},))
    assert carried.configuration.domain_generation is None
    assert carried.told[-1].startswith("pattern: it cannot be used here: ")


def test_a_dns_persona_is_carried() -> None:
    carried = carry(dns=(DNS_PERSONA, {"maxRetries": 2, "validation_types": ["A", "AAAA", "MX"], "timeout": None}))
    part = carried.configuration.dns_validation
    assert part.resolvers == ("1.1.1.1:53", "8.8.8.8")
    assert (part.timeout_seconds, part.attempts, part.queries_per_second, part.in_flight_max) == (3, 3, 20, 50)
    assert part.record_types == (RecordType.A, RecordType.AAAA)
    assert carried.told == (
        "dns: the resolver https://dns.google/resolve has no place here: it is not an IP address",
        "dns: resolverStrategy has no place here",
    )


def test_the_phase_goes_before_its_persona() -> None:
    assert carry(dns=(DNS_PERSONA, {"query_timeout_seconds": 9})).configuration.dns_validation.timeout_seconds == 9


def test_in_the_sandbox_nobody_outside_is_asked() -> None:
    carried = carry(Network.SANDBOX, dns=(DNS_PERSONA,))
    assert carried.configuration.dns_validation.resolvers == ()


def test_an_http_persona_is_carried() -> None:
    carried = carry(http=(HTTP_PERSONA,))
    part = carried.configuration.http_validation
    assert (part.user_agent, part.timeout_seconds, part.redirects_max) == ("Mozilla/5.0", 7, 0)
    assert (part.accept, part.accept_language, part.headers) == ("*/*", "de", (Header("X-Team", "a"),))
    assert carried.told == (
        "http: the header Host has no place here: The header Host cannot be set here.",
        "http: tlsClientHello has no place here",
    )


def test_keywords_are_carried_once() -> None:
    rules = (
        OldKeyword("pricing"),
        OldKeyword(r"buy\s+now", is_regex=True, is_case_sensitive=True, category="shop"),
        OldKeyword("(", is_regex=True),
        OldKeyword("pricing"),
    )
    carried = carry(keywords=rules, http=({"adHocKeywords": ["Sale", ""]},))
    assert carried.configuration.http_validation.keywords == (
        Keyword("pricing"),
        Keyword(r"buy\s+now", KeywordKind.REGEX, case_sensitive=True, category="shop"),
        Keyword("Sale"),
    )
    assert len(carried.told) == 2


def test_more_keywords_than_there_are_bits_are_told() -> None:
    carried = carry(keywords=tuple(OldKeyword(f"word{number}") for number in range(70)))
    assert len(carried.configuration.http_validation.keywords) == 63
    assert len(carried.told) == 7


def test_values_that_make_no_sense_are_told_and_left() -> None:
    carried = carry(dns=({"queryTimeoutSeconds": "soon", "maxRetries": 400},), is_automatic=True)
    assert carried.configuration.dns_validation.attempts == 3
    assert carried.configuration.advance is Advance.AUTOMATIC
    assert len(carried.told) == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3),
    max_leaves=6,
)


def settings_of(*examples: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from([name for example in examples for name in example])
    return st.dictionaries(names, JSON | st.sampled_from([value for each in examples for value in each.values()]))


@given(settings_of(PATTERN), settings_of(DNS_PERSONA, {"maxRetries": 2}), settings_of(HTTP_PERSONA))
def test_whatever_is_set_a_campaign_can_have_it(
    pattern: dict[str, Any], dns: dict[str, Any], http: dict[str, Any]
) -> None:
    check_configuration(carry(pattern=(pattern,), dns=(dns,), http=(http,)).configuration)


def test_ids_of_keyword_sets_are_no_keywords() -> None:
    carried = carry(http=({"keywords": ["5f2b7c1e-0000-4000-8000-000000000001", "pricing"]},))
    assert [each.text for each in carried.configuration.http_validation.keywords] == ["pricing"]


def test_weights_that_come_to_nothing_are_told() -> None:
    carried = carry(weights={"weights": dict.fromkeys(Weights().__struct_fields__, 0.0)})
    assert carried.configuration.analysis == Analysis()
    assert carried.told[-1].startswith("analysis: the weights keep their defaults: ")
