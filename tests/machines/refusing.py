"""Commands that do not start: what they say, and how they end."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

REFUSE_SECONDS_MAX = 60.0


async def refused(command: str, variables: Mapping[str, str], home: Path, *, launcher: Sequence[str] = ()) -> str:
    """The sentence with which `phaseline` refuses a command; its exit code is 1."""
    process = await asyncio.create_subprocess_exec(
        *(*launcher, sys.executable, "-m", "service", command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PHASELINE_HOME": str(home), "PHASELINE_PORT": "0", **variables},
    )
    try:
        async with asyncio.timeout(REFUSE_SECONDS_MAX):
            _, told = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 1, told
    assert told.count(b"\n") == 1, told
    return told.decode().strip()
