from pathlib import Path

import pytest

from service.postgres.configuration import (
    Machine,
    Setting,
    render_access,
    render_settings,
    server_settings,
    this_machine,
)

GIB = 1024**3


def shown(machine: Machine, *, durable: bool = True) -> dict[str, str]:
    return {setting.name: setting.value for setting in server_settings(machine, Path("/socket"), durable=durable)}


@pytest.mark.parametrize(
    ("memory", "disk", "buffers", "work", "wal"),
    [
        (GIB // 2, GIB, "131072kB", "4096kB", "1048576kB"),
        (8 * GIB, 64 * GIB, "1048576kB", "16384kB", "4194304kB"),
        (256 * GIB, 9000 * GIB, "2097152kB", "32768kB", "8388608kB"),
    ],
)
def test_settings_grow_with_the_machine_within_bounds(
    memory: int, disk: int, buffers: str, work: str, wal: str
) -> None:
    settings = shown(Machine(memory_bytes=memory, free_disk_bytes=disk))
    assert (settings["shared_buffers"], settings["work_mem"], settings["max_wal_size"]) == (buffers, work, wal)


def test_commits_are_safe_unless_a_test_asks_otherwise() -> None:
    machine = Machine(memory_bytes=GIB, free_disk_bytes=GIB)
    assert "fsync" not in shown(machine)
    assert shown(machine, durable=False)["fsync"] == "off"
    assert shown(machine)["listen_addresses"] == ""


def test_values_are_quoted() -> None:
    assert render_settings([Setting("a", r"it's a \ path")]).endswith("\na = 'it''s a \\\\ path'\n")


def test_only_named_users_of_the_system_come_in() -> None:
    access, users = render_access({"root", "ann", "/.*", 'a"b', "o'hara"})
    assert access == "local all phaseline peer map=phaseline\n"
    assert users == 'phaseline "ann" phaseline\nphaseline "o\'hara" phaseline\nphaseline "root" phaseline\n'


def test_this_machine_has_memory_and_a_disk(tmp_path: Path) -> None:
    machine = this_machine(tmp_path)
    assert machine.memory_bytes > 0
    assert machine.free_disk_bytes > 0
