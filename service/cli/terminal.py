"""Standard output and standard error: the only places that commands write to."""

import contextlib
import shutil
import sys
from pathlib import Path

import msgspec
from rich.console import Console, RenderableType
from rich.text import Text

PROGRAM = "phaseline"


def output() -> Console:
    """Standard output. What people named (campaigns, keys) is shown as it is: it can hold no markup."""
    return Console(highlight=False, markup=False, emoji=False)


def error_output() -> Console:
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def show(*parts: RenderableType) -> None:
    """Each part on a line of its own; text is left whole, so that commands can be copied and pipes have whole lines."""
    console = output()
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, str | Text))


def warn(sentence: str) -> None:
    """Tell what went wrong, in one sentence, beside whatever is piped."""
    error_output().print(sentence, style="red", soft_wrap=True)


def note(sentence: str) -> None:
    """Tell something in passing, beside whatever is piped."""
    error_output().print(sentence, style="dim", soft_wrap=True)


def write_json(value: object) -> None:
    """One document, indented."""
    write_line(msgspec.json.format(msgspec.json.encode(value)).decode())


def write_json_line(value: object) -> None:
    """One message of a stream."""
    write_line(msgspec.json.encode(value).decode())


def write_line(text: str) -> None:
    """Written at once: whoever reads a pipe is waiting for it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def program() -> str:
    """What a person types here to start this program."""
    if shutil.which(PROGRAM):
        return PROGRAM
    started_as = Path(sys.argv[0])
    if started_as.name != PROGRAM:
        return "python -m service"
    with contextlib.suppress(ValueError):
        return str(started_as.absolute().relative_to(Path.cwd()))
    return str(started_as)


def printable(text: str) -> str:
    """What came from elsewhere, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
