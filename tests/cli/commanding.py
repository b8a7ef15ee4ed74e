"""Commands as processes, and what they leave behind."""

import contextlib
import os
import pty
import signal
import stat
import subprocess
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from service.cli.app import run_command

STOP_SECONDS_MAX = 10.0
RUN_SECONDS_MAX = 90.0
SAMPLE_SIZE = 300


class Finished(msgspec.Struct, frozen=True):
    """How a command ended."""

    code: int
    out: str
    err: str


class Asked:
    """Commands in this process, as somebody at the server's machine gives them."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Finished:
        self._capsys.readouterr()
        code = run_command(arguments)
        shown = self._capsys.readouterr()
        return Finished(code, shown.out, shown.err)

    def refused(self, *arguments: str) -> str:
        """The one sentence with which a command was refused."""
        ended = self(*arguments)
        assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1), ended
        return ended.err.strip()


class Server(msgspec.Struct, frozen=True):
    """A `phaseline run` that serves, over a home where the sample was completed."""

    home: Path
    url: str
    key: str
    port: int


def environment_of(home: Path) -> dict[str, str]:
    """This environment without settings, but for the home."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PHASELINE_", "DATABASE_URL"))}
    return {**ours, "PHASELINE_HOME": str(home)}


@contextlib.contextmanager
def started_command(home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command in a process of its own, with pipes; ended at the end, if it has not by then, whatever it does."""
    with subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-m", "service", *arguments],
        env=environment_of(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            with contextlib.suppress(ValueError):  # its pipes were read to the end and closed
                end_command(process)


def end_command(process: subprocess.Popen[str]) -> None:
    """Wait for its end; fail, with what each of its threads was doing, where it does not come."""
    try:
        process.communicate(timeout=STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        try:
            _, said = process.communicate(timeout=STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:  # somebody else holds its pipes
            process.kill()
            said = "and its pipes are held by another process"
        pytest.fail(f"{process.args!r} does not stop:\n{said}")


@contextlib.contextmanager
def on_a_terminal(
    home: Path, *arguments: str, settings: Mapping[str, str] = types.MappingProxyType({})
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A command on a terminal of its own, with these settings; its process, and our end of the terminal."""
    parent, child = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "service", *arguments],
        env={**environment_of(home), "TERM": "xterm-256color", "COLUMNS": "80", **settings},
        stdin=child,
        stdout=child,
        stderr=child,
        start_new_session=True,
    ) as process:
        os.close(child)
        try:
            yield process, parent
        finally:
            process.kill()
            os.close(parent)


def finish_command(home: Path, *arguments: str) -> Finished:
    with started_command(home, *arguments) as process:
        out, err = process.communicate(timeout=RUN_SECONDS_MAX)
    return Finished(process.returncode, out, err)


def read_until(process: subprocess.Popen[str], beginning: str) -> list[str]:
    """Lines of its output, up to the one that begins so."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith(beginning):
            return lines
    raise AssertionError(f"{beginning!r} never came: {lines}, {process.communicate()[1]}")


def read_url(process: subprocess.Popen[str]) -> str:
    """Where `run` or `serve` says that it serves."""
    return read_until(process, "Serving on ")[-1].split()[2].rstrip(";")


def stop_command(process: subprocess.Popen[str], number: int) -> Finished:
    """Send the signal, and wait as long as a person would."""
    process.send_signal(number)
    out, err = process.communicate(timeout=STOP_SECONDS_MAX)
    return Finished(process.returncode, out, err)


def processes_of(home: Path) -> dict[int, str]:
    """The processes that belong to this home, by their environment or their arguments: id -> arguments."""
    found = {entry: command_line(entry, home) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    return {int(entry.name): line for entry, line in found.items() if line and int(entry.name) != os.getpid()}


def command_line(process: Path, home: Path) -> str:
    try:
        arguments, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
    except OSError:
        return ""  # ended meanwhile, or somebody else's
    return arguments.replace(b"\0", b" ").decode() if os.fsencode(home) in arguments + environment else ""


def copy_of(home: Path, folder: Path) -> Path:
    """A home of one's own, where nothing runs yet; copied, since making one takes longer."""
    subprocess.run(["cp", "-a", home, folder / "home"], check=True)
    return folder / "home"


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def use_environment(monkeypatch: pytest.MonkeyPatch, settings: Mapping[str, str]) -> None:
    """Only these settings, 80 columns, and no colours."""
    for name in [name for name in os.environ if name.startswith(("PHASELINE_", "DATABASE_URL"))]:
        monkeypatch.delenv(name)
    for name, value in {**settings, "COLUMNS": "80", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)


def read_to_the_end(terminal: int) -> str:
    """All that is drawn on a terminal, until nobody writes there any more."""
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(terminal, 65_536)
        except OSError:  # how Linux says so
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts).decode()
