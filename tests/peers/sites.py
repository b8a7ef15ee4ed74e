"""The kinds of sites there are: how their servers behave, and what must become of the names that lead there.

Outcomes are written here in the words of the contract, from what each server is made to do.
"""

from enum import StrEnum

import msgspec

from tests.peers.pages import Page


class Doors(StrEnum):
    """Which ports answer at a site's address."""

    BOTH = "both"
    HTTPS_ONLY = "https_only"
    HTTP_ONLY = "http_only"
    HANDSHAKE_REFUSED = "handshake_refused"  # https has no certificate for anybody; http answers
    ONLY_HANDSHAKE_REFUSED = "only_handshake_refused"  # the same, and http is closed
    CLOSED = "closed"
    FORBIDDEN = "forbidden"  # private, link-local or loopback: an address that may not be contacted


ADDRESSES = {
    Doors.BOTH: tuple(f"127.77.2.{host}" for host in range(1, 9)),
    Doors.HTTPS_ONLY: ("127.77.3.1",),
    Doors.HTTP_ONLY: ("127.77.3.2",),
    Doors.HANDSHAKE_REFUSED: ("127.77.3.3",),
    Doors.ONLY_HANDSHAKE_REFUSED: ("127.77.3.4",),
    Doors.CLOSED: ("127.77.4.1", "127.77.4.2"),
    Doors.FORBIDDEN: ("10.77.0.1", "169.254.169.254", "192.168.77.1", "127.0.0.1", "127.78.0.1"),
}
HTTPS_DOORS = frozenset({Doors.BOTH, Doors.HTTPS_ONLY})
HTTP_DOORS = frozenset({Doors.BOTH, Doors.HTTP_ONLY, Doors.HANDSHAKE_REFUSED})
HANDSHAKE_REFUSED_DOORS = frozenset({Doors.HANDSHAKE_REFUSED, Doors.ONLY_HANDSHAKE_REFUSED})


class Goal(StrEnum):
    """Where `{goal}` in a site's directives leads."""

    NOWHERE = "nowhere"  # not used
    LEAD = "lead"  # a name of a site of the first kind
    NEIGHBOUR = "neighbour"  # the first name of the next site of the same kind, in a circle
    ABSENT = "absent"  # a name that does not exist
    REFUSED = "refused"  # a name that no server knows
    INTERNAL = "internal"  # a name with a private address


