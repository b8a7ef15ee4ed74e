"""What every answer to a bad request has in common."""

import re

from tests.contracts.mutations import leads_somewhere
from tests.world import Answer

CODE = re.compile(r"[a-z][a-z_]+")


def assert_no_bug(answer: Answer, body: bytes) -> None:
    """A success, or a problem that says what is wrong with the request, and where in its body."""
    assert_success_or_problem(answer)
    if answer.status >= 400:
        pointer = answer.body.get("pointer")
        assert pointer is None or leads_somewhere(body, pointer), (body, pointer)


def assert_success_or_problem(answer: Answer) -> None:
    assert answer.status < 500, answer.body
    if answer.status >= 400:
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.body["status"] == answer.status
        assert CODE.fullmatch(answer.body["code"])
        assert answer.body["detail"]
