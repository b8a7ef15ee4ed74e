"""What a host answers to one request: pure. How the bytes then travel is `http`'s affair."""

import gzip
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import brotli
import msgspec

from service.sandbox.behaviours import Charset, CharsetDeclaration, WebBehaviour
from service.sandbox.pages import page_bytes, status_page
from service.sandbox.truth import LOOP_PATHS, WELCOME_PATH, NameTruth

# The level decides the price, not the meaning: the lowest is many times cheaper for the server.
BROTLI_QUALITY: Final = 1
GZIP_LEVEL: Final = 1


class Scheme(StrEnum):
    """Which of the two ports a request came in on."""

    http = "http"
    https = "https"


class Delivery(StrEnum):
    """How an answer travels."""

    whole = "whole"
    streamed = "streamed"  # chunked, and followed by filler
    dripped = "dripped"  # a few bytes at a time
    cut_short = "cut_short"  # closed before the promised length
    withheld = "withheld"  # never sent
    reset = "reset"  # the connection is reset instead


class Ports(msgspec.Struct, frozen=True):
    """Where the sandbox's web listens."""

    http: int
    https: int


class WebRequest(msgspec.Struct, frozen=True):
    """What of a request decides its answer; `accept_encoding` is the header as it came."""

    scheme: Scheme
    path: str
    accept_encoding: str


class Answer(msgspec.Struct, frozen=True):
    """A status, headers without the framing ones, a body, and how it travels.

    `filler_bytes` is how much of `pages.filler_chunks` follows a streamed body.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    delivery: Delivery = Delivery.whole
    filler_bytes: int = 0


def answer_of(truth: NameTruth, request: WebRequest, ports: Ports) -> Answer:
    """The answer of a host that has a web; the caller has seen to it that this one does."""
    assert truth.web is not None
    return _ANSWERS.get(truth.web, _page)(truth, request, ports)


def plain_answer(status: int, title: str) -> Answer:
    """An answer that no truth asks for, such as 400 or 421."""
    return Answer(status, (("Content-Type", "text/html; charset=utf-8"),), status_page(f"{status} {title}"))


def _page(truth: NameTruth, _request: WebRequest, _ports: Ports) -> Answer:
    return Answer(200, (_content_type(truth),), page_bytes(truth))


def _huge(truth: NameTruth, request: WebRequest, ports: Ports) -> Answer:
    beginning = _page(truth, request, ports)
    left = truth.body_bytes - len(beginning.body)
    return msgspec.structs.replace(beginning, delivery=Delivery.streamed, filler_bytes=left)


def _slow_body(truth: NameTruth, request: WebRequest, ports: Ports) -> Answer:
    return msgspec.structs.replace(_page(truth, request, ports), delivery=Delivery.dripped)


def _broken_body(truth: NameTruth, request: WebRequest, ports: Ports) -> Answer:
    return msgspec.structs.replace(_page(truth, request, ports), delivery=Delivery.cut_short)


def _gzip(truth: NameTruth, request: WebRequest, ports: Ports) -> Answer:
    return _encoded(
        "gzip", lambda body: gzip.compress(body, GZIP_LEVEL, mtime=0), _page(truth, request, ports), request
    )


def _brotli(truth: NameTruth, request: WebRequest, ports: Ports) -> Answer:
    return _encoded("br", _brotli_bytes, _page(truth, request, ports), request)


def _gzip_bytes(body: bytes) -> bytes:
    return gzip.compress(body, GZIP_LEVEL, mtime=0)


def _brotli_bytes(body: bytes) -> bytes:
    compressed: bytes = brotli.compress(body, quality=BROTLI_QUALITY)
    return compressed


def _encoded(coding: str, encode: Callable[[bytes], bytes], plain: Answer, request: WebRequest) -> Answer:
    """The answer in that coding, if the client takes it."""
    accepted = {token.partition(";")[0].strip() for token in request.accept_encoding.lower().split(",")}
    vary = (*plain.headers, ("Vary", "Accept-Encoding"))
    if coding not in accepted:
        return msgspec.structs.replace(plain, headers=vary)
    return msgspec.structs.replace(plain, headers=(*vary, ("Content-Encoding", coding)), body=encode(plain.body))


def _redirect(truth: NameTruth, request: WebRequest, ports: Ports) -> Answer:
    return _page(truth, request, ports) if request.path == WELCOME_PATH else _to(truth, WELCOME_PATH)


def _redirect_loop(truth: NameTruth, request: WebRequest, _ports: Ports) -> Answer:
    return _to(truth, LOOP_PATHS[0] if request.path == LOOP_PATHS[1] else LOOP_PATHS[1])


def _redirect_to_https(truth: NameTruth, request: WebRequest, ports: Ports) -> Answer:
    if request.scheme is Scheme.https:
        return _page(truth, request, ports)
    return _to(truth, f"https://{truth.name}:{ports.https}{request.path}")


def _redirect_cross(truth: NameTruth, _request: WebRequest, ports: Ports) -> Answer:
    assert truth.redirect_to is not None
    return _to(truth, f"http://{urlsplit(truth.redirect_to).hostname}:{ports.http}/")


def _redirect_private(truth: NameTruth, _request: WebRequest, _ports: Ports) -> Answer:
    assert truth.redirect_to is not None
    return _to(truth, truth.redirect_to)


def _to(truth: NameTruth, location: str) -> Answer:
    status = _REDIRECT_STATUSES[truth.wording % len(_REDIRECT_STATUSES)]
    return Answer(status, (("Location", location),))


def _status(status: int) -> Callable[[NameTruth, WebRequest, Ports], Answer]:
    def answer(truth: NameTruth, _request: WebRequest, _ports: Ports) -> Answer:
        retry = (("Retry-After", str(truth.retry_after_seconds)),) if truth.retry_after_seconds else ()
        return Answer(status, (_content_type(truth), *retry), status_page(truth.title))

    return answer


def _withheld(_truth: NameTruth, _request: WebRequest, _ports: Ports) -> Answer:
    return Answer(200, delivery=Delivery.withheld)


def _reset(_truth: NameTruth, _request: WebRequest, _ports: Ports) -> Answer:
    return Answer(200, delivery=Delivery.reset)


def _content_type(truth: NameTruth) -> tuple[str, str]:
    """UTF-8 is always declared in the header, and an odd charset where its truth says."""
    in_page = truth.charset is not Charset.utf_8 and truth.charset_declared is CharsetDeclaration.meta
    return "Content-Type", "text/html" if in_page else f"text/html; charset={truth.charset}"


_REDIRECT_STATUSES: Final = (301, 302, 307, 308)
# Whoever is not in this table shows a page.
_ANSWERS: Final[Mapping[WebBehaviour, Callable[[NameTruth, WebRequest, Ports], Answer]]] = {
    WebBehaviour.redirect: _redirect,
    WebBehaviour.redirect_to_https: _redirect_to_https,
    WebBehaviour.redirect_cross: _redirect_cross,
    WebBehaviour.redirect_loop: _redirect_loop,
    WebBehaviour.redirect_private: _redirect_private,
    WebBehaviour.not_found: _status(404),
    WebBehaviour.rate_limited: _status(429),
    WebBehaviour.unavailable: _status(503),
    WebBehaviour.server_error: _status(500),
    WebBehaviour.huge: _huge,
    WebBehaviour.slow_body: _slow_body,
    WebBehaviour.broken_body: _broken_body,
    WebBehaviour.stalled: _withheld,
    WebBehaviour.reset: _reset,
    WebBehaviour.gzip: _gzip,
    WebBehaviour.brotli: _brotli,
}