class Pool(StrEnum):
    """Which TLDs a site's names are drawn from."""

    ORDINARY = "ordinary"
    WILD = "wild"
    WILD_ALIAS = "wild_alias"


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of site, of which there are `hosts`, each with its own page and `names`.

    `directives` go into nginx's server block, before the page. `page_url` is where the page is found in the end; sites
    without one have an outcome without a page.
    """

    name: str
    hosts: int
    http: str
    verdict: str
    names: int = 10
    doors: Doors = Doors.BOTH
    page: Page | None = None
    directives: str = ""
    goal: Goal = Goal.NOWHERE
    page_url: str | None = None
    pool: Pool = Pool.ORDINARY


RICH = Page(6_000, keywords=7, mentions=4, title_keywords=2)
HTTPS_PAGE = "https://{name}/"
HTTP_PAGE = "http://{name}/"
GOAL_PAGE = "https://{goal}/"


def lead(name: str, hosts: int, doors: Doors, page_url: str, directives: str = "", page: Page = RICH) -> Site:
    return Site(
        name=name,
        hosts=hosts,
        doors=doors,
        page=page,
        directives=directives,
        http="reached",
        verdict="qualified",
        page_url=page_url,
    )


def page_of(name: str, hosts: int, page: Page, verdict: str, directives: str = "", http: str = "reached") -> Site:
    return Site(
        name=name, hosts=hosts, page=page, directives=directives, http=http, verdict=verdict, page_url=HTTPS_PAGE
    )


def moved(name: str, hosts: int, directives: str, doors: Doors = Doors.BOTH) -> Site:
    """A redirect to a lead."""
    return Site(
        name=name,
        hosts=hosts,
        doors=doors,
        directives=directives,
        goal=Goal.LEAD,
        http="reached",
        verdict="qualified",
        page_url=GOAL_PAGE,
    )


def negative(name: str, hosts: int, http: str, directives: str, goal: Goal = Goal.NOWHERE) -> Site:
    """An answer, but not a page."""
    return Site(name=name, hosts=hosts, directives=directives, goal=goal, http=http, verdict="http_negative")


def failed(name: str, hosts: int, http: str, directives: str, names: int = 10, page: Page | None = None) -> Site:
    return Site(name=name, hosts=hosts, names=names, directives=directives, page=page, http=http, verdict="http_failed")


LEADS = lead("lead", 70, Doors.BOTH, HTTPS_PAGE)

SITES = (
    LEADS,
    lead("gzip", 30, Doors.BOTH, HTTPS_PAGE, "gzip on;"),
    lead(
        "latin", 8, Doors.BOTH, HTTPS_PAGE, "charset iso-8859-1;", msgspec.structs.replace(RICH, encoding="iso-8859-1")
    ),
    lead("https-only", 15, Doors.HTTPS_ONLY, HTTPS_PAGE),
    lead("http-only", 15, Doors.HTTP_ONLY, HTTP_PAGE),
    lead("no-certificate", 10, Doors.HANDSHAKE_REFUSED, HTTP_PAGE),
    lead("within", 8, Doors.BOTH, "https://{name}/shop/", "location = / { return 302 /shop/; }"),
    lead(
        "thrice",
        5,
        Doors.BOTH,
        "https://{name}/three",
        "location = / { return 301 /one; } location = /one { return 307 two; } location = /two { return 308 /three; }",
    ),
    moved("moved", 15, "return 301 https://{goal}/;"),
    moved("plainly-moved", 8, "return 302 //{goal}/#top;"),
    moved("upgraded", 8, "return 301 https://{goal}/;", Doors.HTTP_ONLY),
    msgspec.structs.replace(LEADS, name="kept", hosts=6, pool=Pool.WILD),
    msgspec.structs.replace(LEADS, name="kept-alias", hosts=3, pool=Pool.WILD_ALIAS),
    page_of("quiet", 40, Page(4_000, has_near_misses=True), "no_keywords"),
    page_of("late", 3, Page(600_000, unseen_mentions=7), "no_keywords", "gzip on;"),
    page_of("image", 4, Page(2_000, unseen_mentions=7), "no_keywords", "default_type image/png;"),
    page_of("faint", 20, Page(6_000, keywords=1, mentions=1), "low_score"),
    page_of("thin", 12, Page(200, keywords=2, mentions=1), "thin_content"),
    page_of("empty", 3, Page(0), "thin_content"),
    page_of("parked", 12, Page(2_000, is_title_parked=True, is_for_sale=True), "parked", http="parked"),
    page_of("doubtful", 8, msgspec.structs.replace(RICH, is_for_sale=True), "low_score", http="parked"),
    negative("missing", 12, "not_found", "return 404;"),
    negative("gone", 4, "not_found", "return 410;"),
    negative("forbidden", 8, "client_error", "return 403;"),
    negative("locked", 4, "client_error", "return 401;"),
    negative("circle", 4, "redirect_loop", "return 302 /;"),
    negative("ring", 4, "redirect_loop", "return 302 https://{goal}/;", Goal.NEIGHBOUR),
    negative("endless", 4, "redirect_loop", "return 302 ${request_uri}x;"),
    negative("inward", 3, "blocked", "return 302 http://10.0.0.1/admin;"),
    negative("metadata", 3, "blocked", "return 302 http://169.254.169.254/latest/meta-data/;"),
    negative("myself", 3, "blocked", "return 302 https://127.0.0.1/;"),
    negative("inward-by-name", 3, "blocked", "return 302 https://{goal}/;", Goal.INTERNAL),
    negative("other-scheme", 2, "blocked", "return 302 ftp://files.market/;"),
    negative("other-port", 2, "blocked", "return 302 http://{goal}:22/;", Goal.LEAD),
    negative("astray", 4, "unresolvable", "return 302 https://{goal}/;", Goal.ABSENT),
    negative("astray-unserved", 2, "unresolvable", "return 302 https://{goal}/;", Goal.REFUSED),
    failed("broken", 8, "server_error", "return 500;"),
    failed("overloaded", 4, "server_error", "return 503;"),
    failed("soon", 1, "server_error", "add_header Retry-After 1 always; return 503;"),
    failed("later", 4, "rate_limited", "add_header Retry-After 3600 always; return 503;"),
    failed("limited", 6, "rate_limited", "return 429;"),
    failed("limited-shortly", 2, "rate_limited", "add_header Retry-After 1 always; return 429;"),
    failed("mute", 3, "broken_response", "return 444;"),
    failed("not-gzip", 3, "broken_response", "add_header Content-Encoding gzip;", page=Page(2_000)),
    failed("trickle", 2, "timed_out", "limit_rate 1;", page=RICH),
    Site(
        name="no-handshake",
        hosts=4,
        doors=Doors.ONLY_HANDSHAKE_REFUSED,
        http="tls_failed",
        verdict="http_failed",
    ),
    Site(name="closed", hosts=20, doors=Doors.CLOSED, http="connection_refused", verdict="http_failed"),
    Site(name="private", hosts=10, doors=Doors.FORBIDDEN, http="blocked", verdict="http_negative"),
)
