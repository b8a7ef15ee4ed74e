"""The page over real HTTP: where it is found, what a browser may keep of it, and what it may do."""

import re

import pytest

from service.dashboard.api import DASHBOARD, takes_gzip
from service.dashboard.files import ASSETS, read_built
from tests.web.test_api import assert_problem
from tests.world import Answer, Caller


@pytest.fixture
def visitor(base_url: str) -> Caller:
    """Nobody yet: the page is where one signs in."""
    return Caller(base_url, None)


async def page(visitor: Caller, path: str = DASHBOARD) -> Answer:
    answer = await visitor.call("GET", path)
    assert answer.status == 200
    return answer


async def test_the_top_leads_to_the_page(visitor: Caller) -> None:
    answer = await visitor.call("GET", "/")
    assert answer.status == 200  # the caller follows
    assert answer.body == (await page(visitor)).body


@pytest.mark.parametrize("path", ["", "/campaigns/01a20a38-1028-75e6-9ad2-0d5b1cddaef2", "/a/b/c/d", "/x.js"])
async def test_each_address_below_is_the_page_and_is_asked_for_each_time(visitor: Caller, path: str) -> None:
    answer = await page(visitor, DASHBOARD + path)
    assert b'<div id="root">' in answer.body
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["vary"] == "Accept-Encoding"


async def test_all_that_the_page_names_is_there_and_is_kept_for_a_year(visitor: Caller) -> None:
    html = (await page(visitor)).body.decode()
    named = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert {each.rpartition(".")[2] for each in named} == {"js", "css", "svg"}
    for path in named:
        answer = await visitor.call("GET", path)
        assert answer.status == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_every_asset_has_its_contents_hash_in_its_name(visitor: Caller) -> None:
    for name, asset in read_built().assets.items():
        assert re.fullmatch(r"[\w.-]+-[\w-]{8}\.(js|css|svg)", name)
        answer = await visitor.call("GET", f"{DASHBOARD}/{ASSETS}/{name}")
        assert answer.body == asset.data
        assert answer.headers["content-type"].partition(";")[0] == asset.media_type


async def test_an_asset_of_another_version_is_a_problem_and_not_a_page(visitor: Caller) -> None:
    assert_problem(await visitor.call("GET", f"{DASHBOARD}/{ASSETS}/index-00000000.js"), 404, "asset_not_found")


async def test_the_page_may_run_its_files_and_ask_us_and_nothing_else(visitor: Caller) -> None:
    answer = await page(visitor)
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy.pop("require-trusted-types-for") == "'script'"
    own = {"script-src", "style-src", "img-src", "connect-src"}
    assert {name for name, sources in policy.items() if sources == "'self'"} == own
    assert {sources for name, sources in policy.items() if name not in own} == {"'none'"}
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert not re.search(r"<script(?![^>]*src=)|<style| style=| on\w+=|https?://", answer.body.decode())
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_the_page_sets_no_cookie_and_knows_nobody(visitor: Caller, api: Caller) -> None:
    """The same bytes for everybody: what is shown comes over the API, to whoever may see it."""
    assert (await page(visitor)).body == (await page(api)).body
    assert "set-cookie" not in (await page(api)).headers


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("deflate,gzip", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("xgzip", False),
    ],
)
def test_who_is_sent_gzip(header: str, taken: bool) -> None:
    assert takes_gzip(header) is taken
