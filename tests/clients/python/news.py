"""What a watch of either client says, as it says it."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Literal
from uuid import UUID

from phaseline_client import Absence, AsyncPhaseline, CampaignProgress, Phaseline
from tests.clients.python.both import Both

SECONDS_MAX = 60


class Over(Exception):
    """The watch has come to its end, by itself or since the test has."""


Said = CampaignProgress | Absence | Exception


class News:
    """`told` are the states so far."""

    def __init__(self) -> None:
        self.told: list[CampaignProgress] = []
        self._loop = asyncio.get_running_loop()
        self._said: asyncio.Queue[Said] = asyncio.Queue()

    def say(self, said: Said) -> None:
        """From any thread."""
        with contextlib.suppress(RuntimeError):  # the test has ended
            self._loop.call_soon_threadsafe(self._said.put_nowait, said)

    async def until(self, is_there: Callable[[Said], bool]) -> Said:
        """The first from now on that is so."""
        async with asyncio.timeout(SECONDS_MAX):
            while True:
                said = await self._said.get()
                if isinstance(said, CampaignProgress):
                    self.told.append(said)
                if is_there(said):
                    return said
                if isinstance(said, Exception):
                    raise said

    async def until_processed(self, count: int) -> None:
        await self.until(lambda said: isinstance(said, CampaignProgress) and said.processed == count)

    async def until_away(self) -> Absence:
        said = await self.until(lambda said: isinstance(said, Absence))
        assert isinstance(said, Absence)
        return said

    async def until_over(self) -> Exception:
        """How it ended."""
        said = await self.until(lambda said: isinstance(said, Exception))
        assert isinstance(said, Exception)
        return said


@contextlib.asynccontextmanager
async def watching(both: Both, campaign_ids: Iterable[UUID] | Literal["all"], **options: Any) -> AsyncIterator[News]:
    news = News()
    options = {"on_away": news.say, "snapshot_seconds": 0.5, **options}
    if isinstance(both.client, AsyncPhaseline):
        task = asyncio.create_task(report(both.client, news, campaign_ids, options))
        try:
            yield news
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return
    stop = threading.Event()
    thread = threading.Thread(
        target=report_blocking, args=(both.client, news, campaign_ids, options, stop), daemon=True
    )
    thread.start()
    try:
        yield news
    finally:
        stop.set()


async def report(client: AsyncPhaseline, news: News, campaign_ids: Any, options: dict[str, Any]) -> None:
    try:
        async with contextlib.aclosing(client.watch(campaign_ids, **options)) as states:
            async for state in states:
                news.say(state)
        news.say(Over())
    except Exception as error:  # noqa: BLE001
        news.say(error)


def report_blocking(
    client: Phaseline, news: News, campaign_ids: Any, options: dict[str, Any], stop: threading.Event
) -> None:
    def say(said: Said) -> None:
        if stop.is_set():
            raise Over
        news.say(said)

    try:
        with contextlib.closing(client.watch(campaign_ids, **{**options, "on_away": say})) as states:
            for state in states:
                say(state)
        news.say(Over())
    except Exception as error:  # noqa: BLE001
        news.say(error)
