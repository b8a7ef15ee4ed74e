"""Certificates cover many hosts at a time, and only hosts that have one."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from service.sandbox.behaviours import TlsBehaviour
from service.sandbox.certificates import (
    CERTIFICATES_MAX,
    EXPECTED_NAMES_PER_ISSUE_MAX,
    NAMES_PER_CERTIFICATE_MAX,
    Authority,
    Certificates,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def certificates(directory: Path, tls_of: Callable[[str], TlsBehaviour]) -> Certificates:
    return Certificates(directory, Authority(NOW), tls_of)


def good(_name: str) -> TlsBehaviour:
    return TlsBehaviour.good


def names_of(directory: Path) -> list[str]:
    """The names in the certificate that was issued last."""
    certificate = x509.load_pem_x509_certificate((directory / "certificate.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)


def test_a_certificate_covers_the_names_that_are_expected(tmp_path: Path) -> None:
    issued = certificates(tmp_path, good)
    for number in range(100):
        issued.expect(f"n{number}.com")
    context = issued.context_of("n0.com")
    assert names_of(tmp_path) == [f"n{number}.com" for number in range(NAMES_PER_CERTIFICATE_MAX)]
    assert all(issued.context_of(f"n{number}.com") is context for number in range(NAMES_PER_CERTIFICATE_MAX))
    assert issued.context_of("n99.com") is not context
    assert names_of(tmp_path)[0] == "n99.com"


def test_only_good_hosts_share_a_certificate(tmp_path: Path) -> None:
    issued = certificates(tmp_path, lambda name: TlsBehaviour.expired if "old" in name else TlsBehaviour.good)
    for name in ("a.com", "old.com", "b.com", "a.com"):
        issued.expect(name)
    assert issued.context_of("a.com") is issued.context_of("b.com")
    assert names_of(tmp_path) == ["a.com", "b.com"]
    issued.context_of("old.com")
    assert names_of(tmp_path) == ["old.com"]


@pytest.mark.parametrize(
    "name", ["_dmarc.a.com", "a..com", "-a.com", "a b.com", "bücher.com", "\0.com", "com", "*.com"]
)
def test_what_is_no_host_name_is_on_no_certificate(tmp_path: Path, name: str) -> None:
    issued = certificates(tmp_path, good)
    issued.expect(name)
    issued.context_of("a.com")
    assert names_of(tmp_path) == ["a.com"]
    assert issued.context_of(name) is None


def test_a_search_for_neighbours_is_bounded(tmp_path: Path) -> None:
    issued = certificates(tmp_path, lambda name: TlsBehaviour.absent if "plain" in name else TlsBehaviour.good)
    for number in range(EXPECTED_NAMES_PER_ISSUE_MAX):
        issued.expect(f"plain{number}.com")
    issued.expect("late.com")
    issued.context_of("a.com")
    assert names_of(tmp_path) == ["a.com"]
    issued.context_of("b.com")
    assert names_of(tmp_path) == ["b.com", "late.com"]


def test_the_oldest_certificate_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.sandbox.certificates.CERTIFICATES_MAX", 2)
    issued = certificates(tmp_path, good)
    first = issued.context_of("a.com")
    second = issued.context_of("b.com")
    issued.context_of("c.com")
    assert issued.context_of("b.com") is second
    assert issued.context_of("a.com") is not first
    assert CERTIFICATES_MAX > 2
