"""The doctor at a well installation, and at broken ones."""

import json
from pathlib import Path

import pytest

from tests.cli.commanding import Asked, Server, use_environment

NO_API = {"PHASELINE_URL": "http://127.0.0.1:1"}


def levels(out: str) -> dict[str, str]:
    return {each["check"]: each["level"] for each in json.loads(out)["findings"]}


def test_the_doctor_finds_an_installation_well(here: Server, ask: Asked) -> None:
    made = ("campaign", "create", "--name", "x", "--constant", "mail", "--count", "9", "--sandbox", "--automatic")
    assert ask(*made, "--start").code == 0
    assert ask("campaign", "watch", "last").code == 0  # a worker has done this, so one is alive
    ended = ask("doctor", "--json")
    found = levels(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert "fail" not in found.values()
    for check in ("python", "home", "database", "clock", "database.schema", "database.pooler", "workers", "api", "key"):
        assert found[check] == "ok", ended.out
    text = ask("doctor").out
    assert "PostgreSQL 18" in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_doctor_asks_resolvers(here: Server, ask: Asked) -> None:
    ended = ask("doctor", "--json", "--resolver", "127.0.0.1:9", "--resolver", "nonsense")
    found = levels(ended.out)
    assert ended.code == 1
    assert (found["resolver 127.0.0.1:9"], found["resolver nonsense"], found["database"]) == ("fail", "fail", "ok")


@pytest.mark.parametrize("url", ["postgresql://me:geheim@127.0.0.1:1/x", "nonsense", "postgresql:///x?host=/nowhere"])
def test_the_doctor_helps_with_a_database_that_is_away(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    use_environment(
        monkeypatch, {"DATABASE_URL": url, "PHASELINE_URL": "http://127.0.0.1:1", "PHASELINE_HOME": str(tmp_path)}
    )
    ended = Asked(capsys)("doctor", "--json")
    found = levels(ended.out)
    assert (ended.code, ended.err) == (1, "")
    assert (found["database"], found["api"], found["python"]) == ("fail", "warn", "ok")
    assert "geheim" not in ended.out


def test_the_doctor_makes_no_database(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    use_environment(monkeypatch, {**NO_API, "PHASELINE_HOME": str(tmp_path / "home")})
    ended = Asked(capsys)("doctor", "--json")
    assert (ended.code, levels(ended.out)["database"]) == (0, "warn")
    assert not (tmp_path / "home").exists()


def test_the_doctor_sees_an_old_schema_and_unsafe_settings(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The tests' server writes without fsync."""
    use_environment(monkeypatch, {**NO_API, "DATABASE_URL": database_url, "PHASELINE_HOME": str(tmp_path)})
    ask = Asked(capsys)
    before = levels(ask("doctor", "--json").out)
    assert (before["database.schema"], before["workers"], before["database.fsync"]) == ("ok", "warn", "fail")
    assert ask("migrate", "down", "--to", "0", "--yes").code == 0
    ended = ask("doctor", "--json")
    after = levels(ended.out)
    assert (after["database.schema"], after["database"], after["workers"]) == ("fail", "ok", "fail")
    assert "phaseline migrate up" in ended.out
