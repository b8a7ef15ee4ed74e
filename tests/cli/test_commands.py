"""What campaigns are asked for besides moving: lists in and out, estimates, copies, changes, deletion."""

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow import parquet

from tests.cli.commanding import (
    SAMPLE_SIZE,
    STOP_SECONDS_MAX,
    Asked,
    Server,
    environment_of,
    on_a_terminal,
    read_to_the_end,
)

NOBODY = "01900000-0000-7000-8000-000000000000"
LIST = ("campaign", "create", "--sandbox", "--initial-phase", "dns_validation", "--json")
NAMES = ("campaign", "create", "--sandbox", "--constant", "mail", "--length", "2", "--count", "60", "--json")


@pytest.fixture
def empty(ask: Asked) -> str:
    """The id of a campaign that waits for a list."""
    return str(json.loads(ask(*LIST, "--name", "lists").out)["id"])


def id_of(ask: Asked, *arguments: str) -> str:
    return str(json.loads(ask(*arguments).out)["id"])


# What would come of it


def test_why_a_campaign_stands(ask: Asked, sample: str, empty: str) -> None:
    assert "All phases are completed" in ask("campaign", "explain", sample).out
    assert ask("campaign", "explain").out.startswith("It does not move.\n· dns_validation has not been started")
    assert json.loads(ask("campaign", "explain", empty, "--json").out)["moving"] is False


def test_estimates_are_of_the_phase_that_starts_next(ask: Asked, sample: str) -> None:
    made = id_of(ask, *NAMES, "--name", "estimated")
    text = ask("campaign", "estimate", made).out
    assert text.startswith("domain_generation\n  names          60\n")
    assert "DNS queries    0" in text
    dns = json.loads(ask("campaign", "estimate", sample, "--phase", "dns_validation", "--json").out)
    assert (dns["phase"], dns["names"], dns["dnsQueries"]) == ("dns_validation", SAMPLE_SIZE, SAMPLE_SIZE)
    assert "! No keywords are set" in ask("campaign", "estimate", made, "--phase", "http_validation").out
    assert "at most 60" in ask("campaign", "estimate", made, "--phase", "http_validation").out
    assert "no such campaign" in ask.refused("campaign", "estimate", NOBODY, "--phase", "analysis")


def test_a_pattern_is_tried_out(ask: Asked) -> None:
    shape = ("--constant", "zzz", "--characters", "ab", "--length", "2", "--tld", "com", "--tld", "nosuchtld")
    text = ask("campaign", "preview", *shape, "--count", "10").out
    assert "4 combinations under each TLD; 4 of them are valid names." in text
    assert "Of 10 there would be 2 too few." in text
    assert "Next: aazzz.com, aazzz.nosuchtld" in text
    assert "! .nosuchtld is not in the public suffix list" in text
    assert json.loads(ask("campaign", "preview", *shape, "--json").out)["spaceSize"] == 4
    assert "characterSet" in ask.refused("campaign", "preview", "--characters", "")


# Out


def test_an_export_is_a_whole_file(ask: Asked, sample: str, tmp_path: Path) -> None:
    file = tmp_path / "domains.csv"
    text = ask("campaign", "export", sample, "--output", str(file)).out
    assert text.startswith(f"Wrote {SAMPLE_SIZE:,} rows, ")
    lines = file.read_text().splitlines()
    assert (lines[0][:16], lines[-1]) == ("position,domain,", f"# complete rows={SAMPLE_SIZE}")
    assert list(tmp_path.iterdir()) == [file]
    again = ("campaign", "export", sample, "--output", str(file))
    assert "--overwrite replaces it" in ask.refused(*again)
    receipt = json.loads(ask(*again, "--format", "ndjson", "--overwrite", "--json").out)
    assert (receipt["rows"], receipt["resumed"], receipt["bytes"]) == (SAMPLE_SIZE, 0, file.stat().st_size)
    assert json.loads(file.read_text().splitlines()[-1]) == {"complete": True, "rows": SAMPLE_SIZE}


