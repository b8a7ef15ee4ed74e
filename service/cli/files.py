"""Files that are there when they are whole, and not before."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from service.cli.refusals import Interrupted
from service.errors import Conflict, Invalid

PART_SUFFIX = ".part"


def check_new_file(file: Path, *, overwrite: bool) -> None:
    """Refuse, before anything is asked for, what `new_file` would refuse."""
    place, part = places_of(file)
    try:
        is_regular = stat.S_ISREG(place.stat().st_mode)
    except FileNotFoundError:
        is_regular = None
    except OSError as error:
        raise unwritable(file, error) from None
    if is_regular is False:
        raise Invalid("file_unsuitable", f"{file} is no ordinary file; name one, or write to standard output.")
    if is_regular and not overwrite:
        raise Conflict("file_exists", f"{file} exists; --overwrite replaces it.")
    if part.exists() and not overwrite:
        raise Conflict(
            "part_exists",
            f"{part} is of an earlier call that was interrupted, or of one that goes on; remove it, or --overwrite.",
        )


@contextlib.contextmanager
def new_file(file: Path, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Written beside its place, and put there when all went well.

    What came before a transfer broke off is kept in FILE.part; in any other case nothing is left.
    """
    check_new_file(file, overwrite=overwrite)
    place, part = places_of(file)
    if overwrite:
        part.unlink(missing_ok=True)
    with open_part(file, part) as opened:
        try:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
            check_new_file(file, overwrite=True)
        except Interrupted:
            raise
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    try:
        part.replace(place)
    except OSError as error:
        raise unwritable(file, error) from None


def open_part(file: Path, part: Path) -> BinaryIO:
    """Made by this call: of two that write to the same place, the second is refused."""
    try:
        return part.open("xb")
    except OSError as error:
        raise unwritable(file, error) from None


def places_of(file: Path) -> tuple[Path, Path]:
    """Where the file will be, behind a link too, and where it is written before."""
    place = Path(os.path.realpath(file))
    return place, place.with_name(place.name + PART_SUFFIX)


def unwritable(file: Path, error: OSError) -> Invalid:
    return Invalid("file_unwritable", f"Cannot write {file}: {error.strerror}.")
