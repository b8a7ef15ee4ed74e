"""Lines of the log: what stands in them, and what never does."""

import io
import logging
from collections.abc import Iterator

import msgspec
import pytest

from service.runtime.logs import LEFT_OUT, TEXT_LENGTH_MAX, blotted, configure_logging, format_exception

QUOTED = "Failing row contains (1, geheim,\nand more)."  # a traceback shows the lines of this file, but not this one

logger = logging.getLogger("service.tests")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where lines go in the meantime; afterwards the log is as it was."""
    root, ours = logging.getLogger(), logging.getLogger("service")
    before = root.handlers[:], root.level, ours.level
    yield io.StringIO()
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])
    logging.captureWarnings(capture=False)


class QuotingError(Exception):
    """Like the driver's, which tells the server's detail behind its message."""

    def __init__(self, message: str, detail: str) -> None:
        super().__init__(message)
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.args[0]}\nDETAIL:  {self.detail}"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key phl_J2MhyW_8PpRC2hzDUfFGUWmxaTU_YZyFveRXwJRW7lk is wrong", "J2MhyW"),
        ("cannot reach postgresql://phaseline:geheim@db.example/phaseline", "geheim"),
        ("postgresql:///phaseline?host=db.example&password=geheim&port=1", "geheim"),
        ("connect(password='geheim')", "geheim"),
        ("password = geheim", "geheim"),
        ("headers: [(b'authorization', b'Bearer geheim')]", "geheim"),
        ("Cookie: phaseline_session=geheim", "geheim"),
        ("{'cookie': 'other=1; phaseline_session=geheim'}", "geheim"),
        ("sent phaseline_session=geheim; Path=/", "geheim"),
    ],
)
def test_secrets_are_blotted_out(text: str, secret: str) -> None:
    told = blotted(text)
    assert isinstance(told, str)
    assert secret not in told
    assert "***" in told


@pytest.mark.parametrize("text", ["", "chunk done", "http://shop.example/a?b=c@d", "run 12/3: 5 of 7", "a phl_ key"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert blotted(text) == text


def test_a_value_is_short_and_of_a_plain_kind() -> None:
    assert len(str(blotted("x" * 1_000_000))) < TEXT_LENGTH_MAX + 10
    assert [blotted(value) for value in (None, True, 3, 0.5)] == [None, True, 3, 0.5]
    assert blotted(ValueError("phl_0123456789")) == "phl_***"


def test_what_the_database_quotes_of_rows_is_left_out() -> None:
    """A constraint that a row breaks is told with the whole row, in a cause, a context or a group as well."""
    try:
        try:
            raise QuotingError("a check was violated", QUOTED)
        except QuotingError as inner:
            raise ExceptionGroup("together", [RuntimeError("first"), inner]) from inner
    except ExceptionGroup as group:
        told = format_exception((type(group), group, group.__traceback__))
    assert "geheim" not in told
    assert "and more" not in told
    assert "a check was violated" in told
    assert LEFT_OUT in told


def test_a_line_is_one_json_object_with_its_ids(stream: io.StringIO) -> None:
    configure_logging(level="INFO", as_json=True, stream=stream)
    try:
        raise QuotingError("broken", QUOTED)
    except QuotingError:
        logger.exception("a step of %s\nfailed", "two lines", extra={"run_id": 7, "where": "phl_0123456789"})
    (line,) = stream.getvalue().splitlines()
    told = msgspec.json.decode(line)
    assert told["event"] == "a step of two lines\nfailed"
    assert (told["level"], told["logger"], told["run_id"], told["where"]) == ("error", logger.name, 7, "phl_***")
    assert told["timestamp"].endswith("Z")
    assert "QuotingError: broken" in told["exception"]
    assert "geheim" not in line


def test_plain_lines_hold_no_secret_either(stream: io.StringIO) -> None:
    configure_logging(level="INFO", as_json=False, stream=stream)
    try:
        raise QuotingError("broken", QUOTED)
    except QuotingError:
        logger.exception("failed for phl_0123456789", extra={"chunk_id": "7/1"})
    told = stream.getvalue()
    assert "chunk_id=7/1" in told
    assert "Traceback" in told
    assert "geheim" not in told
    assert "0123456789" not in told


def test_libraries_do_not_tell_of_frames_and_headers(stream: io.StringIO) -> None:
    """At DEBUG, websockets writes down each header and each frame."""
    configure_logging(level="DEBUG", as_json=True, stream=stream)
    logger.debug("ours")
    for name in ("websockets.server", "uvicorn.error", "asyncio", "hpack"):
        logging.getLogger(name).debug("< Authorization: Bearer geheim")
    assert [msgspec.json.decode(line)["event"] for line in stream.getvalue().splitlines()] == ["ours"]
