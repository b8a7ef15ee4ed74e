import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from service.errors import Unavailable
from service.postgres import embedded
from service.postgres.binaries import MAJOR, command_line
from service.postgres.cluster import SOCKET_PATH_BYTES_MAX, Site, find_running
from service.postgres.embedded import embedded_postgres

ANSWER_SECONDS = 30
REPOSITORY = Path(embedded.__file__).parents[2]
SCRIPT = Path(__file__).with_name("using_server.py")
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1 << 1, 1 << 2

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *filter(None, sys.path)])}
AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


class Said(msgspec.Struct):
    """What a process that uses the server says: how to reach it, or why not."""

    pid: int = 0
    dsn: str = ""
    code: str = ""
    message: str = ""


@contextlib.asynccontextmanager
async def using(home: Path, *prefix: str, python: str = sys.executable) -> AsyncIterator[tuple[int, Said]]:
    """Another process that uses the server, its pid and what it said; it leaves at the end."""
    process = await asyncio.create_subprocess_exec(
        *(*prefix, python, "-B", str(SCRIPT), str(home)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), ANSWER_SECONDS)
        assert line, "the process ended without a word"
        yield process.pid, msgspec.json.decode(line, type=Said)
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), ANSWER_SECONDS)


async def ask(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def capabilities(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("CapEff")).split()[1], 16)


async def test_starts_answers_stops_and_keeps_what_was_written(home: Path) -> None:
    async with embedded_postgres(home) as server:
        connection = await asyncpg.connect(**server.connect_arguments)
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        shown = {
            name: await connection.fetchval(f"SHOW {name}")
            for name in (
                "server_encoding",
                "fsync",
                "listen_addresses",
                "max_connections",
                "data_checksums",
                "timezone",
            )
        }
        await connection.close()
        assert await ask(server.dsn, "SELECT current_user || '@' || current_database()") == "phaseline@phaseline"
    assert command_line(server.pid) == b""
    assert shown == {
        "server_encoding": "UTF8",
        "fsync": "on",
        "listen_addresses": "",
        "max_connections": "200",
        "data_checksums": "on",
        "timezone": "UTC",
    }
    async with embedded_postgres(home, durable=False) as again:
        assert await ask(again.dsn, "SELECT answer FROM kept") == 42
        assert await ask(again.dsn, "SHOW fsync") == "off"
        assert again.pid != server.pid


async def test_the_database_is_made_again_when_it_is_missing(made_home: Path) -> None:
    async with embedded_postgres(made_home, durable=False) as server:
        await ask(server.dsn.replace("/phaseline?", "/postgres?"), "DROP DATABASE phaseline")
        async with embedded_postgres(made_home, durable=False) as same:
            assert same == server
            assert await ask(same.dsn, "SELECT 1") == 1


async def test_two_processes_share_one_server_and_the_last_stops_it(made_home: Path) -> None:
    async with using(made_home) as (_, first):
        async with using(made_home) as (_, second):
            assert second == first
        assert await ask(first.dsn, "SELECT 1") == 1
    assert command_line(first.pid) == b""
    assert find_running(Site(home=made_home)) is None


