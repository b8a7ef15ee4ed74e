"""Connections that stay open: every few seconds it is asked whether their keys and sessions still let them in.

All connections of a process are asked about in one statement, by their distinct keys and sessions, however many they
are. While the database does not answer, they stay open.
"""

import asyncio
import contextlib
from collections.abc import Iterator

from service.access.commands import list_ended_bearers
from service.access.model import Bearer, Principal
from service.postgres.database import Database

RECHECK_SECONDS = 10.0  # about: how long a connection can outlive its key or session


class Admission:
    """One open connection. `ended` is set when it has to close, and `reason` says why."""

    def __init__(self, bearer: Bearer) -> None:
        self.bearer = bearer
        self.ended = asyncio.Event()

    @property
    def reason(self) -> str:
        if self.bearer.session_id is None:
            return "this key was revoked, or it has expired"
        return "this session has ended; open another with a key"


class Admissions:
    """The open connections of one process, by what lets them stay open."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: dict[Bearer, set[Admission]] = {}

    @contextlib.contextmanager
    def admit(self, principal: Principal) -> Iterator[Admission]:
        """For as long as a connection is open."""
        admission = Admission(Bearer(principal.key_id, principal.session_id))
        self._open.setdefault(admission.bearer, set()).add(admission)
        try:
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

    def _end(self, bearer: Bearer) -> int:
        admissions = self._open.pop(bearer, set())
        for admission in admissions:
            admission.ended.set()
        return len(admissions)

    def _forget(self, admission: Admission) -> None:
        """It may have been ended before it closed."""
        admissions = self._open.get(admission.bearer, set())
        admissions.discard(admission)
        if not admissions:
            self._open.pop(admission.bearer, None)
