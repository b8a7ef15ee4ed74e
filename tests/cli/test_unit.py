"""Units as systemd reads them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from service.cli.app import run_command
from service.cli.unit import Part, render_unit, this_program, unit_name
from service.errors import Invalid

ENVIRONMENT = Path("/etc/phaseline.env")


@pytest.mark.parametrize("part", Part)
def test_systemd_finds_nothing_wrong(part: Part, tmp_path: Path) -> None:
    checker = shutil.which("systemd-analyze")
    if checker is None:
        pytest.skip("there is no systemd-analyze here")
    file = tmp_path / unit_name(part)
    file.write_text(render_unit(part, "phaseline", ENVIRONMENT, this_program()))
    checked = subprocess.run([checker, "verify", str(file)], capture_output=True, text=True, check=False)
    ours = [line for line in checked.stderr.splitlines() if file.name in line]
    assert (checked.returncode, ours) == (0, [])


def test_systemd_would_find_something(tmp_path: Path) -> None:
    """What the test above would be worth, if it could not fail."""
    checker = shutil.which("systemd-analyze")
    if checker is None:
        pytest.skip("there is no systemd-analyze here")
    file = tmp_path / "broken.service"
    text = render_unit(Part.API, "nobody", ENVIRONMENT, Path("/nowhere/phaseline"))
    file.write_text(text.replace("Restart=", "Restrat="))
    checked = subprocess.run([checker, "verify", str(file)], capture_output=True, text=True, check=False)
    assert checked.returncode != 0
    assert "Restrat" in checked.stderr


@pytest.mark.parametrize("part", Part)
def test_a_unit_starts_a_command_that_is_there(part: Part, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["unit", part, "--user", "somebody"]) == 0
    text = capsys.readouterr().out
    start = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    program, *arguments = start.partition("=")[2].split()
    shown = subprocess.run([program, *arguments, "--help"], capture_output=True, text=True, check=False)
    assert (shown.returncode, "Usage: phaseline" in shown.stdout) == (0, True)
    assert program == str(Path(sys.executable).parent / "phaseline")
    assert "User=somebody\n" in text


@pytest.mark.parametrize("user", ["", "two words", "a;b", "100%"])
def test_words_that_mean_something_else_are_refused(user: str) -> None:
    with pytest.raises(Invalid):
        render_unit(Part.API, user, ENVIRONMENT, Path("/usr/bin/phaseline"))