async def test_processes_that_start_at_once_get_the_same_server(home: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        both = await asyncio.gather(*(stack.enter_async_context(using(home)) for _ in range(2)))
        assert both[0][1] == both[1][1]
        assert both[0][1].dsn


async def test_a_server_killed_outright_recovers_at_the_next_start(made_home: Path) -> None:
    async with embedded_postgres(made_home) as server:
        await ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(server.pid, signal.SIGKILL)
    assert (made_home / "postgres" / "postmaster.pid").exists()
    async with embedded_postgres(made_home) as again:
        assert await ask(again.dsn, "SELECT answer FROM kept") == 42


async def test_a_server_whose_user_was_killed_is_found_used_and_stopped(made_home: Path) -> None:
    async with using(made_home) as (process, said):
        os.kill(process, signal.SIGKILL)
    assert await ask(said.dsn, "SELECT 1") == 1
    async with embedded_postgres(made_home, durable=False) as server:
        assert server.pid == said.pid
    assert command_line(said.pid) == b""


async def test_a_home_copied_while_its_server_runs_gets_a_server_of_its_own(made_home: Path) -> None:
    """The copy's pid file leads to the original: whoever works on the copy must not work on the original's data."""
    copy = made_home.parent / "copy"
    async with embedded_postgres(made_home, durable=False) as original:
        copying = await asyncio.create_subprocess_exec("cp", "-a", made_home, copy)
        assert await copying.wait() == 0
        async with embedded_postgres(copy, durable=False) as copied:
            assert copied.pid != original.pid
            assert await ask(copied.dsn, "SHOW data_directory") == str(copy / "postgres")
        assert await ask(original.dsn, "SELECT 1") == 1


async def test_a_server_that_lost_its_socket_is_started_anew(made_home: Path) -> None:
    async with embedded_postgres(made_home, durable=False) as lost:
        (lost.socket_folder / ".s.PGSQL.5432").unlink()
        async with embedded_postgres(made_home, durable=False) as server:
            assert await ask(server.dsn, "SELECT 1") == 1
            assert server.pid != lost.pid
            assert command_line(lost.pid) == b""


async def test_what_crashes_left_behind_does_not_stop_a_start(home: Path) -> None:
    """Half a cluster of a killed initdb, and a stale pid file whose number now belongs to a stranger (to us)."""
    half = home / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("half")
    async with embedded_postgres(home, durable=False):
        assert not half.exists()
    stale = home / "postgres" / "postmaster.pid"
    stale.write_text("\n".join([str(os.getpid()), str(home / "postgres"), "0", "5432", str(home), "", "1 1", "ready"]))
    async with embedded_postgres(home, durable=False) as server:
        assert await ask(server.dsn, "SELECT 1") == 1


async def test_a_start_that_is_cancelled_leaves_no_server_and_no_lock(home: Path) -> None:
    async def use() -> None:
        async with embedded_postgres(home, durable=False):
            pytest.fail("it was cancelled before")

    task = asyncio.create_task(use())
    await asyncio.sleep(0)  # the start is under way
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert find_running(Site(home=home)) is None
    with (home / "postgres.users").open() as users:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)


async def test_a_long_home_keeps_its_socket_in_the_temporary_folder(home: Path) -> None:
    long = home / ("x" * SOCKET_PATH_BYTES_MAX)
    folder = Site(home=long).socket_folder
    try:
        folder.mkdir(mode=0o755)
        with pytest.raises(Unavailable) as refused:
            async with embedded_postgres(long, durable=False):
                pass
        assert refused.value.code == "postgres_socket_folder_taken"
        folder.rmdir()
        async with embedded_postgres(long, durable=False) as server:
            assert server.socket_folder == folder
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert await ask(server.dsn, "SELECT 1") == 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def test_odd_characters_in_the_home_do_no_harm(home: Path) -> None:
    odd = home / """it's "a" $(home), ünd\\so"""
    async with embedded_postgres(odd, durable=False) as server:
        assert await ask(server.dsn, "SHOW unix_socket_directories") == str(server.socket_folder)
        assert await ask(server.dsn, "SHOW data_directory") == str(odd / "postgres")
    shutil.rmtree(server.socket_folder)


# What cannot be


async def refusal(home: Path) -> Unavailable:
    with pytest.raises(Unavailable) as refused:
        async with embedded_postgres(home, durable=False):
            pytest.fail("it should have been refused")
    assert "\n" not in refused.value.message
    return refused.value


async def test_data_of_another_major_version_is_refused(home: Path) -> None:
    data = home / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("17\n")
    refused = await refusal(home)
    assert refused.code == "postgres_major_mismatch"
    assert f"PostgreSQL 17 and this is PostgreSQL {MAJOR}: move the folder aside" in refused.message


async def test_a_folder_that_is_no_cluster_is_refused(home: Path) -> None:
    (home / "postgres").mkdir(parents=True)
    assert (await refusal(home)).code == "postgres_folder_strange"


