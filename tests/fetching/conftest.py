import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from loadtest.bench.certificates import make_certificate
from service.fetching.guard import NetworkRules
from service.fetching.prober import ProbeSettings
from tests.fetching.scripted_web import Web, listen


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for a.test, with its key, in one file."""
    path = tmp_path_factory.mktemp("authority") / "pair.pem"
    path.write_bytes(make_certificate("phaseline test", "a.test"))
    return path


@pytest.fixture(scope="session")
def ca_pem(authority: Path) -> bytes:
    """The certificate alone."""
    return authority.read_bytes().partition(b"-----BEGIN PRIVATE")[0]


@pytest.fixture
async def web(authority: Path) -> AsyncIterator[Web]:
    web = Web()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    tasks: set[asyncio.Task[None]] = set()

    def handler(scheme: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await (web.refuse_tls(reader, writer) if scheme == "none" else web.serve(scheme, reader, writer))

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            web.writers.append(writer)
            task = asyncio.get_running_loop().create_task(handle(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        return begin

    # One listening socket on every address of a port would also answer where nobody should, so each has its own.
    plain = listen(("127.77.0.1", "127.77.0.2", "127.77.0.3"))
    secure = listen(("127.77.0.1", "127.77.0.3"))
    servers = [await asyncio.start_server(handler("http"), sock=one) for one in plain]
    servers.append(await asyncio.start_server(handler("https"), sock=secure[0], ssl=context))
    servers.append(await asyncio.start_server(handler("none"), sock=secure[1]))
    web.http_port = plain[0].getsockname()[1]
    web.https_port = secure[0].getsockname()[1]
    yield web
    for server in servers:
        server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await web.close()


@pytest.fixture
def settings(web: Web) -> ProbeSettings:
    return ProbeSettings(
        rules=NetworkRules.sandbox(),
        port_map={443: web.https_port, 80: web.http_port},
        timeout_seconds=5.0,
        connect_timeout_seconds=2.0,
    )
