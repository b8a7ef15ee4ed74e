# Made from the contract by `make client-python`; a change here is lost.

"""The operations of `access`."""

from uuid import UUID

from phaseline_client.awaited.server import AsyncServer
from phaseline_client.generated.calls import access as calls
from phaseline_client.generated.models import ActPage, GrantKey, KeyList, NewKey, Session


class AsyncAccess:
    """Keys, sessions, and who did what."""

    def __init__(self, server: AsyncServer) -> None:
        self._server = server

    async def open_session(self) -> Session:
        """Turn a key into a cookie, which no script can read and no other site can send."""
        return await self._server.ask(calls.open_session())

    async def close_session(self) -> None:
        """End the session of the cookie that asks."""
        return await self._server.ask(calls.close_session())

    async def list_keys(self) -> KeyList:
        """List the keys of the caller's tenant, newest first, revoked ones too."""
        return await self._server.ask(calls.list_keys())

    async def make_key(self, body: GrantKey) -> NewKey:
        """Make a key; its secret is in this answer and nowhere else.

        Refused as Invalid.
        """
        return await self._server.ask(calls.make_key(body))

    async def revoke_key(self, key_id: UUID) -> None:
        """Take a key back, and with it the sessions that it opened.

        Refused as NotFound, Conflict.
        """
        return await self._server.ask(calls.revoke_key(key_id))

    async def list_acts(self, *, cursor: str | None = None, limit: int | None = None) -> ActPage:
        """List who did what, newest first.

        `cursor`: `nextCursor` of the page before.
        `limit`: Left out: 50.

        Refused as Invalid.
        """
        return await self._server.ask(calls.list_acts(cursor=cursor, limit=limit))
