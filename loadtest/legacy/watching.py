"""Dashboards that watch: what each of them is sent, counted by format."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from loadtest.legacy.turns import Traffic

WATCHERS: Final = 4
LAST_SECONDS_MAX: Final = 30.0


class Told(msgspec.Struct, frozen=True):
    type: str


class Channel(msgspec.Struct, frozen=True):
    """Where a system tells of progress, and how one asks for it.

    `formats`: how its messages of progress are called; `ends_with`: what stands in the last one of a campaign.
    """

    url: str
    headers: Mapping[str, str]
    says: str
    formats: tuple[str, ...]
    ends_with: tuple[str, ...]


class Watch:
    """All that one watcher saw."""

    def __init__(self) -> None:
        self.messages: Counter[str] = Counter()
        self.payload_bytes: Counter[str] = Counter()
        self.ended = asyncio.Event()

    async def read(self, connection: ClientConnection, channel: Channel) -> None:
        async for text in connection:
            assert isinstance(text, str)
            kind = msgspec.json.decode(text, type=Told).type
            if kind not in channel.formats:
                continue
            self.messages[kind] += 1
            self.payload_bytes[kind] += len(text.encode())
            if all(part in text for part in channel.ends_with):
                self.ended.set()


class Watched:
    """Some watchers of the same campaign."""

    def __init__(self, watches: list[Watch]) -> None:
        self._watches = watches

    async def traffic(self) -> dict[str, Traffic]:
        """What one of them was sent, on average, once all have the campaign's last message."""
        async with asyncio.timeout(LAST_SECONDS_MAX):
            for watch in self._watches:
                await watch.ended.wait()
        count = len(self._watches)
        messages = sum((watch.messages for watch in self._watches), Counter[str]())
        payload_bytes = sum((watch.payload_bytes for watch in self._watches), Counter[str]())
        return {kind: Traffic(messages[kind] // count, payload_bytes[kind] // count) for kind in sorted(messages)}


@contextlib.asynccontextmanager
async def watching(channel: Channel) -> AsyncIterator[Watched]:
    """Some watchers, subscribed, until the end of the block."""
    async with contextlib.AsyncExitStack() as held, asyncio.TaskGroup() as reading:
        watches, tasks = [], []
        for _ in range(WATCHERS):
            asking = connect(channel.url, additional_headers=channel.headers, compression=None)
            connection = await held.enter_async_context(asking)
            await connection.send(channel.says)
            watches.append(Watch())
            tasks.append(reading.create_task(watches[-1].read(connection, channel)))
        yield Watched(watches)
        for task in tasks:
            task.cancel()
