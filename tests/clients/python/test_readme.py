"""Every snippet of the client's README, run as it stands, one after the other, against a live server with a worker."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

from service.access.model import NewKey
from service.postgres.database import Database
from service.settings import Settings
from tests.world import running_worker

SNIPPET = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SECONDS_MAX = 90


async def test_every_snippet_runs(
    base_url: str, database: Database, key: NewKey, repository: Path, tmp_path: Path
) -> None:
    snippets = SNIPPET.findall((repository / "openapi/clients/python/README.md").read_text())
    assert len(snippets) == 2
    async with running_worker(database, Settings()):
        said = [await run(snippet, base_url, key, tmp_path) for snippet in snippets]
    assert "phase" in said[0]
    assert (tmp_path / "domains.csv").read_bytes().endswith(b"# complete rows=20\r\n")
    assert "pending" in said[1]


async def run(snippet: str, base_url: str, key: NewKey, folder: Path) -> str:
    """What it prints; it has to end well."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-c", snippet,
        env={"PATH": os.environ["PATH"], "PHASELINE_URL": base_url, "PHASELINE_KEY": key.secret},
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(process.communicate(), SECONDS_MAX)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()
    return said.decode()
