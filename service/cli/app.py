"""The commands' names, and the edge: what goes wrong becomes one sentence and an exit code."""

import importlib.metadata
import os
import sys
from collections.abc import Sequence
from typing import Final

import uvloop
from cyclopts import App, CycloptsError, Group
from rich.text import Text

from service.cli.terminal import PROGRAM, warn
from service.errors import Refused

EXIT_REFUSED: Final = 1
EXIT_INTERRUPTED: Final = 130  # 128 and SIGINT, as shells count

HERE = Group("On this machine", sort_key=1)
SERVER = Group("Ask a server", sort_key=2)


def version() -> str:
    return importlib.metadata.version(PROGRAM)


def usage_error(error: CycloptsError) -> Text:
    return Text(str(error), "red")


RUN = """Run everything on this machine: database, API, workers and sandbox.

The first start makes a PostgreSQL in PHASELINE_HOME (or takes DATABASE_URL), a key, and a sample campaign that goes
through all phases on the sandbox: a small internet on loopback. Nothing leaves this machine. Ctrl-C stops everything.

For example:

    phaseline run

    phaseline run --port 8080 --workers 4 --no-sample
"""
SERVE = """Serve the API.

The database is DATABASE_URL, or the embedded one in PHASELINE_HOME. Workers are started apart, with `phaseline work`,
on as many machines as wanted. Ctrl-C stops it.

For example:

    DATABASE_URL=postgresql://phaseline@db.example/phaseline phaseline serve --port 8080
"""
WORK = """Run worker processes.

One that dies is started again, and what it held is taken over. Ctrl-C stops them; what they hold goes back.

For example:

    DATABASE_URL=postgresql://phaseline@db.example/phaseline phaseline work --processes 4
"""
SANDBOX = """Run a small internet on this machine, or ask it for the truth about a name.

DNS, HTTP and HTTPS on loopback, with all that can go wrong there; which names exist follows from the seed. Ctrl-C
stops it.

For example:

    phaseline sandbox --seed 7

    phaseline sandbox explain abcdshop.com
"""
MIGRATE = """Bring the database's schema up or down.

The database is DATABASE_URL, or the embedded one in PHASELINE_HOME.
"""
KEYS = """Make, list and revoke keys.

Whoever has a key acts for its tenant. These commands need the database: DATABASE_URL, or the one in PHASELINE_HOME.
"""
SETTINGS = """Show every setting: its variable, value, default and meaning.

For example:

    PHASELINE_PORT=8080 phaseline settings
"""
DOCTOR = """Look at everything that an installation stands on, and say what to change.

Packages, folders, disks and limits of this machine; the database with its schema, settings and clock; workers; the
resolvers of campaigns under way; the API. Each check stands alone, so that it helps when something is broken. It ends
with 1 if one fails.

For example:

    phaseline doctor

    DATABASE_URL=postgresql://phaseline@db.example/phaseline phaseline doctor --resolver 192.0.2.53 --json
"""
REPORT = """Tell what was done, by day and by week: campaigns, domains by phase, failures, leads, rates.

Days are those of UTC. What was done stays known when its campaign is deleted. Needs the database: DATABASE_URL, or the
one in PHASELINE_HOME.

For example:

    phaseline report --since 7d

    phaseline report --since 2026-11-01T00:00:00Z --tenant research --json
"""
BACKUP = """Write everything into a file, as it is at one instant; others go on meanwhile.

It is what PostgreSQL's pg_dump writes. The file holds all data, and hashes of keys: only its owner can read it. The
database is DATABASE_URL, or the one in PHASELINE_HOME.

For example:

    phaseline backup /var/backups/phaseline-$(date +%F).dump
"""
RESTORE = """Bring a backup into an empty database.

The database is DATABASE_URL, or a new one in PHASELINE_HOME. Neither an API nor workers may be there yet.

For example:

    PHASELINE_HOME=/var/lib/phaseline-new phaseline restore /var/backups/phaseline-2026-11-29.dump
"""
UNIT = """Print a systemd unit for this installation.

`all` runs everything on one machine, with the embedded database. Beside a PostgreSQL of your own there is one for the
API and one for workers, on as many machines as wanted; sharing an embedded one, they would end it for each other.

For example:

    phaseline unit all > /etc/systemd/system/phaseline.service

    phaseline unit workers > /etc/systemd/system/phaseline-workers.service
"""
MONITORING = """Print what an installation is watched with: metrics, alert rules and a dashboard.

Prometheus scrapes /metrics of each API process, and of each worker a port of its own, from PHASELINE_METRICS_PORT on.
PHASELINE_MONITORING=false turns all of it off.

For example:

    phaseline monitoring alerts > /etc/prometheus/phaseline.yml
"""
OPENAPI = """Write the contract: what can be asked over HTTP (OpenAPI), and what websockets say (AsyncAPI).

A server shows the same under /docs, and serves it under /schema. Needs no database and no server.

For example:

    phaseline openapi --folder contract
"""
CAMPAIGN = """Create campaigns, move them through their phases, and watch.

For example:

    phaseline campaign create --name try --constant shop --sandbox --automatic --start

    phaseline campaign watch last
"""