async def test_a_home_that_cannot_be_written_is_refused(home: Path) -> None:
    home.parent.joinpath("file").touch()
    refused = await refusal(home.parent / "file" / "home")
    assert refused.code == "postgres_folder_unusable"
    assert "Not a directory" in refused.message
    assert "DATABASE_URL" in refused.message


async def test_a_start_that_fails_says_why_and_where_to_read_more(made_home: Path) -> None:
    async with embedded_postgres(made_home, durable=False):
        pass
    with (made_home / "postgres" / "postgresql.auto.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    refused = await refusal(made_home)
    assert refused.code == "postgres_not_started"
    assert 'configuration file "' in refused.message
    assert str(made_home / "postgres.log") in refused.message


async def test_waiting_for_another_starter_is_bounded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOCK_SECONDS", 0.05)
    with (home.parent / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert (await refusal(home.parent)).code == "postgres_locked"


# As whom it runs


@only_root
async def test_root_hands_it_to_nobody_with_no_capability_where_that_is_enough(made_home: Path) -> None:
    async with embedded_postgres(made_home, durable=False) as server:
        assert owner_of(server.pid) == "nobody"
        assert capabilities(server.pid) == 0


@only_root
async def test_below_a_folder_that_only_root_may_enter_it_keeps_one_capability(made_home: Path) -> None:
    made_home.parent.chmod(0o700)
    async with embedded_postgres(made_home, durable=False) as server:
        assert owner_of(server.pid) == "nobody"
        assert capabilities(server.pid) == CAP_DAC_READ_SEARCH
        assert await ask(server.dsn, "SELECT 1") == 1
    assert command_line(server.pid) == b""
    async with using(made_home, "setpriv", "--bounding-set=-dac_read_search") as (_, weaker):
        assert capabilities(weaker.pid) == CAP_DAC_OVERRIDE
    async with using(made_home, "setpriv", "--bounding-set=-setpcap") as (_, none):
        assert none.code == "postgres_out_of_reach"
        assert "run Phaseline as an ordinary user" in none.message


@only_root
async def test_an_ordinary_user_runs_it_as_itself_and_root_may_join(home: Path) -> None:
    python = python_for_nobody()
    async with using(home, *AS_NOBODY, python=python) as (_, said):
        assert said.code == "postgres_folder_unusable"
        assert "Permission denied" in said.message
    shutil.chown(home.parent, "nobody")
    async with using(home, *AS_NOBODY, python=python) as (_, said):
        assert said.dsn
        assert owner_of(said.pid) == "nobody"
        async with embedded_postgres(home, durable=False) as server:
            assert server.pid == said.pid
            assert await ask(server.dsn, "SELECT 1") == 1


@only_root
async def test_other_processes_of_the_shared_user_are_not_let_in(made_home: Path) -> None:
    python = python_for_nobody()
    async with embedded_postgres(made_home, durable=False) as server:
        attempt = f"import asyncio, asyncpg; asyncio.run(asyncpg.connect({server.dsn!r}))"
        done = await asyncio.to_thread(run_as_nobody, python, "-c", attempt)
    assert "Peer authentication failed" in done.stderr


def owner_of(pid: int) -> str:
    return Path(f"/proc/{pid}").owner()


def run_as_nobody(*command: str) -> subprocess.CompletedProcess[str]:
    words = [*AS_NOBODY, *command]
    return subprocess.run(words, env=ENVIRONMENT, text=True, capture_output=True, timeout=ANSWER_SECONDS, check=False)


def python_for_nobody() -> str:
    """An interpreter that it can reach, of the version that our packages were built for; in a clone below /root there
    is none, and then we skip.
    """
    for candidate in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        if run_as_nobody(candidate, "-c", "import asyncpg, msgspec, service.postgres.embedded").returncode == 0:
            return candidate
    pytest.skip(f"user 'nobody' reaches no Python 3.{sys.version_info.minor} with our packages")
