import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domains.importing.model import Note, RejectReason
from service.domains.importing.normalise import Name, Unusable, is_plain, normalise

HOST_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
AROUND = [Note.SCHEME_STRIPPED, Note.PATH_STRIPPED, Note.USERINFO_STRIPPED, Note.PORT_STRIPPED]
LABEL = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True).filter(lambda label: "--" not in label)
HOST = st.builds(
    lambda labels, tld: ".".join([*labels, tld]),
    st.lists(LABEL, min_size=1, max_size=4),
    st.sampled_from(["com", "co", "xn--p1ai"]),
)


@pytest.mark.parametrize(
    ("text", "name", "notes"),
    [
        ("example.com", "example.com", []),
        (" EXAMPLE.Com ", "example.com", [Note.CASE_FOLDED]),
        ("example.com.", "example.com", [Note.TRAILING_DOT_STRIPPED]),
        ("//example.com", "example.com", [Note.SCHEME_STRIPPED]),
        ("https://u:p@example.com:8443/a?b#c", "example.com", AROUND),
        ("example.com?u=a@b", "example.com", [Note.PATH_STRIPPED]),
        ("example.com:", "example.com", [Note.PORT_STRIPPED]),
        ("Bücher.example", "xn--bcher-kva.example", [Note.CONVERTED_TO_ASCII]),
        ("straße.de", "xn--strae-oqa.de", [Note.CONVERTED_TO_ASCII]),  # not strasse: non-transitional
        ("ｅｘａｍｐｌｅ。com", "example.com", [Note.CONVERTED_TO_ASCII]),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai", [Note.CONVERTED_TO_ASCII]),
        ("xn--bcher-kva.de", "xn--bcher-kva.de", []),
        ("a" * 63 + ".com", "a" * 63 + ".com", []),
    ],
)  # fmt: skip
def test_names(text: str, name: str, notes: list[Note]) -> None:
    found = normalise(text)
    assert isinstance(found, Name)
    assert (found.name, sorted(found.notes)) == (name, sorted(notes))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("localhost", RejectReason.NO_DOT),
        ("http://", RejectReason.NO_HOST),
        (":80", RejectReason.NO_HOST),
        ("a..com", RejectReason.EMPTY_LABEL),
        (".com", RejectReason.EMPTY_LABEL),
        ("example.com..", RejectReason.EMPTY_LABEL),
        ("a b.com", RejectReason.WHITESPACE),
        ("a\x00.com", RejectReason.CONTROL_CHARACTER),
        ("192.0.2.1", RejectReason.IP_ADDRESS),
        ("http://192.0.2.1/", RejectReason.IP_ADDRESS),
        ("[2001:db8::1]:80", RejectReason.IP_ADDRESS),
        ("2001:db8::1", RejectReason.IP_ADDRESS),
        ("a.com:99999", RejectReason.PORT_INVALID),
        ("a.com:x", RejectReason.PORT_INVALID),
        ("a.com:1:2", RejectReason.PORT_INVALID),
        ("a_b.com", RejectReason.CHARACTER_INVALID),
        ("*.a.com", RejectReason.CHARACTER_INVALID),
        ("-a.com", RejectReason.HYPHEN_MISPLACED),
        ("a-.com", RejectReason.HYPHEN_MISPLACED),
        ("ab--c.com", RejectReason.HYPHEN_MISPLACED),
        ("a.1", RejectReason.TLD_INVALID),
        ("1.2.3.4.5", RejectReason.TLD_INVALID),
        ("a" * 64 + ".com", RejectReason.LABEL_TOO_LONG),
        ("a." * 126 + "com", RejectReason.NAME_TOO_LONG),
        ("a" * 1_500, RejectReason.NAME_TOO_LONG),
        ("a" * 3_000 + ".com", RejectReason.TEXT_TOO_LONG),
        ("xn--a.com", RejectReason.IDNA_INVALID),
        ("xn--strae-oqa\u200d.de", RejectReason.IDNA_INVALID),
        ("\u2615.com", RejectReason.IDNA_INVALID),  # symbols are disallowed by IDNA 2008
        ("a\u0301\u0300" * 300 + ".com", RejectReason.IDNA_INVALID),
    ],
)
def test_reasons(text: str, reason: RejectReason) -> None:
    assert normalise(text) == Unusable(reason)


@given(st.text(max_size=80) | st.from_regex(r"(?:https?://)?[a-zßüé.\-_@:/0-9]{1,60}", fullmatch=True))
def test_every_text_is_a_host_name_or_has_a_reason_and_names_stay_what_they_are(text: str) -> None:
    found = normalise(text)
    if isinstance(found, Name):
        assert HOST_NAME.fullmatch(found.name)
        assert len(found.name) <= 253
        assert normalise(found.name) == Name(found.name)


@given(HOST, st.sampled_from(["", "http://", "HTTPS://", "//"]), st.sampled_from(["", ":443", "/", "/x:y", "?q", "#f"]))
def test_what_stands_around_a_name_does_not_change_it(host: str, before: str, after: str) -> None:
    expected, found = normalise(host), normalise(before + host + after)
    if isinstance(expected, Unusable):
        assert found == expected
    else:
        assert isinstance(found, Name)
        assert found.name == expected.name


@given(HOST)
def test_the_fast_way_agrees_with_the_long_one(host: str) -> None:
    if is_plain(host):
        found = normalise(host + ".")  # the dot forces the long way
        assert found == Name(host, (Note.TRAILING_DOT_STRIPPED,))


@pytest.mark.parametrize(
    "text", ["a-" * 1_000, "a." * 1_000, "-" * 2_000, "a@" * 1_000, "\u0301" * 2_000, "xn--" * 500, "ß" * 990 + ".de"]
)
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()
    for _ in range(20):
        normalise(text)
    assert time.process_time() - started < 1.0
