"""`phaseline backup` and `restore` between two homes: an installation moves, and is the same."""

import json
from pathlib import Path

from tests.cli.commanding import SAMPLE_SIZE, Finished, finish_command


def test_an_installation_moves(sampled: tuple[Path, Finished], tmp_path: Path) -> None:
    home, _ = sampled
    file, new_home = tmp_path / "phaseline.dump", tmp_path / "new"
    made = finish_command(home, "backup", str(file), "--json")
    assert made.code == 0, made.err
    assert json.loads(made.out)["byteCount"] == file.stat().st_size
    again = finish_command(home, "backup", str(file))
    assert (again.code, again.err.count("\n")) == (1, 1)
    restored = finish_command(new_home, "restore", str(file))
    assert restored.code == 0, restored.err
    assert "migrate up" in restored.out
    statuses = json.loads(finish_command(new_home, "migrate", "status", "--json").out)
    assert {each["standing"] for each in statuses} == {"applied"}
    work = json.loads(finish_command(new_home, "report", "--json").out)["days"]["work"]
    assert next(each["succeeded"] for each in work if each["phase"] == "domain_generation") == SAMPLE_SIZE
    refused = finish_command(home, "restore", str(file))
    assert (refused.code, "has tables already" in refused.err) == (1, True)
