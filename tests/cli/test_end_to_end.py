"""The program as people start it: processes, signals, pipes, exit codes, and what is left behind."""

import json
import os
import re
import select
import signal
from pathlib import Path

import pytest

from tests.cli.commanding import (
    SAMPLE_SIZE,
    STOP_SECONDS_MAX,
    Asked,
    Finished,
    Server,
    copy_of,
    finish_command,
    mode_of,
    on_a_terminal,
    processes_of,
    read_to_the_end,
    read_until,
    read_url,
    started_command,
    stop_command,
    use_environment,
)

CREATE = ("campaign", "create", "--constant", "mail", "--sandbox", "--count", "60", "--length", "2")


# `phaseline run`


def test_run_shows_the_sample_through_all_phases(sampled: tuple[Path, Finished]) -> None:
    home, ended = sampled
    assert (ended.code, ended.err) == (0, ""), ended
    lines = ended.out.splitlines()
    key = next(line.split()[1] for line in lines if line.strip().startswith("Key "))
    assert key == (home / "key").read_text().strip()
    assert mode_of(home / "key") == 0o600
    for phase in ("domain_generation", "dns_validation", "http_validation", "analysis"):
        assert any(re.match(rf"sample  {phase} +completed  100 %", line) for line in lines), phase
    totals = [line for line in lines if re.match(r"  (domain_generation|analysis) ", line)]
    assert all(str(SAMPLE_SIZE) in line for line in totals)
    assert any(re.fullmatch(r"  [1-9]\d* leads", line) for line in lines)
    assert lines[-1] == "Stopped."
    assert "\x1b" not in ended.out


def test_run_leaves_no_process_behind(sampled: tuple[Path, Finished]) -> None:
    home, _ = sampled
    assert processes_of(home) == {}


def test_ctrl_c_stops_everything_in_order(sampled: tuple[Path, Finished], tmp_path: Path) -> None:
    home = copy_of(sampled[0], tmp_path)
    with started_command(home, "run", "--port", "0", "--workers", "1") as process:
        generate_names(home, read_url(process))
        family = processes_of(home)
        ended = stop_command(process, signal.SIGINT)
    kinds = " ".join(family.values())
    assert kinds.count("work --worker-id") == 1
    assert kinds.count("sandbox --json") == 1
    assert "postgres" in kinds
    assert (ended.code, ended.out.splitlines()[-2:]) == (0, ["Stopping ...", "Stopped."])
    assert "No sample. There are campaigns already" in ended.err
    assert processes_of(home) == {}


def test_children_stop_when_their_parent_is_killed(sampled: tuple[Path, Finished], tmp_path: Path) -> None:
    home = copy_of(sampled[0], tmp_path)
    with started_command(home, "run", "--port", "0", "--workers", "1", "--no-sample") as process:
        generate_names(home, read_url(process))
        children = [pid for pid, line in processes_of(home).items() if "work --worker-id" in line or "sandbox" in line]
        assert len(children) == 2
        watched = [os.pidfd_open(pid) for pid in children]
        process.kill()
        process.communicate()
    for descriptor in watched:
        ended, _, _ = select.select([descriptor], [], [], STOP_SECONDS_MAX)
        os.close(descriptor)
        assert ended
    # The database outlives a kill; who uses it next stops it.
    assert "postgres" in " ".join(processes_of(home).values())
    assert finish_command(home, "migrate", "status").code == 0
    assert processes_of(home) == {}


def test_a_port_in_use_is_one_sentence(server: Server) -> None:
    ended = finish_command(server.home, "run", "--port", str(server.port))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"Cannot listen on 127.0.0.1 port {server.port}")
    assert ended.err.count("\n") == 1


def test_a_second_start_shares_the_database_and_makes_no_second_sample(server: Server) -> None:
    ended = finish_command(server.home, "run", "--port", "0", "--workers", "1", "--exit-after-sample")
    assert ended.code == 1
    assert "No sample. There are campaigns already" in ended.err
    assert "Key " not in ended.out
    assert finish_command(server.home, "campaign", "list", "--url", server.url).code == 0


# Parts of an installation


