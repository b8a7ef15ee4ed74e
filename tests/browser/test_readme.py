"""The list of workflows in this folder's README: each has its test, and each test stands there."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent


def test_each_workflow_has_its_test() -> None:
    told = re.findall(r"^\| .+ \| `(test_\w+)` \|$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    sources = [file.read_text() for file in sorted(FOLDER.glob("test_*.py")) if file != Path(__file__)]
    written = [name for text in sources for name in re.findall(r"^async def (test_\w+)\(", text, re.MULTILINE)]
    assert sorted(told) == sorted(written)
