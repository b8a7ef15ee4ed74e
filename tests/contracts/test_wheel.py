"""What is installed from the wheel has all that it needs, the client too."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
ASK = """
import phaseline_client, service.cli.client
from service.cli.app import run_command
print(phaseline_client.__file__, service.cli.client.__file__, sep="\\n")
raise SystemExit(run_command(["campaign", "--help"]))
"""


def test_the_wheel_holds_the_service_and_the_client(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", BUILD, tmp_path], cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(installed)
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    asked = subprocess.run(
        [sys.executable, "-c", ASK], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    client, cli, *told = asked.stdout.splitlines()
    assert Path(client) == installed / "phaseline_client" / "__init__.py"
    assert Path(cli) == installed / "service" / "cli" / "client.py"
    assert any("campaign COMMAND" in line for line in told)
    assert (installed / "service" / "migrations").is_dir()
