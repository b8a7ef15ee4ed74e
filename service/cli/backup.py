"""`phaseline backup` and `phaseline restore`: the whole database in a file, and back into an empty one."""

import time
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from service import assembly
from service.cli.installation import installed
from service.cli.meters import bytes_text
from service.cli.places import Json
from service.cli.screens import duration_text
from service.cli.terminal import program, show, write_json
from service.postgres.dumping import dump_database, restore_database


class BackupMade(msgspec.Struct, frozen=True, rename="camel"):
    """What `backup --json` prints."""

    file: str
    byte_count: int
    seconds: float


async def backup(
    file: Annotated[Path, Parameter(help="A new file; its folder has to be there.")], *, json: Json = False
) -> None:
    """Write everything into a file, as it is at one instant."""
    started = time.monotonic()
    async with assembly.database_url(installed()) as url, assembly.connection_to(url):
        made = await dump_database(url, file)
    seconds = time.monotonic() - started
    if json:
        write_json(BackupMade(made.file, made.byte_count, round(seconds, 3)))
    else:
        show(f"Wrote {made.file}: {bytes_text(made.byte_count)}, in {duration_text(seconds)}.")


async def restore(file: Annotated[Path, Parameter(help="What `phaseline backup` wrote.")]) -> None:
    """Bring a backup into an empty database."""
    started = time.monotonic()
    async with assembly.database_url(installed()) as url, assembly.connection_to(url):
        await restore_database(url, file)
    show(
        f"Restored in {duration_text(time.monotonic() - started)}.",
        f"If this program is newer than the backup: {program()} migrate up",
    )
