"""A PostgreSQL on a host of its own, reached by its address and a password; run there as a program.

`python -m tests.machines.database_host FOLDER ADDRESS`: it runs until standard input ends.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from service import assembly
from service.postgres.cluster import Site, start_server, stop_server
from service.postgres.configuration import PORT, USER
from service.postgres.embedded import embedded_postgres
from tests.conftest import connected
from tests.machines.hosts import NETWORK, PREFIX_BITS, Host

PASSWORD = "of the wire"
DATABASE = "machines"
READY = b"ready\n"
START_SECONDS_MAX = 120.0
ENTRY = f"host all {USER} {NETWORK}.0/{PREFIX_BITS} scram-sha-256\n"


def wire_url(host: Host) -> str:
    return f"postgresql://{USER}:{PASSWORD.replace(' ', '%20')}@{host.address}:{PORT}/{DATABASE}?sslmode=disable"


def local_url(folder: Path) -> str:
    """By the socket, which lies in the file system, so that it is reached from every host of ours."""
    return f"postgresql://{USER}@/{DATABASE}?host={Site(home=folder).socket_folder}&port={PORT}"


@contextlib.asynccontextmanager
async def database_on(host: Host, folder: Path) -> AsyncIterator[None]:
    """Migrated and empty, and it answers on the wire."""
    process = await asyncio.create_subprocess_exec(
        *(*host.launcher, sys.executable, "-m", "tests.machines.database_host", str(folder), host.address),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS_MAX):
            assert await process.stdout.readline() == READY
        await assembly.migrate(local_url(folder))
        yield
    finally:
        process.stdin.close()
        await process.wait()


async def configure(folder: Path, address: str) -> None:
    async with embedded_postgres(folder, durable=False) as server, connected(server.connect_arguments) as owner:
        await owner.execute(f"ALTER SYSTEM SET listen_addresses = '{address}'")
        await owner.execute(f"ALTER ROLE {USER} PASSWORD '{PASSWORD}'")
        await owner.execute(f"CREATE DATABASE {DATABASE}")


def serve(folder: Path, address: str) -> None:
    asyncio.run(configure(folder, address))
    site = Site(home=folder)
    start_server(site, durable=False)
    try:
        with (site.data / "pg_hba.conf").open("a") as entries:
            entries.write(ENTRY)
        asyncio.run(reload_entries(folder))
        sys.stdout.buffer.write(READY)
        sys.stdout.flush()
        sys.stdin.read()
    finally:
        stop_server(site)


async def reload_entries(folder: Path) -> None:
    async with assembly.connection_to(local_url(folder)) as connection:
        await connection.execute("SELECT pg_reload_conf()")


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2])
