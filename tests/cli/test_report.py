"""`phaseline report` over an installation in which the sample was completed."""

import json

from tests.cli.commanding import SAMPLE_SIZE, Asked


def test_what_was_done_is_told(ask: Asked, sample: str) -> None:
    """Up to the moment in which it is asked for."""
    told = ask("report", "--since", "2d", "--json")
    assert told.code == 0
    found = json.loads(told.out)
    assert [found[each]["unit"] for each in ("days", "weeks")] == ["day", "week"]
    made = [each for each in found["days"]["work"] if each["phase"] == "domain_generation"]
    assert sum(each["succeeded"] for each in made) >= SAMPLE_SIZE
    assert sum(each["leads"] for each in found["weeks"]["periods"]) > 0
    assert sample
    screen = ask("report").out
    assert "week from" in screen
    assert "domain_generation" in screen


def test_reports_know_their_bounds(ask: Asked) -> None:
    assert "neither an age" in ask.refused("report", "--since", "yesterday")
    assert "no tenant nobody" in ask.refused("report", "--tenant", "nobody")
    assert ask("report", "--since", "2999-01-01T00:00:00Z").out.count("Nothing was done") == 2
