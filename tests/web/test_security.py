"""What every answer says to browsers, and what it does not say to other sites' pages."""

from uuid import UUID

import pytest

from service.web.security import SECURITY_HEADERS
from tests.world import Answer, Caller

NOBODYS_ID = UUID("01a20a38-1028-75e6-9ad2-0d5b1cddaef2")

ELSEWHERE = "https://elsewhere.example"


def assert_guarded(answer: Answer) -> None:
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name.lower()] == value
    assert "server" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/campaigns", 200),
        ("GET", "/health/live", 200),
        ("GET", "/nowhere", 404),
        ("GET", f"/campaigns/{NOBODYS_ID}", 404),
        ("DELETE", "/campaigns", 405),
        ("POST", "/campaigns", 400),
        ("GET", "/schema/openapi.json", 200),
    ],
)
async def test_every_answer_is_guarded(api: Caller, method: str, path: str, status: int) -> None:
    answer = await api.call(method, path, headers={"Origin": ELSEWHERE})
    assert answer.status == status
    assert_guarded(answer)


async def test_refusals_of_strangers_are_guarded(base_url: str) -> None:
    answer = await Caller(base_url, None).call("GET", "/campaigns")
    assert answer.status == 401
    assert_guarded(answer)


@pytest.mark.parametrize("path", ["/campaigns", f"/campaigns/{NOBODYS_ID}/transition", "/health/live"])
async def test_a_preflight_is_refused(base_url: str, path: str) -> None:
    headers = {"Origin": ELSEWHERE, "Access-Control-Request-Method": "PUT"}
    answer = await Caller(base_url, None).call("OPTIONS", path, headers=headers)
    assert answer.status == 405
    assert_guarded(answer)


async def test_a_refused_method_names_the_others(base_url: str) -> None:
    answer = await Caller(base_url, None).call("OPTIONS", "/campaigns")
    assert answer.headers["allow"] == "GET, POST"
