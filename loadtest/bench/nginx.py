"""nginx with servers that are handed in, and everything that it writes in one folder."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from loadtest.bench.certificates import make_certificate
from loadtest.bench.daemons import find_program, running_daemon
from loadtest.bench.processes import pinned

# One process, in which the master is the worker. Paths that are compiled in would belong to the system's nginx.
CONFIGURATION = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr notice;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  types {{ }}
  default_type text/html;
  charset utf-8;
  server_tokens off;
  keepalive_timeout 5s;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  scgi_temp_path {folder}/scgi;
  uwsgi_temp_path {folder}/uwsgi;
  ssl_certificate {folder}/certificate.pem;
  ssl_certificate_key {folder}/certificate.pem;
{directives}
}}
"""


@contextlib.asynccontextmanager
async def serving(folder: Path, directives: str, *, core: int | None = None) -> AsyncIterator[None]:
    """Serve what the directives of its `http` block say, on one core if it is named."""
    program = find_program("nginx")
    assert program is not None
    (folder / "certificate.pem").write_bytes(make_certificate("nginx"))
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, directives=directives), encoding="utf-8")
    command = (program, "-p", str(folder), "-e", "stderr", "-c", str(configuration))
    whole = command if core is None else pinned(core, command)
    async with running_daemon(whole, folder=folder, ready='using the "epoll" event method'):
        yield
