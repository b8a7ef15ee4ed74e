"""Why a handshake failed, told apart; certificates are made by the sandbox's authority, faults and all."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from service.fetching.outcomes import HttpOutcome, TlsFault
from service.fetching.prober import ProbeSettings
from service.sandbox.behaviours import TlsBehaviour
from service.sandbox.certificates import Authority
from tests.fetching.scripted_web import NO_TLS, NOBODY, Web, probe_one, reply

ALERT_HANDSHAKE_FAILURE = b"\x15\x03\x01\x00\x02\x02\x28"  # RFC 8446 6: fatal, 40
ALERT_PROTOCOL_VERSION = b"\x15\x03\x01\x00\x02\x02\x46"  # fatal, 70
# A ServerHello that chooses TLS 1.0 (0301) and a cipher of its time.
SERVER_HELLO_TLS_1_0 = b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01" + bytes(32) + b"\x00\x00\x2f\x00"


@pytest.fixture(scope="module")
def sandbox_authority() -> Authority:
    return Authority(datetime.now(UTC))


@pytest.fixture
async def https_port(
    sandbox_authority: Authority, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[int]:
    """A server at 127.77.0.20 whose certificate has the fault that the test names."""
    fault: TlsBehaviour = request.param
    pair = tmp_path / "pair.pem"
    pair.write_bytes(sandbox_authority.issue(["a.test"], fault) + sandbox_authority.host_key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    handlers: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply(b"<title>here</title>"))
        writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.get_running_loop().create_task(answer(reader, writer)))

    async with await asyncio.start_server(begin, "127.77.0.20", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]
    await asyncio.gather(*handlers, return_exceptions=True)


@pytest.mark.parametrize(
    ("https_port", "fault"),
    [
        (TlsBehaviour.good, None),
        (TlsBehaviour.expired, TlsFault.CERTIFICATE_EXPIRED),
        (TlsBehaviour.wrong_name, TlsFault.WRONG_HOST),
        (TlsBehaviour.self_signed, TlsFault.UNTRUSTED_CERTIFICATE),
    ],
    indirect=["https_port"],
)
async def test_faults_of_certificates(
    settings: ProbeSettings, sandbox_authority: Authority, https_port: int, fault: TlsFault | None
) -> None:
    lax = replace(settings, http_port=None, port_map={443: https_port})
    strict = replace(lax, verify_tls=True, trusted_ca_pem=sandbox_authority.ca_pem)
    address = bytes((127, 77, 0, 20))
    probe = await probe_one(strict, "a.test", address)
    expected = HttpOutcome.REACHED if fault is None else HttpOutcome.TLS_FAILED
    assert (probe.outcome, probe.tls_fault) == (expected, fault)
    unverified = await probe_one(lax, "a.test", address)
    assert (unverified.outcome, unverified.tls_fault) == (HttpOutcome.REACHED, None)


@pytest.mark.parametrize("https_port", [TlsBehaviour.good], indirect=True)
async def test_an_authority_that_nobody_knows(settings: ProbeSettings, https_port: int) -> None:
    strict = replace(settings, http_port=None, port_map={443: https_port}, verify_tls=True)
    probe = await probe_one(strict, "a.test", bytes((127, 77, 0, 20)))
    assert (probe.outcome, probe.tls_fault) == (HttpOutcome.TLS_FAILED, TlsFault.UNTRUSTED_CERTIFICATE)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (ALERT_HANDSHAKE_FAILURE, TlsFault.NO_AGREEMENT),
        (ALERT_PROTOCOL_VERSION, TlsFault.NO_AGREEMENT),
        (SERVER_HELLO_TLS_1_0, TlsFault.NO_AGREEMENT),
        (b"", TlsFault.CLOSED),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", TlsFault.NOT_TLS),
        (b"SSH-2.0-OpenSSH_9.2\r\n", TlsFault.NOT_TLS),
    ],
)
async def test_faults_of_handshakes(web: Web, settings: ProbeSettings, answer: bytes, fault: TlsFault) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)  # a hello left unread would make the end a reset
        writer.write(answer)

    web.raw_tls = say
    probe = await probe_one(replace(settings, http_port=None), "a.test", NO_TLS)
    assert (probe.outcome, probe.tls_fault) == (HttpOutcome.TLS_FAILED, fault)


async def test_a_fault_is_told_only_where_tls_is_the_outcome(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = reply(b"<title>plain</title>")
    reached = await probe_one(settings, "a.test", NO_TLS)
    assert (reached.outcome, reached.tls_fault) == (HttpOutcome.REACHED, None)
    refused = await probe_one(settings, "a.test", NOBODY)
    assert (refused.outcome, refused.tls_fault) == (HttpOutcome.CONNECTION_REFUSED, None)


def test_codes_are_as_stored() -> None:
    assert {fault.label: int(fault) for fault in TlsFault} == {
        "certificate_expired": 1,
        "wrong_host": 2,
        "untrusted_certificate": 3,
        "bad_certificate": 4,
        "no_agreement": 5,
        "closed": 6,
        "not_tls": 7,
    }
