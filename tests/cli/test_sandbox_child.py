"""The sandbox in a process of its own is kept alive, on the ports that were told once."""

import asyncio
import os
import signal
from pathlib import Path

from service.cli.sandbox_child import sandbox_process
from service.sandbox.truth import WEB_ADDRESSES
from service.settings import Settings
from tests.cli.commanding import processes_of

PATIENCE_SECONDS = 20
LOOK_SECONDS = 0.05


async def answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(WEB_ADDRESSES[0], port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def test_a_sandbox_that_is_killed_comes_back_on_its_ports(tmp_path: Path) -> None:
    async with sandbox_process(Settings(home=str(tmp_path))) as complete:
        assert await answers(complete.sandbox_http_port)
        (killed,) = processes_of(tmp_path)
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while killed in processes_of(tmp_path) or not await answers(complete.sandbox_http_port):
                await asyncio.sleep(LOOK_SECONDS)
        assert killed not in processes_of(tmp_path)
    assert processes_of(tmp_path) == {}
    assert not await answers(complete.sandbox_http_port)