def test_an_export_as_parquet(ask: Asked, sample: str, tmp_path: Path) -> None:
    file = tmp_path / "domains.parquet"
    told = json.loads(ask("campaign", "export", sample, "--format", "parquet", "--output", str(file), "--json").out)
    assert told["rows"] is None
    assert parquet.read_table(file).num_rows == SAMPLE_SIZE


def test_an_export_of_some_to_standard_output(server: Server, sample: str) -> None:
    filters = ("--analysis-outcome", "qualified", "--score-min", "0.1", "--dns-outcome", "resolved", "--prefix", "a")
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "service",
            "campaign",
            "export",
            sample,
            "--format",
            "ndjson",
            *filters,
            "--output",
            "-",
        ],
        env={**environment_of(server.home), "PHASELINE_URL": server.url},
        capture_output=True,
        check=True,
    )
    *rows, trailer = map(json.loads, ended.stdout.splitlines())
    assert ended.stderr == b""
    assert trailer == {"complete": True, "rows": len(rows)}
    assert rows
    assert all(row["analysis"]["outcome"] == "qualified" and row["domain"].startswith("a") for row in rows)


def test_exports_that_cannot_be(ask: Asked, sample: str, tmp_path: Path) -> None:
    file = ("--output", str(tmp_path / "x.csv"))
    assert "no outcome 'nonsense'" in ask.refused("campaign", "export", sample, *file, "--http-outcome", "nonsense")
    assert "not searched for this keyword" in ask.refused("campaign", "export", sample, *file, "--keyword", "nonsense")
    assert "scoreMin lies above" in ask.refused(
        "campaign", "export", sample, *file, "--score-min", "0.9", "--score-max", "0.1"
    )
    assert "no such campaign" in ask.refused("campaign", "export", NOBODY, *file)
    assert "not known here" in ask.refused("campaign", "export", sample, *file, "--key", "phl_wrong")
    assert "No server answers" in ask.refused("campaign", "export", sample, *file, "--url", "http://127.0.0.1:1")
    assert "no ordinary file" in ask.refused("campaign", "export", sample, "--output", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


# In


def test_a_list_is_brought_in_and_its_rejects_are_saved(ask: Asked, empty: str, tmp_path: Path) -> None:
    names, rejects = tmp_path / "names.txt", tmp_path / "rejects.ndjson"
    names.write_text("# mine\nHTTPS://Shop.example/x\nmail.example\nmail.example\nno name\n\x1b[31mred\n")
    text = ask("campaign", "import", empty, str(names), "--rejects", str(rejects)).out
    assert [line.split() for line in text.splitlines()[:5]] == [
        *(["lines", "6"], ["accepted", "2"], ["duplicates", "1"], ["rejected", "2"], ["skipped", "1"])
    ]
    assert "Changed on the way: " in text
    assert "case_folded 1" in text
    assert "\x1b" not in text
    assert [json.loads(line)["reason"] for line in rejects.read_text().splitlines()] == [
        *("whitespace", "control_character")
    ]
    assert "--overwrite replaces it" in ask.refused("campaign", "import", empty, str(names), "--rejects", str(rejects))
    assert json.loads(ask("campaign", "import", empty, str(names), "--json").out)["accepted"] == 0


def test_lists_in_every_format(ask: Asked, empty: str, tmp_path: Path) -> None:
    table, lines, zipped = tmp_path / "names.csv", tmp_path / "names.jsonl", tmp_path / "names.tsv.gz"
    table.write_text("id,site\n1,a.example\n2,b.example\n")
    lines.write_text('{"host": "c.example"}\n{"host": 1}\n')
    zipped.write_bytes(gzip.compress(b"id\tdomain\n1\td.example\n"))
    hidden = tmp_path / "names"  # its name does not tell of gzip
    hidden.write_bytes(gzip.compress(b"e.example\n"))
    for arguments, accepted in (
        ((str(table), "--column", "site"), 2),
        ((str(lines), "--field", "host"), 1),
        ((str(zipped),), 1),
        ((str(hidden),), 1),
        ((str(table), "--format", "text"), 0),
    ):
        receipt = json.loads(ask("campaign", "import", empty, *arguments, "--json").out)
        assert receipt["accepted"] == accepted


def test_a_list_from_standard_input(server: Server, empty: str) -> None:
    command = [sys.executable, "-m", "service", "campaign", "import", empty, "-", "--json"]
    environment = {**environment_of(server.home), "PHASELINE_URL": server.url}
    piped = subprocess.run(command, input=b"a.example\nb.example\n", env=environment, capture_output=True, check=True)
    assert json.loads(piped.stdout)["accepted"] == 2


def test_lists_that_cannot_be(ask: Asked, empty: str, sample: str, tmp_path: Path) -> None:
    names, cut, fake, nothing = (tmp_path / name for name in ("names.txt", "cut.txt.gz", "fake.gz", "nothing.txt"))
    names.write_text("a.example\n")
    cut.write_bytes(gzip.compress(b"a.example\n" * 1_000)[:-8])
    fake.write_text("a.example\n")
    nothing.touch()
    for place, told in [(cut, "before it is complete"), (fake, "is not gzip"), (nothing, "no name that can be used")]:
        assert told in ask.refused("campaign", "import", empty, str(place))
    assert "no such column" in ask.refused(
        "campaign", "import", empty, str(names), "--format", "csv", "--column", "domain"
    )
    assert "generates its names" in ask.refused("campaign", "import", sample, str(names))
    assert "no such campaign" in ask.refused("campaign", "import", NOBODY, str(names))
    assert "not known here" in ask.refused("campaign", "import", empty, str(names), "--key", "phl_wrong")
    assert "No server answers" in ask.refused("campaign", "import", empty, str(names), "--url", "http://127.0.0.1:1")
    assert "No such file" in ask.refused("campaign", "import", empty, str(tmp_path / "missing.txt"))
    assert json.loads(ask("campaign", "import", empty, str(names), "--json").out)["accepted"] == 1


# Copies and changes


def test_a_copy_is_configured_like_its_model(ask: Asked, sample: str, empty: str) -> None:
    model = json.loads(ask("campaign", "show", sample, "--json").out)["campaign"]
    made = json.loads(ask("campaign", "clone", sample, "--json").out)
    assert (made["name"], made["configuration"]) == ("sample (copy)", model["configuration"])
    assert (made["phaseStatus"], made["id"] != model["id"]) == ("pending", True)
    assert "started" in ask("campaign", "clone", sample, "--name", "other", "--start").out
    assert ask("campaign", "cancel", "last").code == 0
    assert "campaign import last FILE" in ask("campaign", "clone", empty).out
    assert "a list has been imported" in ask.refused("campaign", "clone", empty, "--start")
    assert "no such campaign" in ask.refused("campaign", "clone", NOBODY)


def test_names_and_configurations_change(ask: Asked, empty: str, tmp_path: Path) -> None:
    part = tmp_path / "part.json"
    part.write_text('{"configuration": {"advance": "automatic", "dnsValidation": {"attempts": 5}}}')
    assert ask("campaign", "update", empty, "--name", "renamed").out == f"Changed renamed ({empty}).\n"
    changed = json.loads(ask("campaign", "update", empty, "--file", str(part), "--json").out)
    assert (changed["name"], changed["configuration"]["advance"]) == ("renamed", "automatic")
    assert changed["configuration"]["dnsValidation"]["attempts"] == 5
    part.write_text('{"configuration": {"network": "internet"}}')
    assert "unknown field `network`" in ask.refused("campaign", "update", empty, "--file", str(part))
    assert "no such campaign" in ask.refused("campaign", "update", NOBODY, "--name", "x")


def test_what_is_old_is_run_again(ask: Asked, sample: str) -> None:
    again = ("campaign", "start", sample, "--phase", "dns_validation")
    refused = ask.refused(*again, "--older-than", "7d")
    assert "dns_validation" in refused
    assert "later" in refused


# Deletion


def test_a_campaign_is_deleted_with_a_yes(ask: Asked) -> None:
    made = id_of(ask, *NAMES, "--name", "doomed")
    assert ask("campaign", "delete", made, "--yes").out == f"Deleted doomed ({made}).\n"
    assert "no such campaign" in ask.refused("campaign", "show", made)
    assert "no such campaign" in ask.refused("campaign", "delete", made, "--yes")
    assert json.loads(ask("campaign", "delete", id_of(ask, *NAMES, "--name", "x"), "--yes", "--json").out)["deleted"]


def read_until_question(terminal: int) -> str:
    text = ""
    while "delete it: " not in text:
        text += os.read(terminal, 65_536).decode()
    return text


@pytest.mark.parametrize(("typed", "code"), [("doomed\n", 0), ("other\n", 1), ("\n", 1)])
def test_on_a_terminal_its_name_is_asked_for(server: Server, ask: Asked, typed: str, code: int) -> None:
    made = id_of(ask, *NAMES, "--name", "doomed")
    with on_a_terminal(server.home, "campaign", "delete", "last", "--url", server.url) as (process, terminal):
        assert made in read_until_question(terminal)
        os.write(terminal, typed.encode())
        read_to_the_end(terminal)
        assert process.wait(STOP_SECONDS_MAX) == code
    assert ask("campaign", "show", made).code == (1 - code)


def test_ctrl_c_at_the_question_deletes_nothing(server: Server, ask: Asked) -> None:
    made = id_of(ask, *NAMES, "--name", "kept")
    with on_a_terminal(server.home, "campaign", "delete", made, "--url", server.url) as (process, terminal):
        read_until_question(terminal)
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_SECONDS_MAX) == 130
    assert ask("campaign", "show", made).code == 0


