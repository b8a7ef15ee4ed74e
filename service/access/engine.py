"""Connections that stay open: every few seconds it is asked whether their keys and sessions still let them in.

All connections of a process are asked about in one statement, by their distinct keys and sessions, however many they
are. While the database does not answer, they stay open.
"""

import contextlib
from collections.abc import Callable, Iterator
from enum import StrEnum

from service.access.commands import list_ended_bearers
from service.access.model import Bearer, Principal
from service.postgres.database import Database

RECHECK_SECONDS = 10.0  # about: how long a connection can outlive its key or session


class Ending(StrEnum):
    """Why a connection has to close, as its peer is told."""

    KEY_ENDED = "this key was revoked, or it has expired"
    SESSION_ENDED = "this session has ended; open another with a key"
    SERVER_STOPS = "the server stops; come back in a moment"


class Admission:
    """One open connection. `on_ended` is called once when it has to close, and `ending` says why."""

    __slots__ = ("_on_ended", "bearer", "ending")

    def __init__(self, bearer: Bearer, on_ended: Callable[[], None]) -> None:
        self.bearer = bearer
        self.ending: Ending | None = None
        self._on_ended = on_ended

    def end(self, ending: Ending) -> None:
        if self.ending is None:
            self.ending = ending
            self._on_ended()


class Admissions:
    """The open connections of one process, by what lets them stay open."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_closed = False
        self._open: dict[Bearer, set[Admission]] = {}

    @contextlib.contextmanager
    def admit(self, principal: Principal, on_ended: Callable[[], None]) -> Iterator[Admission]:
        """For as long as a connection is open. One that comes after the last has to close at once."""
        admission = Admission(Bearer(principal.key_id, principal.session_id), on_ended)
        self._open.setdefault(admission.bearer, set()).add(admission)
        try:
            if self._is_closed:
                admission.end(Ending.SERVER_STOPS)
            yield admission
        finally:
            self._forget(admission)

    async def tick(self) -> int:
        """Tell the connections whose key or session has ended; how many."""
        bearers = tuple(self._open)
        if not bearers:
            return 0
        async with self._database.transaction() as tx:
            ended = await list_ended_bearers(tx, bearers)
        return sum(self._end(bearer) for bearer in ended)

    def close(self) -> None:
        """The server stops: tell all of them."""
        self._is_closed = True
        for admissions in self._open.values():
            for admission in admissions:
                admission.end(Ending.SERVER_STOPS)

    def _end(self, bearer: Bearer) -> int:
        admissions = self._open.pop(bearer, set())
        ending = Ending.KEY_ENDED if bearer.session_id is None else Ending.SESSION_ENDED
        for admission in admissions:
            admission.end(ending)
        return len(admissions)

    def _forget(self, admission: Admission) -> None:
        """It may have been ended before it closed."""
        admissions = self._open.get(admission.bearer, set())
        admissions.discard(admission)
        if not admissions:
            self._open.pop(admission.bearer, None)
