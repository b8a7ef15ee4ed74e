"""The sandbox's own certificate authority, and the certificate that each host shows.

Loading one certificate costs more than a millisecond (OpenSSL reads the private key anew each time), several times a
whole handshake. So a good certificate covers many hosts: the one that is asked for, and those whose addresses DNS has
handed out and which will be asked for next. A host's certificate is what its truth says either way.
"""

import re
import ssl
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from service.sandbox.behaviours import TlsBehaviour

NAMES_PER_CERTIFICATE_MAX: Final = 64
CERTIFICATES_MAX: Final = 1_024
# DNS may hand out all addresses of a large campaign before its first page is asked for, in about the same order.
EXPECTED_NAMES_MAX: Final = 2_097_152
# Expected names that turn out to need no certificate are skipped, up to this many at a time.
EXPECTED_NAMES_PER_ISSUE_MAX: Final = 256
CA_VALIDITY: Final = timedelta(days=365)
CLOCK_SKEW: Final = timedelta(days=1)
EXPIRED_FOR: Final = timedelta(days=30)
SOMEBODY_ELSE: Final = "somebody-else.invalid"

_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOSTNAME: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})+")
_CA_NAME: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Phaseline sandbox CA")])
_HOST_NAME: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Phaseline sandbox host")])


class Authority:
    """A CA made anew for every sandbox, and the one key that all its hosts share."""

    __slots__ = ("_ca_certificate", "_ca_key", "_host_key", "_now")

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._ca_key = ec.generate_private_key(ec.SECP256R1())
        self._host_key = ec.generate_private_key(ec.SECP256R1())
        self._ca_certificate = _ca_certificate(self._ca_key, now)

    @property
    def ca_pem(self) -> bytes:
        return self._ca_certificate.public_bytes(Encoding.PEM)

    @property
    def host_key_pem(self) -> bytes:
        return self._host_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def issue(self, names: Sequence[str], tls: TlsBehaviour) -> bytes:
        """A PEM certificate for `names` with the fault, if any, that `tls` asks for."""
        shown = [SOMEBODY_ELSE] if tls is TlsBehaviour.wrong_name else names
        ends_at = self._now - EXPIRED_FOR if tls is TlsBehaviour.expired else self._now + CA_VALIDITY
        signed_by_itself = tls is TlsBehaviour.self_signed
        issuer_key = self._host_key if signed_by_itself else self._ca_key
        issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        signed = (
            x509.CertificateBuilder()
            .subject_name(_HOST_NAME)
            .issuer_name(_HOST_NAME if signed_by_itself else _CA_NAME)
            .public_key(self._host_key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(ends_at - CA_VALIDITY - CLOCK_SKEW)
            .not_valid_after(ends_at)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in shown]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(issuer_id, critical=False)
            .sign(issuer_key, SHA256())
        )
        return signed.public_bytes(Encoding.PEM)


def _ca_certificate(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(_CA_NAME)
        .issuer_name(_CA_NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + CA_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_CA_KEY_USAGE, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )


_CA_KEY_USAGE: Final = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Certificates:
    """TLS contexts by host name, made when first asked for; the oldest go when there are too many.

    `directory` is private and outlives this object: OpenSSL takes certificates from files only.
    """

    def __init__(self, directory: Path, authority: Authority, tls_of: Callable[[str], TlsBehaviour]) -> None:
        self._certificate_path = directory / "certificate.pem"
        self._key_path = directory / "key.pem"
        self._key_path.write_bytes(authority.host_key_pem)
        self._authority = authority
        self._tls_of = tls_of
        self._expected: deque[str] = deque(maxlen=EXPECTED_NAMES_MAX)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._issued: deque[tuple[str, ...]] = deque()

    def expect(self, name: str) -> None:
        """Somebody has learnt the address of `name`, and may soon come for its certificate."""
        self._expected.append(name)

    def server_context(self) -> ssl.SSLContext:
        """The context to listen with; it shows a stranger's certificate to those who name no host."""
        context = self._new_context((SOMEBODY_ELSE,), TlsBehaviour.good)
        context.sni_callback = self._choose
        return context

    def context_of(self, name: str) -> ssl.SSLContext | None:
        """What `name` shows, or None if it speaks no TLS."""
        known = self._contexts.get(name)
        if known is not None:
            return known
        tls = self._tls_of(name)
        if tls is TlsBehaviour.absent or not _HOSTNAME.fullmatch(name):
            return None
        names = (name, *self._take_neighbours(name)) if tls is TlsBehaviour.good else (name,)
        context = self._new_context(names, tls)
        self._remember(names, context)
        return context

    def _choose(self, connection: ssl.SSLObject, server_name: str | None, _listening: ssl.SSLContext) -> int | None:
        """OpenSSL's question in the middle of a handshake; a number is the alert to fail with."""
        if server_name is None:
            return None
        context = self.context_of(server_name.lower())
        if context is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = context
        return None

    def _new_context(self, names: Sequence[str], tls: TlsBehaviour) -> ssl.SSLContext:
        self._certificate_path.write_bytes(self._authority.issue(names, tls))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate_path, self._key_path)
        context.num_tickets = 0  # nobody comes back to resume, and a ticket costs a record
        return context

    def _take_neighbours(self, name: str) -> Iterator[str]:
        """Expected names that will want a good certificate too, as many as fill one."""
        taken = {name}
        for _ in range(min(len(self._expected), EXPECTED_NAMES_PER_ISSUE_MAX)):
            if len(taken) == NAMES_PER_CERTIFICATE_MAX:
                return
            expected = self._expected.popleft()
            if expected in taken or expected in self._contexts or not _HOSTNAME.fullmatch(expected):
                continue
            if self._tls_of(expected) is TlsBehaviour.good:
                taken.add(expected)
                yield expected

    def _remember(self, names: tuple[str, ...], context: ssl.SSLContext) -> None:
        if len(self._issued) == CERTIFICATES_MAX:
            for name in self._issued.popleft():
                del self._contexts[name]
        self._issued.append(names)
        self._contexts.update(dict.fromkeys(names, context))
