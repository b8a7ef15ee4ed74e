"""A real PgBouncer before a database: few connections to the server, many to its clients."""

import contextlib
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from loadtest.bench.daemons import find_free_ports, find_program, running_daemon
from service.postgres.binaries import SHARED_USER
from service.postgres.configuration import USER
from tests.link import linked

POOL_SIZE = 4  # fewer than one API has, let alone workers
HOST = "127.0.0.1"

# Whoever comes is let in as our user: it listens on loopback, for the time of a test.
CONFIGURATION = """
[databases]
{database} = host={host} port={port} dbname={database} user={user} pool_size={pool_size}

[pgbouncer]
listen_addr = {host}
listen_port = {listen_port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
max_client_conn = 200
idle_transaction_timeout = 60
tcp_keepidle = 5
tcp_keepintvl = 5
tcp_keepcnt = 2
{more}
"""


@contextlib.asynccontextmanager
async def running_pooler(
    database_url: str, folder: Path, *, mode: str = "transaction", more: str = ""
) -> AsyncIterator[str]:
    """The database's URL by way of a PgBouncer in this mode, with these lines more in its configuration."""
    program = find_program("pgbouncer")
    if program is None:
        pytest.fail("pgbouncer is missing: apt-get install pgbouncer", pytrace=False)
    database = urlsplit(database_url).path.lstrip("/")
    (port,) = find_free_ports(1, (HOST,), socket.SOCK_STREAM)
    # The server knows its users by the kernel's word, and PgBouncer runs as somebody whom it does not know.
    async with linked(database_url) as link:
        place = urlsplit(link.url)
        file = folder / f"pgbouncer-{port}.ini"
        file.write_text(
            CONFIGURATION.format(
                database=database,
                host=HOST,
                port=place.port,
                user=USER,
                pool_size=POOL_SIZE,
                listen_port=port,
                mode=mode,
                more=more,
            )
        )
        # It refuses to be root.
        switch = ("-u", SHARED_USER) if os.geteuid() == 0 else ()
        async with running_daemon((program, *switch, str(file)), folder=folder, ready="process up"):
            yield f"postgresql://{USER}@{HOST}:{port}/{database}?sslmode=disable"