def test_what_changes_at_the_question_is_not_deleted(server: Server, ask: Asked) -> None:
    made = id_of(ask, *NAMES, "--name", "doomed")
    with on_a_terminal(server.home, "campaign", "delete", made, "--url", server.url) as (process, terminal):
        read_until_question(terminal)
        assert ask("campaign", "update", made, "--name", "precious").code == 0
        os.write(terminal, b"doomed\n")
        assert "read it again" in read_to_the_end(terminal)
        assert process.wait(STOP_SECONDS_MAX) == 1
    assert ask("campaign", "show", made).code == 0


def test_transfers_on_a_terminal_show_how_far_they_are(server: Server, ask: Asked, empty: str, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_bytes(b"".join(b"name%06d.example.net\n" % number for number in range(150_000)))
    with on_a_terminal(server.home, "campaign", "import", empty, str(names), "--url", server.url) as (
        process,
        terminal,
    ):
        drawn = read_to_the_end(terminal)
        assert process.wait(STOP_SECONDS_MAX) == 0
    assert " of 3.5 MB (" in drawn
    assert "accepted       150,000" in drawn
    file = tmp_path / "domains.csv"
    with on_a_terminal(server.home, "campaign", "export", empty, "--output", str(file), "--url", server.url) as (
        process,
        terminal,
    ):
        drawn = read_to_the_end(terminal)
        assert process.wait(STOP_SECONDS_MAX) == 0
    assert " rows/s" in drawn
    assert "Wrote 150,000 rows" in drawn
    with on_a_terminal(server.home, "campaign", "export", empty, "--format", "parquet", "--url", server.url) as (
        process,
        terminal,
    ):
        assert "A terminal cannot show Parquet" in read_to_the_end(terminal)