app = App(
    name=PROGRAM,
    help="From millions of candidate domain names to leads, as phases.\n\nBegin with `phaseline run`.",
    version=version,
    error_formatter=usage_error,
    help_format="markdown",
)
# By name: a module is imported when its command is called, so that no command waits for the others.
app.command("service.cli.run:run", name="run", help=RUN, group=HERE, sort_key=1)
app.command("service.cli.services:serve", name="serve", help=SERVE, group=HERE, sort_key=2)
app.command("service.cli.services:work", name="work", help=WORK, group=HERE, sort_key=3)
app.command("service.cli.services:sandbox", name="sandbox", help=SANDBOX, group=HERE, sort_key=4)
app.command("service.cli.migrate:migrate", name="migrate", help=MIGRATE, group=HERE, sort_key=5)
app.command("service.cli.keys:keys", name="keys", help=KEYS, group=HERE, sort_key=6)
app.command("service.cli.settings:settings", name="settings", help=SETTINGS, group=HERE, sort_key=7)
app.command("service.cli.doctor:doctor", name="doctor", help=DOCTOR, group=HERE, sort_key=8)
app.command("service.cli.openapi:openapi", name="openapi", help=OPENAPI, group=HERE, sort_key=9)
app.command("service.cli.monitoring:monitoring", name="monitoring", help=MONITORING, group=HERE, sort_key=10)
app.command("service.cli.report:report", name="report", help=REPORT, group=HERE, sort_key=11)
app.command("service.cli.backup:backup", name="backup", help=BACKUP, group=HERE, sort_key=12)
app.command("service.cli.backup:restore", name="restore", help=RESTORE, group=HERE, sort_key=13)
app.command("service.cli.unit:unit", name="unit", help=UNIT, group=HERE, sort_key=14)
app.command("service.cli.campaigns:campaign", name="campaign", help=CAMPAIGN, group=SERVER, sort_key=20)


def main() -> None:
    """What the console script `phaseline` calls."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    try:
        code: int | None = uvloop.run(app.run_async(list(arguments), result_action="return_value"))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not complain while it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_REFUSED
    except Refused as refusal:
        warn(refusal.message)
        return EXIT_REFUSED
    except BaseExceptionGroup as group:
        warn(only_refusal(group).message)
        return EXIT_REFUSED
    return code or 0


def only_refusal(group: BaseExceptionGroup[BaseException]) -> Refused:
    """What tasks beside each other were refused: the first is told. Anything else in the group is a bug, and raised."""
    refused, others = group.split(Refused)
    if refused is None or others is not None:
        raise group
    first: BaseException = refused
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    assert isinstance(first, Refused)
    return first
