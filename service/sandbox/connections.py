"""Open connections, with a bound on their number and on how long each may idle."""

import asyncio


class Connections:
    """The open connections of one kind of server; aborts those that are too many or were not touched for too long."""

    __slots__ = ("_connections_max", "_idle_seconds_max", "_timers")

    def __init__(self, connections_max: int, idle_seconds_max: float) -> None:
        self._connections_max = connections_max
        self._idle_seconds_max = idle_seconds_max
        self._timers: dict[asyncio.Transport, asyncio.TimerHandle] = {}

    def admit(self, transport: asyncio.Transport) -> bool:
        """Whether there was room; a connection without room is aborted."""
        if len(self._timers) >= self._connections_max:
            transport.abort()
            return False
        self._arm(transport)
        return True

    def touch(self, transport: asyncio.Transport) -> None:
        """Begin its idle time anew."""
        timer = self._timers.get(transport)
        if timer is not None:
            timer.cancel()
            self._arm(transport)

    def forget(self, transport: asyncio.Transport) -> None:
        timer = self._timers.pop(transport, None)
        if timer is not None:
            timer.cancel()

    def abort_all(self) -> None:
        for transport in tuple(self._timers):
            transport.abort()

    def __len__(self) -> int:
        return len(self._timers)

    def _arm(self, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        self._timers[transport] = loop.call_later(self._idle_seconds_max, transport.abort)
