"""What the doctor makes of what it sees."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from service.cli.diagnosis import wishes
from service.cli.diagnosis.database import (
    Server,
    connections_needed,
    judge_clock,
    judge_room,
    judge_schema,
    judge_server,
    judge_transactions,
    judge_workers,
    way_out,
)
from service.cli.diagnosis.findings import Finding, Level, broken, doubtful, fine, guarded
from service.cli.diagnosis.machine import (
    Mount,
    judge_cores,
    judge_disk,
    judge_files,
    judge_kind,
    judge_udp,
    kind_of,
    parse_mounts,
)
from service.cli.diagnosis.packages import judge_packages, read_pins
from service.cli.diagnosis.resolvers import Heard, judge_resolver
from service.cli.diagnosis.wishes import SettingFound, by_name, judge_connections, judge_settings
from service.cli.doctor import report_screen, worst_of
from service.errors import Unavailable
from service.pipelines.views import WorkerView
from service.postgres.configuration import Machine, server_settings
from service.postgres.migrating import MigrationStatus, Standing
from service.postgres.room import Measure, Room
from service.resolving.packets import Rcode, Reply
from service.settings import Settings
from service.web.application import API_VERSION
from tests.cli.test_screens_rules import drawn

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SERVER = Server(
    version="18.4",
    clock=NOW,
    asked_at=NOW,
    is_standby=False,
    is_read_only=False,
    encoding="UTF8",
    connections=3,
    oldest_transaction_seconds=1.0,
)
DEFAULTS = (  # PostgreSQL's own
    *(("shared_buffers", "16384", "8kB"), ("max_wal_size", "1024", "MB"), ("checkpoint_timeout", "300", "s")),
    *(("work_mem", "4096", "kB"), ("maintenance_work_mem", "65536", "kB"), ("random_page_cost", "4", "")),
    *(("max_locks_per_transaction", "64", ""), ("fsync", "on", ""), ("full_page_writes", "on", "")),
    *(("synchronous_commit", "on", ""), ("autovacuum", "on", ""), ("track_counts", "on", "")),
    *(("max_connections", "100", ""), ("superuser_reserved_connections", "3", ""), ("reserved_connections", "0", "")),
)


def settings_of(**changes: str) -> dict[str, SettingFound]:
    return by_name([SettingFound(name, changes.get(name, setting), unit) for name, setting, unit in DEFAULTS])


def test_the_defaults_of_a_server_are_doubtful_and_each_says_what_to_write() -> None:
    found = {each.check: each for each in judge_settings(settings_of(), is_embedded=False)}
    assert set(found) == {f"database.{wish.name}" for wish in wishes.WISHES}
    assert {each.level for each in found.values()} == {Level.WARN}
    assert found["database.shared_buffers"].found.startswith("shared_buffers is 128MB: ")
    assert found["database.max_wal_size"].found.startswith("max_wal_size is 1GB: ")
    assert found["database.checkpoint_timeout"].found.startswith("checkpoint_timeout is 5min: ")
    assert found["database.shared_buffers"].advice == (
        "ALTER SYSTEM SET shared_buffers = '1GB'; then restart PostgreSQL"
    )
    assert found["database.work_mem"].advice == "ALTER SYSTEM SET work_mem = '32MB'; then SELECT pg_reload_conf();"


def test_what_is_proposed_is_good() -> None:
    proposed = by_name([SettingFound(wish.name, *number_of(wish.proposal)) for wish in wishes.WISHES])
    assert [each.level for each in judge_settings({**settings_of(), **proposed}, is_embedded=False)] == [Level.OK]


def number_of(proposal: str) -> tuple[str, str]:
    unit = proposal.lstrip("0123456789.")
    number = proposal.removesuffix(unit)
    return (str(int(number) * 1_024), "MB") if unit == "GB" else (number, unit)


@pytest.mark.parametrize("memory", [2**29, 2**31, 2**35])
def test_the_embedded_server_is_as_it_should_be_on_any_machine(memory: int) -> None:
    ours = server_settings(Machine(memory_bytes=memory, free_disk_bytes=2**32), Path("/x"), durable=True)
    found = by_name([SettingFound(each.name, *number_of_ours(each.value)) for each in ours if each.value[:1].isdigit()])
    judged = judge_settings({**settings_of(), **found}, is_embedded=True)
    assert [each.level for each in judged] == [Level.OK], judged


def number_of_ours(value: str) -> tuple[str, str]:
    unit = value.lstrip("0123456789.")
    return value.removesuffix(unit), unit


@pytest.mark.parametrize(
    ("name", "level"),
    [
        *(("fsync", Level.FAIL), ("full_page_writes", Level.FAIL), ("synchronous_commit", Level.FAIL)),
        *(("autovacuum", Level.WARN), ("track_counts", Level.WARN)),
    ],
)
def test_what_is_switched_off(name: str, level: Level) -> None:
    found = {each.check: each for each in judge_settings(settings_of(**{name: "off"}), is_embedded=True)}
    assert found[f"database.{name}"].level is level
    assert found[f"database.{name}"].advice.startswith(f"ALTER SYSTEM SET {name} = 'on';")


def test_connections_are_counted_for_one_machine() -> None:
    few, many, pooled = Settings(workers=2), Settings(workers=4), Settings(workers=4, database_direct_url="x")
    assert connections_needed(many) - connections_needed(few) == 14
    assert connections_needed(pooled) == connections_needed(many) - 16 - 4 * 6 - 2
    assert judge_connections(settings_of(), 97).level is Level.OK
    short = judge_connections(settings_of(), 98)
    assert (short.level, "97 connections" in short.found) == (Level.WARN, True)
    assert "max_connections = '148'" in short.advice


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({}, Level.OK),
        ({"is_standby": True}, Level.FAIL),
        ({"is_read_only": True}, Level.FAIL),
        ({"encoding": "LATIN1"}, Level.FAIL),
    ],
)
def test_a_server_that_can_be_used(changes: dict[str, object], level: Level) -> None:
    assert judge_server(msgspec.structs.replace(SERVER, **changes)).level is level


@pytest.mark.parametrize(
    ("seconds", "level", "word"),
    [
        (0.2, Level.OK, "differ"),
        (1.5, Level.WARN, "ahead of"),
        (-1.5, Level.WARN, "behind"),
        (7_200, Level.WARN, "2:00:00"),
    ],
)
def test_the_clock(seconds: float, level: Level, word: str) -> None:
    found = judge_clock(msgspec.structs.replace(SERVER, clock=NOW + timedelta(seconds=seconds)))
    assert (found.level, word in found.found) == (level, True)


def test_an_old_transaction_is_told() -> None:
    assert judge_transactions(SERVER) == []
    (found,) = judge_transactions(msgspec.structs.replace(SERVER, oldest_transaction_seconds=3_600.0))
    assert "1:00:00" in found.found


@pytest.mark.parametrize(
    ("second", "level", "advice"),
    [
        (Standing.APPLIED, Level.OK, ""),
        (Standing.PENDING, Level.FAIL, "phaseline migrate up"),
        (Standing.CHANGED, Level.FAIL, "Run the version that made it."),
        (Standing.UNKNOWN, Level.FAIL, "Run the version that made it."),
    ],
)
def test_the_schema(second: Standing, level: Level, advice: str) -> None:
    statuses = [MigrationStatus(1, "0001_a", Standing.APPLIED, NOW), MigrationStatus(2, "0002_b", second, None)]
    found = judge_schema(statuses)
    assert (found.level, found.advice) == (level, advice)


def test_workers() -> None:
    assert judge_workers([]).level is Level.WARN
    alive = WorkerView(
        id=UUID(int=1),
        host="a",
        process_id=1,
        version=API_VERSION,
        chunks_held=2,
        rate_per_second=9.5,
        draining=False,
        live=True,
        started_at=NOW,
        heartbeat_at=NOW,
    )
    assert judge_workers([alive]).level is Level.OK
    mixed = judge_workers([alive, msgspec.structs.replace(alive, version="0.0.9")])
    assert (mixed.level, "0.0.9" in mixed.found) == (Level.WARN, True)


def test_room() -> None:
    enough = Room(Measure.DISK, 2 * 1024**3, 1024**3, is_short=False, changed_at=NOW)
    short = Room(Measure.SIZE, -5, 1024**3, is_short=True, changed_at=NOW)
    assert [finding.level for finding in judge_room([enough, short])] == [Level.OK, Level.FAIL]
    assert judge_room([]) == []


def test_the_way_out_of_a_refused_connection() -> None:
    told = way_out(Unavailable("x", "unsupported startup parameter: plan_cache_mode"))
    assert "PHASELINE_DATABASE_DIRECT_URL" in told
    assert "Upgrade" in way_out(Unavailable("postgres_too_old", "The database is PostgreSQL 16."))
    assert "DATABASE_URL" in way_out(Unavailable("database_unreachable", "The database does not answer."))


# Resolvers

ROOT = Heard(Reply(rcode=Rcode.NOERROR), 3.0)
ABSENT = Heard(Reply(rcode=Rcode.NXDOMAIN), 4.0)
LIE = Heard(Reply(rcode=Rcode.NOERROR, addresses=bytes((203, 0, 113, 7))), 4.0)


@pytest.mark.parametrize(
    ("known", "impossible", "level", "word"),
    [
        (ROOT, ABSENT, Level.OK, "after 4 ms"),
        (None, None, Level.FAIL, "no answer"),
        (ROOT, LIE, Level.FAIL, "203.0.113.7"),
        (None, LIE, Level.FAIL, "203.0.113.7"),
        (Heard(Reply(rcode=Rcode.REFUSED), 1.0), Heard(Reply(rcode=Rcode.REFUSED), 1.0), Level.FAIL, "REFUSED"),
        (ROOT, Heard(Reply(rcode=Rcode.SERVFAIL), 1.0), Level.FAIL, "SERVFAIL"),
        (ROOT, None, Level.WARN, "silent"),
        (None, ABSENT, Level.WARN, "silent"),
        (ROOT, Heard(Reply(rcode=Rcode.NOERROR), 1.0), Level.WARN, "does not say"),
        (ROOT, msgspec.structs.replace(ABSENT, milliseconds=900.0), Level.WARN, "after 900 ms"),
    ],
)
def test_resolvers(known: Heard | None, impossible: Heard | None, level: Level, word: str) -> None:
    found = judge_resolver("resolver x", known, impossible)
    assert (found.level, word in found.found) == (level, True), found
    assert bool(found.advice) is (level is not Level.OK)


# The machine


def test_mounts_are_read_and_the_innermost_counts() -> None:
    text = (
        "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
        "30 22 0:40 / /srv/my\\040files rw shared:7 - nfs4 host:/x rw\n"
        "31 22 0:41 / /tmp rw - tmpfs tmpfs rw\n"
        "nonsense\n"
    )
    mounts = parse_mounts(text)
    assert mounts == [Mount("/", "ext4"), Mount("/srv/my files", "nfs4"), Mount("/tmp", "tmpfs")]
    assert kind_of(Path("/srv/my files/phaseline"), mounts) == "nfs4"
    assert kind_of(Path("/srv/mine"), mounts) == "ext4"
    assert kind_of(Path("/srv"), []) == ""


@pytest.mark.parametrize(
    ("kind", "holds_data", "level"),
    [
        *(("ext4", True, Level.OK), ("", True, Level.OK), ("nfs4", True, Level.FAIL)),
        *(("nfs4", False, Level.OK), ("tmpfs", True, Level.WARN)),
    ],
)
def test_folders(kind: str, holds_data: bool, level: Level) -> None:
    assert judge_kind("home", "/x", kind, holds_data=holds_data).level is level


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (judge_disk("disk", Path("/x"), 80_000_000_000), Level.OK),
        (judge_disk("disk", Path("/x"), 2_000_000_000), Level.WARN),
        (judge_disk("disk", Path("/x"), 100_000_000), Level.FAIL),
        (judge_files(65_536, 65_536), Level.OK),
        (judge_files(-1, -1), Level.OK),
        (judge_files(1_024, 65_536), Level.WARN),
        (judge_files(256, 65_536), Level.FAIL),
        (judge_udp(4_194_304), Level.OK),
        (judge_udp(212_992), Level.WARN),
        (judge_cores(2.0, 2), Level.OK),
        (judge_cores(1.5, 2), Level.OK),
        (judge_cores(0.5, 4), Level.WARN),
    ],
)
def test_limits(found: Finding, level: Level) -> None:
    assert found.level is level
    assert bool(found.advice) is (level is not Level.OK)


def test_a_limit_that_only_root_can_raise_says_so() -> None:
    assert "root has to raise 1,024" in judge_files(512, 1_024).advice
    assert "root" not in judge_files(512, 4_096).advice
    assert "Set PHASELINE_WORKERS to 1." in judge_cores(0.5, 4).advice


def test_packages() -> None:
    pinned = read_pins("a-b==1.0 \\\n    --hash=sha256:00\nc==2.0 ; sys_platform == 'win32' \\\nD_e==3\n")
    assert pinned == {"a-b": "1.0", "c": "2.0", "d-e": "3"}
    good = judge_packages(pinned, {"a-b": "1.0", "d-e": "3"}, frozenset({"a-b"}))
    assert (good.level, good.found) == (Level.OK, "2 packages, all in the locked version.")
    other = judge_packages(pinned, {"a-b": "1.1", "d-e": "3"}, frozenset({"a-b"}))
    assert (other.level, other.found) == (Level.WARN, "Not as locked: a-b 1.1 for 1.0.")
    missing = judge_packages(pinned, {}, frozenset({"a-b"}))
    assert (missing.level, missing.found) == (Level.FAIL, "Missing: a-b.")


# All of them


async def test_a_look_that_fails_is_a_finding() -> None:
    async def refused() -> list[Finding]:
        raise Unavailable("x", "It is away.")

    async def failed() -> list[Finding]:
        raise PermissionError(13, "Permission denied")

    async def slow() -> list[Finding]:
        raise TimeoutError

    for look, told in [(refused, "It is away."), (failed, "Permission denied"), (slow, "within 5 s")]:
        (found,) = await guarded("part", 5, look, "Do something.")
        assert (found.check, found.level, found.advice) == ("part", Level.FAIL, "Do something.")
        assert told in found.found


def test_the_worst_counts_and_every_finding_is_drawn() -> None:
    findings = [fine("a", "Good."), doubtful("b", "So so.", "Change it."), broken("c", "\x1b[31mBad.", "Mend it.")]
    assert [worst_of(findings[:count]) for count in range(4)] == [Level.OK, Level.OK, Level.WARN, Level.FAIL]
    text = drawn(report_screen(findings))
    assert "\x1b" not in text
    assert "→ Change it." in text
    assert "1 of 3 checks failed, 1 more are doubtful." in text
    assert "All 1 checks are well." in drawn(report_screen(findings[:1]))
    assert max(map(len, text.splitlines())) <= 80
