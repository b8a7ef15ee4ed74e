"""The embedded server's configuration: settings scaled to the machine, and the one way in."""

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec

USER = "phaseline"
PORT = 5432  # part of the socket file's name; nothing listens on the network
CONNECTIONS_MAX = 200

_KIB = 1024
_MIB = 1024**2
_GIB = 1024**3
_CONTROL_GROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


class Machine(msgspec.Struct, frozen=True):
    """What the settings are scaled to."""

    memory_bytes: int
    free_disk_bytes: int


class Setting(msgspec.Struct, frozen=True):
    """One line of `postgresql.conf`."""

    name: str
    value: str


def this_machine(folder: Path) -> Machine:
    """Memory as the kernel or the container grants it, and the disk that holds the folder."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    granted = [int(text) for text in map(_text_of, _CONTROL_GROUP_LIMITS) if text.isdecimal()]
    return Machine(memory_bytes=min(installed, *granted, installed), free_disk_bytes=shutil.disk_usage(folder).free)


def server_settings(machine: Machine, socket_folder: Path, *, durable: bool) -> tuple[Setting, ...]:
    """Many short transactions and large COPYs over partitions; a laptop must be able to carry it, too."""
    memory = machine.memory_bytes
    shared_buffers = _between(128 * _MIB, memory // 8, 2 * _GIB)
    settings = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(socket_folder),
        "unix_socket_permissions": "0700",
        "max_connections": str(CONNECTIONS_MAX),
        "shared_buffers": _kib(shared_buffers),
        "effective_cache_size": _kib(memory // 2),
        "work_mem": _kib(_between(4 * _MIB, memory // 512, 32 * _MIB)),
        "maintenance_work_mem": _kib(_between(64 * _MIB, memory // 32, 512 * _MIB)),
        "wal_buffers": _kib(_between(8 * _MIB, shared_buffers // 16, 64 * _MIB)),
        "max_wal_size": _kib(_between(_GIB, machine.free_disk_bytes // 16, 8 * _GIB)),
        "checkpoint_timeout": "15min",
        # Nobody replicates from here, so index builds and loads into new partitions need no WAL of their own.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "random_page_cost": "1.1",
        "max_locks_per_transaction": "512",  # a statement may touch every partition of a table
        # With many partitions, the sixth run of a statement would stall on a generic plan that is then rejected.
        "plan_cache_mode": "force_custom_plan",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",  # we read the log's severities
        "log_min_error_statement": "panic",  # statements may hold what people wrote; the log is no place for it
        "default_text_search_config": "pg_catalog.english",
        # Without these a killed server still recovers what it committed, but a power cut may cost the whole cluster.
        **({} if durable else {"fsync": "off", "full_page_writes": "off"}),
    }
    return tuple(Setting(name, value) for name, value in settings.items())


def render_settings(settings: Iterable[Setting]) -> str:
    """The text of `postgresql.conf`. A quote in a value is doubled; a backslash would begin an escape."""
    head = "# Written anew at every start; for settings of your own use ALTER SYSTEM.\n"
    return head + "".join(f"{setting.name} = '{_quoted(setting.value)}'\n" for setting in settings)


def render_access(system_users: Iterable[str]) -> tuple[str, str]:
    """The texts of `pg_hba.conf` and `pg_ident.conf`: only these users of the system come in, only by the socket.

    The kernel tells the server who is at the other end, so even another process of a shared user like `nobody`, that
    could open the socket folder, is refused.
    """
    ident = "".join(f'{USER} "{name}" {USER}\n' for name in sorted(set(system_users)) if _is_plain(name))
    return f"local all {USER} peer map={USER}\n", ident


def _is_plain(name: str) -> bool:
    """A leading slash would make a regular expression of it, and a quote end it; no usual user name has either."""
    return re.fullmatch(r'[^/"\s][^"\n]*', name) is not None


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _between(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))


def _kib(size: int) -> str:
    return f"{size // _KIB}kB"


def _text_of(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
