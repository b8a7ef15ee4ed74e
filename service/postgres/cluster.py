"""One embedded database cluster: made, started, found running, stopped. Blocking; the caller holds the lock.

nothing -> made (initdb, beside its place, then renamed) -> running <-> stopped
killed  -> running again at the next start, after PostgreSQL's own recovery
"""

import contextlib
import hashlib
import os
import re
import shutil
import socket
import stat
import struct
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

import msgspec

from service.errors import Unavailable
from service.postgres.binaries import (
    MAJOR,
    SHARED_USER,
    Account,
    Programs,
    choose_account,
    command_line,
    find_binaries,
    user_name,
)
from service.postgres.configuration import PORT, render_access, render_settings, server_settings, this_machine

INITDB_SECONDS = 120.0
START_SECONDS = 120.0  # includes the recovery after a crash
STOP_SECONDS = 60.0  # includes the last checkpoint
ORPHANS_SECONDS = 10.0  # how long the processes of a killed server may take to notice
LAUNCH_SECONDS = INITDB_SECONDS + 2 * STOP_SECONDS + START_SECONDS + ORPHANS_SECONDS
POLL_SECONDS = 0.05
PROBE_SECONDS = 2.0
LOG_BYTES_MAX = 16 * 1024**2
LOG_TAIL_BYTES = 64 * 1024
SOCKET_PATH_BYTES_MAX = 103  # sun_path has 104 bytes on macOS and 108 on Linux, the last one a zero

_INITDB = (
    *("--username=phaseline", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    *("--auth-local=peer", "--auth-host=reject", "--no-instructions"),
)
# Anything else would need quoting in postgresql.conf, in a URL, and in the driver's comma-separated list of hosts.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+@-]+")
_COMPLAINT = re.compile(r"(?:FATAL|PANIC|ERROR|error): +(.+)")
_MAY_WE_ENCRYPT = struct.pack("!ii", 8, 80877103)  # the protocol's SSLRequest; any server answers with a letter
_STILL_IN_USE = "pre-existing shared memory block"


class Site(msgspec.Struct, frozen=True):
    """The places in one home folder, which is absolute and resolved."""

    home: Path

    @property
    def data(self) -> Path:
        """Owned by the user that the server runs as, closed to everybody else."""
        return self.home / "postgres"

    @property
    def new_data(self) -> Path:
        return self.home / "postgres.new"

    @property
    def log(self) -> Path:
        """What the programs said; starts over when it has grown too long."""
        return self.home / "postgres.log"

    @property
    def lock(self) -> Path:
        return self.home / "postgres.lock"

    @property
    def users(self) -> Path:
        return self.home / "postgres.users"

    @property
    def name(self) -> str:
        """Tells this home from every other; it stands in the server's command line, so that a pid can be checked."""
        return "phaseline-" + hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]

    @property
    def socket_folder(self) -> Path:
        """In the home, or in the system's temporary folder where that path is too long or has odd characters."""
        inside = self.home / "postgres.socket"
        if len(os.fsencode(_socket_in(inside))) <= SOCKET_PATH_BYTES_MAX and _PLAIN_PATH.fullmatch(str(inside)):
            return inside
        return Path(tempfile.gettempdir()).resolve() / self.name


class Running(msgspec.Struct, frozen=True):
    """What `postmaster.pid` says of a server; true only if `_answers`."""

    pid: int
    data_folder: Path
    socket_folder: Path
    status: str


def find_running(site: Site) -> Running | None:
    """The server, if it is ready and answers."""
    noted = _read_pid_file(site)
    if noted is None or not _is_of_this_data(site, noted) or not _answers(noted):
        return None
    _refuse_strange_data(site)
    return noted


def start_server(site: Site, *, durable: bool) -> Running:
    """A server that answers, made first if need be; `Unavailable` or `OSError` where that cannot be.

    Whatever a killed or half-started server left behind is cleared away before.
    """
    made = site.data.exists()
    if made:
        _refuse_strange_data(site)
    programs = _find_programs(site)
    _empty_long_log(site.log)
    _prepare_socket_folder(site.socket_folder, programs.account)
    if made:
        _clear_the_way(site, programs)
    else:
        _make_cluster(site, programs, durable=durable)
    _write_configuration(site, programs.account, durable=durable)
    _launch(site, programs)
    started = find_running(site)
    if started is None:
        raise Unavailable("postgres_not_answering", f"PostgreSQL started but does not answer; see {site.log}.")
    return started


