"""A process that uses the embedded server of a home: says what it got on one line, leaves when its input ends.

Run as a program by test_embedded.py: `python using_server.py HOME`.
"""

import asyncio
import json
import sys
from pathlib import Path

from service.errors import Unavailable
from service.postgres.embedded import embedded_postgres


async def main(home: Path) -> None:
    try:
        async with embedded_postgres(home, durable=False) as server:
            say(pid=server.pid, dsn=server.dsn)
            await asyncio.to_thread(sys.stdin.read)
    except Unavailable as refused:
        say(code=refused.code, message=refused.message)


def say(**words: str | int) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
