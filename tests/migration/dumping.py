"""What PostgreSQL's own dump says of a database: two dumps are equal where nothing differs."""

import asyncio
import os
import re

from service.postgres.binaries import find_binaries

# A dump made by PostgreSQL 18 is restored by whoever knows this key, which differs from dump to dump.
KEYS = re.compile(r"^\\(?:un)?restrict .*$", re.MULTILINE)


async def dump(url: str) -> str:
    process = await asyncio.create_subprocess_exec(
        find_binaries() / "pg_dump", "--dbname", url, stdout=asyncio.subprocess.PIPE
    )
    text, _ = await process.communicate()
    assert process.returncode == 0
    return KEYS.sub("", text.decode())


async def typed(command: str) -> None:
    """A command line as somebody types it, where PostgreSQL's programs are on the path; it must succeed."""
    environment = {**os.environ, "PATH": f"{find_binaries()}:{os.environ['PATH']}"}
    process = await asyncio.create_subprocess_shell(command, env=environment)
    assert await process.wait() == 0
