"""The contract's pages: all of it is there, every link leads somewhere, and nothing comes from elsewhere or runs."""

import re
from html.parser import HTMLParser

import pytest

from service import assembly
from service.web.contract.html import element, link, phrase, prose, table, text
from service.web.contract.schema_pages import schema_body
from service.web.security import SECURITY_HEADERS
from tests.world import Caller

PAGES = ["/docs", "/docs/messages"]
# Elements that end by themselves.
VOID = {"meta", "link"}
HARMLESS_ATTRIBUTES = {"id", "class", "href", "lang", "charset", "name", "content", "rel"}


class Reader(HTMLParser):
    """What a page holds; its elements must close in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.places: set[str] = set()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        found = dict(attrs)
        if "id" in found:
            self.ids.append(str(found["id"]))
        if "href" in found:
            self.places.add(str(found["href"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def read(base_url: str, path: str) -> tuple[Reader, str]:
    answer = await Caller(base_url, None).call("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    reader = Reader()
    reader.feed(answer.body.decode())
    reader.close()
    assert reader.open == []
    return reader, answer.body.decode()


@pytest.mark.parametrize("path", PAGES)
async def test_nothing_runs_and_nothing_comes_from_elsewhere(base_url: str, path: str) -> None:
    reader, page = await read(base_url, path)
    assert not reader.tags & {"script", "iframe", "img", "object", "style", "form", "base"}
    assert reader.attributes <= HARMLESS_ATTRIBUTES
    assert all(place.startswith(("#", "/")) and not place.startswith("//") for place in reader.places)
    assert len(page) < 500_000


@pytest.mark.parametrize("path", PAGES)
async def test_its_policy_lets_in_our_style_sheet_alone(base_url: str, path: str) -> None:
    headers = (await Caller(base_url, None).call("GET", path)).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'", "style-src": "'self'", "base-uri": "'none'", "form-action": "'none'",
        "frame-ancestors": "'none'",
    }  # fmt: skip
    others = {name.lower(): value for name, value in SECURITY_HEADERS.items() if name != "Content-Security-Policy"}
    assert {name: headers[name] for name in others} == others


@pytest.mark.parametrize("path", PAGES)
async def test_every_link_leads_somewhere(base_url: str, path: str) -> None:
    reader, _ = await read(base_url, path)
    assert len(set(reader.ids)) == len(reader.ids)
    for place in reader.places:
        if place.startswith("#"):
            assert place.removeprefix("#") in reader.ids
        else:
            assert (await Caller(base_url, None).call("GET", place)).status == 200


async def test_everything_is_shown(base_url: str) -> None:
    contract = assembly.contract()
    reader, page = await read(base_url, "/docs")
    operations = [each for item in contract.openapi["paths"].values() for each in item.values()]
    shown = set(reader.ids)
    assert {each["operationId"] for each in operations} <= shown
    assert {f"schema-{name}" for name in contract.openapi["components"]["schemas"]} <= shown
    assert all(str(text(each["summary"])).split("`", 1)[0] in page for each in operations)
    reader, _ = await read(base_url, "/docs/messages")
    assert {f"message-{name}" for name in contract.asyncapi["components"]["messages"]} <= set(reader.ids)


HOSTILE = "<script>alert('1')</script> & \"x\""


def test_no_text_becomes_markup() -> None:
    made = element("p", text(HOSTILE), phrase(f"`{HOSTILE}`"), prose(HOSTILE), title=HOSTILE)
    made = element("div", made, link(HOSTILE, text("x")), table([HOSTILE], [[text(HOSTILE)]]))
    schema = {
        "type": "object",
        "description": HOSTILE,
        "properties": {HOSTILE: {"enum": [HOSTILE], "default": HOSTILE, "description": HOSTILE, "pattern": HOSTILE}},
    }
    for page in (made, schema_body(schema)):
        assert "<script" not in page
        assert not re.search(r"&(?!amp;|lt;|gt;|quot;|#x27;)", page)
        assert page.count('"') % 2 == 0
