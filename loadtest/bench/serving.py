"""One API process over a prepared database, with somebody who asks it and who reads its histograms."""

import contextlib
import re
import secrets
import sys
from collections.abc import AsyncIterator, Sequence

from pyreqwest.client import Client, ClientBuilder

from loadtest.bench.daemons import running_daemon
from loadtest.bench.histograms import Histograms, read_histograms
from loadtest.bench.processes import ROOT, ProgramFailed, client_core, pinned
from service import assembly
from service.access.commands import make_key
from service.postgres.database import Database
from service.settings import Settings

REQUESTS = "phaseline_request_seconds"
QUERIES = "phaseline_query_seconds"
URL = re.compile(r"http://\S+")
OK = 200
SERVE = (sys.executable, "-m", "service", "serve", "--port", "0")


class Api:
    """Asks with a key, one request after the other."""

    def __init__(self, base_url: str, secret: str) -> None:
        self.base_url = base_url
        self.secret = secret
        builder = ClientBuilder().base_url(base_url).no_proxy()
        self._client: Client = builder.default_headers({"Authorization": f"Bearer {secret}"}).build()

    async def get(self, path: str) -> bytes:
        """The body; ProgramFailed where the answer is not 200."""
        response = await self._client.get(path).build().send()
        body = bytes(await response.bytes())
        if response.status != OK:
            raise ProgramFailed(f"{path} was answered with {response.status}: {body[:300].decode(errors='replace')}")
        return body

    async def requests(self) -> Histograms:
        """Seconds of each request that went well, by operation, taken where it is answered."""
        return read_histograms((await self.get("/metrics")).decode(), REQUESTS, "operation", code=str(OK))

    async def queries(self) -> Histograms:
        """Seconds of each statement, by its name, taken where it is sent from."""
        return read_histograms((await self.get("/metrics")).decode(), QUERIES, "query")


@contextlib.asynccontextmanager
async def serving_api(database: Database) -> AsyncIterator[Api]:
    """`phaseline serve`, on the client's core."""
    async with served_by(database, pinned(client_core(), SERVE), Settings()) as api:
        yield api


@contextlib.asynccontextmanager
async def served_by(database: Database, command: Sequence[str], settings: Settings) -> AsyncIterator[Api]:
    """An API that a program serves, and somebody with a key of the tenant `bench`."""
    async with database.transaction() as tx:
        key = await make_key(tx, tenant="bench", name="asking", random_part=secrets.token_urlsafe(32))
    environment = assembly.child_environment(settings, database.url)
    async with running_daemon(command, folder=ROOT, ready="Serving on", environment=environment) as line:
        found = URL.search(line)
        assert found is not None, line
        yield Api(found[0], key.secret)
