"""`phaseline unit`: systemd units for this installation, printed to be put into /etc/systemd/system."""

import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from service.cli.terminal import PROGRAM, write_line
from service.errors import Invalid

OPEN_FILES_MAX = 65_536
STOP_SECONDS_MAX = 90  # workers give back within 10 s; an embedded database writes its last checkpoint within 60


class Part(StrEnum):
    """Of an installation: everything on one machine, or one half beside a PostgreSQL of its own."""

    ALL = "all"
    API = "api"
    WORKERS = "workers"


class Words(msgspec.Struct, frozen=True):
    """What differs from unit to unit."""

    description: str
    command: str
    weight: int = 100  # of the processors, beside other services: systemd weighs those, not processes


WORDS = {
    Part.ALL: Words("Phaseline: database, API and workers", "run --no-sample"),
    Part.API: Words("Phaseline's API", "serve"),
    Part.WORKERS: Words("Phaseline's workers", "work", weight=33),
}

# The program stops its own children, and an embedded database last: only what is left after that is killed.
TEMPLATE = """# {name}, made by `phaseline unit {part}`. Settings, DATABASE_URL among them, stand in {environment},
# which only root should read. What it keeps is in /var/lib/{state}.
[Unit]
Description={description}
After=network-online.target postgresql.service
Wants=network-online.target

[Service]
Type=exec
User={user}
ExecStart={program} {command}
EnvironmentFile=-{environment}
Environment=PHASELINE_HOME=/var/lib/{state}
Environment=PHASELINE_LOG_JSON=true
Environment=PHASELINE_LOG_LEVEL=INFO
StateDirectory={state}
StateDirectoryMode=0700
WorkingDirectory=/var/lib/{state}
Restart=on-failure
RestartSec=2
KillMode=mixed
TimeoutStopSec={stop_seconds}
LimitNOFILE={open_files}
CPUWeight={weight}
NoNewPrivileges=true
PrivateTmp=true
ProtectSystem=strict
ProtectHome=read-only
ProtectKernelTunables=true
ProtectKernelModules=true
ProtectControlGroups=true
RestrictSUIDSGID=true
LockPersonality=true

[Install]
WantedBy=multi-user.target
"""


def unit(
    part: Annotated[Part, Parameter(help="all: with the embedded database; api and workers: beside one of your own.")],
    *,
    user: Annotated[str, Parameter(help="A user of the system, who is not root.")] = PROGRAM,
    environment: Annotated[Path, Parameter(help="Where the settings stand.")] = Path("/etc/phaseline.env"),
) -> None:
    """Print a unit."""
    write_line(render_unit(part, user, environment, this_program()).rstrip())


def render_unit(part: Part, user: str, environment: Path, program: Path) -> str:
    """The unit's text; Invalid where a word of it would mean something else to systemd."""
    for word in (user, str(environment), str(program)):
        if not word or any(letter.isspace() or letter in "%\"'\\;$#" for letter in word):
            raise Invalid("unit_impossible", f"{word!r} cannot stand in a unit.")
    words = WORDS[part]
    return TEMPLATE.format(
        name=unit_name(part),
        part=part,
        description=words.description,
        user=user,
        program=program,
        command=words.command,
        environment=environment,
        state=PROGRAM,
        stop_seconds=STOP_SECONDS_MAX,
        open_files=OPEN_FILES_MAX,
        weight=words.weight,
    )


def unit_name(part: Part) -> str:
    return f"{PROGRAM}.service" if part is Part.ALL else f"{PROGRAM}-{part}.service"


def this_program() -> Path:
    """The program that runs, by its whole path."""
    beside = Path(sys.executable).parent / PROGRAM
    found = str(beside) if beside.exists() else shutil.which(PROGRAM)
    if found is None:
        raise Invalid("program_missing", f"There is no program {PROGRAM} here: install the package first.")
    return Path(found).absolute()