def stop_server(site: Site) -> None:
    """Stop it with a last checkpoint; without one if that takes too long, and then the next start recovers.

    Only the one that we started: a pid file may be stale, and its number somebody else's by now.
    """
    noted = _read_pid_file(site)
    if noted is None or not _is_ours(site, command_line(noted.pid)):
        return
    _ask_to_stop(site, _find_programs(site))


def _find_programs(site: Site) -> Programs:
    binaries = find_binaries()
    return Programs(folder=binaries, account=choose_account(binaries, site.home, site.data))


# Making a cluster


def _make_cluster(site: Site, programs: Programs, *, durable: bool) -> None:
    """A whole one or none: it is made beside its place and renamed, so that a kill in the middle leaves no half."""
    shutil.rmtree(site.new_data, ignore_errors=True)
    _make_private_folder(site.new_data, programs.account)
    sync = () if durable else ("--no-sync",)
    complaint = _complaint(site, programs, "initdb", *_INITDB, *sync, data=site.new_data, seconds=INITDB_SECONDS)
    if complaint is not None:
        shutil.rmtree(site.new_data, ignore_errors=True)
        raise Unavailable(
            "postgres_not_made",
            f"PostgreSQL's data folder could not be made in {site.home}: {complaint} (more in {site.log}).",
        )
    site.new_data.rename(site.data)
    if durable:
        _sync_folder(site.home)


def _refuse_strange_data(site: Site) -> None:
    version_file = site.data / "PG_VERSION"
    if not version_file.exists():
        raise Unavailable("postgres_folder_strange", f"{site.data} is not a PostgreSQL data folder: move it aside.")
    made_by = version_file.read_text().strip()
    if made_by != str(MAJOR):
        raise Unavailable(
            "postgres_major_mismatch",
            f"{site.data} was made by PostgreSQL {made_by} and this is PostgreSQL {MAJOR}: move the folder aside to "
            f"begin anew, or dump it with PostgreSQL {made_by} and restore it here.",
        )


# Starting and stopping


def _launch(site: Site, programs: Programs) -> None:
    """Start it, again and again while the processes of a killed server have not noticed that it is gone."""
    deadline = time.monotonic() + ORPHANS_SECONDS
    arguments = ("start", "--wait", f"--timeout={START_SECONDS:.0f}", "--options", f"-c cluster_name={site.name}")
    while complaint := _complaint(site, programs, "pg_ctl", *arguments, data=site.data, seconds=START_SECONDS + 5):
        if _STILL_IN_USE not in complaint or time.monotonic() > deadline:
            raise Unavailable(
                "postgres_not_started", f"PostgreSQL could not be started: {complaint} (more in {site.log})."
            )
        time.sleep(POLL_SECONDS)


def _clear_the_way(site: Site, programs: Programs) -> None:
    """Stop a server that lives but does not answer (its start was cut short, or its socket was swept away).

    A lock file prevents the start while its number exists, be it that of a dead process which nobody has buried or,
    given out again, of a stranger: such files go. That is safe because the server also looks for its shared memory,
    found by the data folder. A server that somebody started by hand is left to PostgreSQL, which starts no second one.
    """
    noted = _read_pid_file(site)
    if noted is None:
        return
    command = command_line(noted.pid)
    if _cannot_be_the_server(site, command):
        for stale in (site.data / "postmaster.pid", *site.socket_folder.glob(f".s.PGSQL.{PORT}*")):
            stale.unlink()
    elif _is_ours(site, command) and not _ask_to_stop(site, programs):
        raise Unavailable(
            "postgres_stuck", f"PostgreSQL (process {noted.pid}) neither answers nor stops: end it; see {site.log}."
        )


def _ask_to_stop(site: Site, programs: Programs) -> bool:
    """Whether it stopped; politely at first."""
    arguments = ("stop", "--wait", f"--timeout={STOP_SECONDS:.0f}")
    return any(
        _complaint(site, programs, "pg_ctl", *arguments, mode, data=site.data, seconds=STOP_SECONDS + 5) is None
        for mode in ("--mode=fast", "--mode=immediate")
    )