def test_serve_and_work_are_the_parts_of_run(sampled: tuple[Path, Finished], tmp_path: Path) -> None:
    home = copy_of(sampled[0], tmp_path)
    with started_command(home, "serve", "--port", "0") as serving:
        url = read_url(serving)
        with started_command(home, "work", "--processes", "1") as working:
            read_until(working, "1 worker processes")
            generated = generate_names(home, url)
            worked = stop_command(working, signal.SIGTERM)
        served = stop_command(serving, signal.SIGTERM)
    assert generated["succeeded"] == 60
    assert (worked.code, worked.err, served.code, served.err) == (0, "", 0, "")
    assert processes_of(home) == {}


def generate_names(home: Path, url: str) -> dict[str, object]:
    """Let a worker do something: the message with which the first phase of a manual campaign is completed."""
    made = json.loads(finish_command(home, *CREATE, "--name", "parts", "--start", "--json", "--url", url).out)
    with started_command(home, "campaign", "watch", made["id"], "--json", "--url", url) as process:
        assert process.stdout is not None
        for line in process.stdout:
            message: dict[str, object] = json.loads(line)
            if message["phaseStatus"] == "completed":
                return message
    raise AssertionError("the stream ended")


def test_the_sandbox_tells_its_ports_in_one_line(tmp_path: Path) -> None:
    ports = ("--dns-port", "0", "--http-port", "0", "--https-port", "0")
    with started_command(tmp_path, "sandbox", "--json", *ports, "--seed", "3") as process:
        told = json.loads(read_until(process, "{")[-1])
        ended = stop_command(process, signal.SIGINT)
    assert told["seed"] == 3
    assert all(told[name] > 0 for name in ("dnsPort", "httpPort", "httpsPort"))
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_migrations_go_down_only_with_a_yes(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_environment(monkeypatch, {"DATABASE_URL": database_url})
    ask = Asked(capsys)
    applied = json.loads(ask("migrate", "status", "--json").out)
    assert {each["standing"] for each in applied} == {"applied"}
    assert "drops data; confirm with --yes" in ask.refused("migrate", "down", "--to", "0")
    assert "--to N or --steps N" in ask.refused("migrate", "down", "--yes")
    assert ask("migrate", "down", "--steps", "1", "--yes").out == f"reverted {applied[-1]['label']}\n"
    assert "phaseline migrate up" in ask.refused("serve", "--port", "0")
    assert "phaseline migrate up" in ask.refused("work")
    assert "pending" in ask("migrate", "status").out
    assert ask("migrate", "up").out == f"applied {applied[-1]['label']}\n"
    assert ask("migrate", "up").out == "Nothing to apply.\n"
    assert ask("migrate", "down", "--to", "0", "--yes").out.count("reverted") == len(applied)
    assert "no migration 99" in ask.refused("migrate", "up", "--to", "99")


# `phaseline keys`


def test_keys_are_made_listed_and_revoked(here: Server, ask: Asked) -> None:
    made = json.loads(ask("keys", "make", "--name", "nightly", "--json").out)
    assert ask("campaign", "list", "--key", made["secret"]).code == 0
    listed = ask("keys", "list").out
    assert "nightly" in listed
    assert made["secret"] not in listed
    assert ask("keys", "revoke", made["id"]).code == 0
    assert "not known here, or it expired or was revoked" in ask.refused("campaign", "list", "--key", made["secret"])
    known = {each["id"]: each for each in json.loads(ask("keys", "list", "--json").out)}
    assert known[made["id"]]["revokedAt"] is not None


def test_keys_that_do_not_exist(here: Server, ask: Asked) -> None:
    assert "no tenant nobody" in ask.refused("keys", "list", "--tenant", "nobody")
    assert "no key whose id begins with ffff" in ask.refused("keys", "revoke", "ffff")
    assert "printable" in ask.refused("keys", "make", "--name", "a\nb")


# `phaseline campaign`


def test_a_campaign_is_made_started_watched_and_shown(ask: Asked) -> None:
    created = ask(*CREATE, "--name", "[b]mails[/b]", "--keyword", "pricing", "--automatic", "--start")
    assert created.code == 0
    assert created.out.startswith("Created [b]mails[/b] (")
    campaign_id = created.out.split("(")[1].split(")")[0]
    watched = ask("campaign", "watch", campaign_id[:20])
    assert (watched.code, watched.err) == (0, "")
    assert re.search(r"^\[b\]mails\[/b\]  analysis +completed  100 %  60 of 60", watched.out, re.MULTILINE)
    shown = ask("campaign", "show", "last").out
    assert campaign_id in shown
    assert "✓ analysis" in shown
    assert "can be started now: nothing" in shown
    everything = json.loads(ask("campaign", "show", campaign_id, "--json").out)
    assert everything["campaign"]["phaseStatus"] == "completed"
    assert next(run["total"] for run in everything["phases"]["phases"]) == 60
    assert everything["explanation"]["moving"] is False


def test_phases_are_started_one_by_one(ask: Asked) -> None:
    campaign_id = json.loads(ask(*CREATE, "--name", "steps", "--json").out)["id"]
    assert ask("campaign", "cancel", campaign_id).out == "steps: domain_generation is cancelled.\n"
    assert "No phase can be started now" in ask.refused("campaign", "start", campaign_id)
    refused = ask.refused("campaign", "start", campaign_id, "--phase", "dns_validation")
    assert "domain_generation" in refused
    assert ask("campaign", "watch", campaign_id).code == 1


def test_commands_that_the_state_forbids_say_why(ask: Asked) -> None:
    campaign_id = json.loads(ask(*CREATE, "--name", "idle", "--json").out)["id"]
    for name in ("pause", "resume", "retry"):
        assert "has not been started" in ask.refused("campaign", name, campaign_id)
    started = json.loads(ask("campaign", "start", campaign_id, "--reason", "now", "--json").out)
    assert (started["id"], started["currentPhase"]) == (campaign_id, "domain_generation")


def test_campaigns_are_listed_in_pages(ask: Asked) -> None:
    for name in ("one", "two"):
        assert ask(*CREATE, "--name", name).code == 0
    page = json.loads(ask("campaign", "list", "--limit", "1", "--json").out)
    assert [each["name"] for each in page["items"]] == ["two"]
    following = json.loads(ask("campaign", "list", "--limit", "1", "--cursor", page["nextCursor"], "--json").out)
    assert [each["name"] for each in following["items"]] == ["one"]
    assert "--cursor" in ask("campaign", "list", "--limit", "1").out
    assert ask("campaign", "list", "--status", "failed").out == "There is no such campaign.\n"
    lines = ask("campaign", "list").out.splitlines()
    assert max(len(line) for line in lines if "--cursor" not in line) <= 80  # that one is to be copied


def test_a_request_that_makes_no_sense_names_the_field(ask: Asked) -> None:
    assert "count" in ask.refused("campaign", "create", "--name", "x", "--count", "0")
    sentence = ask.refused("campaign", "create", "--name", "x", "--sandbox", "--keyword", "")
    assert "(at /configuration/httpValidation/keywords/0/text)" in sentence


def test_unknown_ids_and_keys_and_servers_are_one_sentence(here: Server, ask: Asked) -> None:
    assert "begins with ffff" in ask.refused("campaign", "show", "ffff")
    assert "too short" in ask.refused("campaign", "show", "01a")
    newest = [json.loads(ask(*CREATE, "--name", f"alike{number}", "--json").out)["id"] for number in range(2)][1]
    assert "write more of one" in ask.refused("campaign", "show", newest[:4])  # ids begin with the time
    assert "no such campaign" in ask.refused("campaign", "show", "01900000-0000-7000-8000-000000000000")
    assert "not known here" in ask.refused("campaign", "list", "--key", "phl_wrong")
    assert "not known here" in ask.refused("campaign", "watch", "last", "--key", "phl_wrong")
    assert "characters that no key has" in ask.refused("campaign", "list", "--key", "phl_\n")
    assert "No server answers at http://127.0.0.1:1;" in ask.refused("campaign", "list", "--url", "http://127.0.0.1:1")
    assert "is not a server's address" in ask.refused("campaign", "list", "--url", "127.0.0.1:8000")


def test_ctrl_c_stops_watching_with_130(server: Server, ask: Asked) -> None:
    campaign_id = json.loads(ask(*CREATE, "--name", "waiting", "--json").out)["id"]
    with started_command(server.home, "campaign", "watch", campaign_id, "--url", server.url) as process:
        read_until(process, "Watching waiting")
        ended = stop_command(process, signal.SIGINT)
    assert (ended.code, ended.err) == (130, "")


def test_on_a_terminal_there_are_bars(server: Server, sample: str) -> None:
    with on_a_terminal(server.home, "campaign", "watch", sample, "--url", server.url) as (process, terminal):
        drawn = read_to_the_end(terminal)
        assert process.wait(STOP_SECONDS_MAX) == 0
    assert "━" in drawn
    assert "\x1b[" in drawn