def _complaint(site: Site, programs: Programs, program: str, *arguments: str, data: Path, seconds: float) -> str | None:
    """None if the program ended well, else its last complaint in the log."""
    with open_private(site.log) as log:
        begin = log.tell()
        if programs.run(program, *arguments, data=data, log=log, seconds=seconds):
            return None
    return _last_complaint(site.log, begin) or f"{program} did not succeed within {seconds:.0f} seconds"


def _last_complaint(log: Path, begin: int) -> str | None:
    with log.open("rb") as lines:
        lines.seek(max(begin, lines.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
        found = _COMPLAINT.findall(lines.read().decode(errors="replace"))
    return found[-1].rstrip(".") if found else None


def _empty_long_log(log: Path) -> None:
    """Even a server that still writes to it goes on well, at the new end."""
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        os.truncate(log, 0)


def open_private(file: Path) -> BinaryIO:
    """For appending. Others can neither read the log nor hold a lock against us."""
    return os.fdopen(os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab")


# What runs


def _read_pid_file(site: Site) -> Running | None:
    """Its lines: pid, data folder, start time, port, socket folder, address, shared memory, status."""
    try:
        lines = (site.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    if not lines or not lines[0].isdecimal():
        return None
    lines += [""] * 8
    return Running(pid=int(lines[0]), data_folder=Path(lines[1]), socket_folder=Path(lines[4]), status=lines[7].strip())


def _is_of_this_data(site: Site, noted: Running) -> bool:
    """A home that was copied while its server ran has a pid file that still leads to the original."""
    try:
        return noted.data_folder.samefile(site.data)
    except FileNotFoundError:
        return False


def _answers(noted: Running) -> bool:
    """It must speak: the socket of a server that is just dying can still be connected to."""
    if noted.status != "ready":
        return False
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.settimeout(PROBE_SECONDS)
        probe.connect(str(_socket_in(noted.socket_folder)))
        probe.sendall(_MAY_WE_ENCRYPT)
        return probe.recv(1) != b""
    return False


def _is_ours(site: Site, command: bytes) -> bool:
    return f"cluster_name={site.name}".encode() in command


def _cannot_be_the_server(site: Site, command: bytes) -> bool:
    """Dead or dying, no PostgreSQL at all, or the PostgreSQL of another home."""
    program = command.split(b"\0", 1)[0]
    another_home = b"cluster_name=phaseline-" in command and not _is_ours(site, command)
    return b"postgres" not in program or another_home


# Files


def _prepare_socket_folder(folder: Path, account: Account) -> None:
    """Private to the server's user; one that is not is refused, since others could listen in our stead."""
    with contextlib.suppress(FileExistsError):
        _make_private_folder(folder, account)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or stat.S_IMODE(found.st_mode) != 0o700:
        raise Unavailable(
            "postgres_socket_folder_taken",
            f"{folder}, where PostgreSQL's socket must lie, is not private to user '{account.name}': remove it, "
            "or set PHASELINE_HOME to another folder.",
        )


def _make_private_folder(folder: Path, account: Account) -> None:
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)


def _write_configuration(site: Site, account: Account, *, durable: bool) -> None:
    settings = server_settings(this_machine(site.home), site.socket_folder, durable=durable)
    access, system_users = render_access(_welcome_users(account))
    _write_private(site.data / "postgresql.conf", render_settings(settings), account)
    _write_private(site.data / "pg_hba.conf", access, account)
    _write_private(site.data / "pg_ident.conf", system_users, account)


def _welcome_users(account: Account) -> set[str]:
    """Root, whom nothing keeps out anyway, and the data's owner, unless that is everybody's `nobody`."""
    owner = user_name(account.uid)
    return {"root"} if os.geteuid() == 0 and owner == SHARED_USER else {"root", owner}


def _write_private(file: Path, text: str, account: Account) -> None:
    """A new file, never an existing one or a link: the folder belongs to another user than root, who may write here."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as new:
        new.write(text)
        if os.geteuid() == 0:
            os.fchown(new.fileno(), account.uid, account.gid)


def _sync_folder(folder: Path) -> None:
    """A rename outlives a power cut only once its folder is written."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _socket_in(folder: Path) -> Path:
    return folder / f".s.PGSQL.{PORT}"
