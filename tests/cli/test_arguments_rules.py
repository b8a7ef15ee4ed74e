"""What a command line means, and what is said to one that means nothing."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec
import pytest

from service.assembly import child_environment
from service.campaigns.model import Advance, CreateCampaign, Network, Pattern
from service.cli.app import app, run_command
from service.cli.drafts import NO_DRAFT, Draft, read_request, request_of, spelled_out
from service.cli.places import find_place, read_key, write_key
from service.cli.sample import SAMPLE_COUNT, TLDS, sample_campaign
from service.cli.settings import shown_url, shown_value
from service.errors import Invalid, Unauthenticated
from service.progress.events import CampaignPhase
from service.sandbox.truth import truth_of
from service.settings import describe_settings, read_settings
from tests.cli.commanding import mode_of, use_environment

REQUEST = {
    "name": "from a file",
    "initialPhase": "domain_generation",
    "configuration": {
        "network": "sandbox",
        "domainGeneration": {
            "pattern": "both",
            "constant": "shop",
            "characterSet": "ab",
            "variableLength": 1,
            "secondVariableLength": 2,
            "tlds": ["com"],
            "count": 5,
        },
    },
}


def draft_of(*flags: str) -> Draft:
    _, bound, _ = app.parse_args(["campaign", "create", *flags], exit_on_error=False, print_error=False)
    return cast("Draft", bound.arguments.get("draft", NO_DRAFT))


def test_a_cursor_may_begin_with_a_hyphen() -> None:
    """One of 64 does."""
    flags = ["campaign", "list", "--cursor", "-abc", "--limit", "2"]
    _, bound, _ = app.parse_args(flags, exit_on_error=False, print_error=False)
    assert bound.arguments == {"cursor": "-abc", "limit": 2}


def test_flags_make_a_request() -> None:
    draft = draft_of(
        *("--name", "shops", "--pattern", "both", "--constant", "shop", "--characters", "ab-", "--length", "4"),
        *("--second-length", "2", "--tld", "com", "--tld", "co.uk", "--count", "50000", "--keyword", "contact us"),
        *("--keyword", "pricing", "--resolver", "192.0.2.1:53", "--automatic"),
    )
    wanted = request_of(draft, None)
    generation = wanted.configuration.domain_generation
    assert generation is not None
    assert (wanted.name, wanted.initial_phase) == ("shops", CampaignPhase.DOMAIN_GENERATION)
    assert (generation.pattern, generation.constant, generation.character_set) == (Pattern.BOTH, "shop", "ab-")
    assert (generation.variable_length, generation.second_variable_length, generation.count) == (4, 2, 50_000)
    assert generation.tlds == ("com", "co.uk")
    assert [keyword.text for keyword in wanted.configuration.http_validation.keywords] == ["contact us", "pricing"]
    assert wanted.configuration.dns_validation.resolvers == ("192.0.2.1:53",)
    assert (wanted.configuration.advance, wanted.configuration.network) == (Advance.AUTOMATIC, Network.INTERNET)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a-c", "abc"),
        ("A-C", "abc"),
        ("a-cx-z0-2-", "abcxyz012-"),
        ("-a", "-a"),
        ("a-9", "a-9"),
        ("b-b", "b"),
        ("", ""),
    ],
)
def test_ranges_of_characters_are_spelled_out(written: str, meant: str) -> None:
    assert spelled_out(written) == meant


def test_a_range_that_goes_backwards_is_refused() -> None:
    with pytest.raises(Invalid, match="z-a is no range"):
        spelled_out("z-a")


def test_without_flags_nothing_leaves_the_defaults() -> None:
    wanted = request_of(draft_of("--name", "x"), None)
    assert (wanted.configuration.advance, wanted.configuration.network) == (Advance.MANUAL, Network.INTERNET)
    assert wanted.configuration.domain_generation is not None
    assert wanted.configuration.domain_generation.tlds == ("com",)


def test_the_sandbox_is_not_waited_for_long() -> None:
    inside, outside = (request_of(draft_of("--name", "x", *flag), None) for flag in (["--sandbox"], []))
    assert inside.configuration.network is Network.SANDBOX
    for phase in ("dns_validation", "http_validation"):
        near, far = (getattr(wanted.configuration, phase).timeout_seconds for wanted in (inside, outside))
        assert near < far


def test_a_request_from_a_file_or_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "campaign.json"
    file.write_text(json.dumps(REQUEST))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(file.read_bytes())))
    assert request_of(NO_DRAFT, file) == request_of(NO_DRAFT, Path("-")) == msgspec.convert(REQUEST, CreateCampaign)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not a campaign: Input data was truncated"),
        ('{"name": 1}', "Expected `str`, got `int` - at `$.name`"),
        (json.dumps({**REQUEST, "colour": "red"}), "unknown field `colour`"),
        (" " * 1_000_001, "larger than 1,000,000 bytes"),
    ],
)
def test_a_file_that_is_no_request(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "campaign.json"
    file.write_text(text)
    with pytest.raises(Invalid) as refusal:
        read_request(file, CreateCampaign, "a campaign")
    assert told in refusal.value.message


def test_what_cannot_be_meant() -> None:
    with pytest.raises(Invalid, match="--name"):
        request_of(NO_DRAFT, None)
    with pytest.raises(Invalid, match="not both"):
        request_of(Draft(name="x"), Path("campaign.json"))
    with pytest.raises(Invalid, match="No such file"):
        read_request(Path("/nowhere/campaign.json"), CreateCampaign, "a campaign")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("campaign delete 0199f3a2", "confirm with --yes"),
        ("campaign delete last", "confirm with --yes"),
        ("campaign delete last --yes", "give its id"),
        ("campaign update last", "Say what changes"),
        ("campaign update last --file missing.json", "Cannot read missing.json"),
        ("campaign export last --json", "give the export a file"),
        ("campaign import last missing.txt", "Cannot read missing.txt: No such file or directory"),
        ("campaign import last names.zip", "say --format"),
        ("campaign import last . --format text", "Cannot read .: Is a directory"),
        ("campaign create --name x --initial-phase dns_validation --start", "a list has been imported"),
        ("campaign start last --rerun older-than", "Say older than what"),
    ],
)
def test_what_no_server_has_to_be_asked_for(
    line: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    use_environment(monkeypatch, {"PHASELINE_URL": "http://127.0.0.1:1", "PHASELINE_KEY": "phl_x"})
    monkeypatch.chdir(tmp_path)
    assert run_command(line.split()) == 1
    shown = capsys.readouterr()
    assert told in shown.err
    assert (shown.out, shown.err.count("\n")) == ("", 1)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("campaign lst", 'Did you mean "list"'),
        ("campaign create --pattern zigzag", '"zigzag"'),
        ("run --sample-size 0", "Must be >= 1"),
        ("run --port 70000", "Must be <= 65535"),
        ("work --processes 257", "Must be <= 256"),
        ("campaign pause", "REFERENCE"),
        ("campaign export last --format xml", '"xml"'),
        ("campaign export last --output --json", "./--json"),
        ("campaign export last --score-min much", '"much"'),
        ("campaign import last", "FILE"),
        ("campaign import last names.txt --format xml", '"xml"'),
        ("campaign import last - --colum 1", "--column"),
        ("campaign create --initial-phase first", '"first"'),
        ("campaign start last --rerun some", '"some"'),
        ("frobnicate", "frobnicate"),
    ],
)
def test_a_line_that_cannot_be_read_ends_with_2(
    line: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_environment(monkeypatch, {"PHASELINE_NONSENSE": "1"})  # what can be read after all is refused, not run
    with pytest.raises(SystemExit) as ended:
        run_command(line.split())
    shown = capsys.readouterr()
    assert ended.value.code == 2
    assert told.lower() in shown.err.lower()
    assert shown.out == ""
    assert "Traceback" not in shown.err


@pytest.mark.parametrize(
    "command",
    [
        *("", "run", "serve", "work", "sandbox", "sandbox explain", "settings"),
        *("migrate", "migrate up", "migrate down", "migrate status", "keys", "keys make", "keys list", "keys revoke"),
        *(f"campaign {name}".strip() for name in ("", "create", "list", "show", "start", "watch")),
        *(f"campaign {name}" for name in ("pause", "resume", "cancel", "retry", "explain", "preview", "estimate")),
        *(f"campaign {name}" for name in ("import", "export", "clone", "update", "delete")),
        "doctor",
    ],
)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([*command.split(), "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: phaseline {command}".rstrip())
    assert "worker-id" not in text
    assert "with-parent" not in text
    if command not in {"", "migrate", "keys"}:
        assert f"phaseline {command.split(maxsplit=1)[0]}" in text.partition("For example:")[2]


def test_the_help_of_the_whole_imports_no_service(capsys: pytest.CaptureFixture[str]) -> None:
    script = "import sys; from service.cli.app import run_command; run_command(['--help']); "
    script += "print('litestar' in sys.modules, 'service.assembly' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "False False"


@pytest.mark.parametrize(
    "command", [("--help",), ("migrate", "--help"), ("settings",), ("openapi", "--help"), ("openapi", "--folder")]
)
def test_what_asks_no_server_needs_no_client(command: tuple[str, ...], tmp_path: Path) -> None:
    """The contract is written without the client that is made from it."""
    script = "import sys; sys.modules['phaseline_client'] = None; from service.cli.app import run_command; "
    script += "sys.exit(run_command(sys.argv[1:]))"
    place = [str(tmp_path)] if command[-1] == "--folder" else []
    subprocess.run([sys.executable, "-c", script, *command, *place], capture_output=True, check=True)
    assert len(list(tmp_path.iterdir())) == 2 * len(place)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--version"]) == 0
    assert capsys.readouterr().out.strip() == "0.1.0"


# Where and who


def test_the_key_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "home" / "key"
    assert read_key(file) is None
    write_key(file, "phl_first")
    file.chmod(0o644)
    write_key(file, "phl_second")
    assert (mode_of(file), read_key(file)) == (0o600, "phl_second")


def test_a_link_in_place_of_the_key_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    (tmp_path / "key").symlink_to(elsewhere)
    with pytest.raises(Exception, match="Cannot keep the key"):
        write_key(tmp_path / "key", "phl_x")
    assert elsewhere.read_text() == "precious"


def test_flags_go_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_environment(monkeypatch, {"PHASELINE_HOME": str(tmp_path), "PHASELINE_PORT": "8123"})
    with pytest.raises(Unauthenticated, match="give --key, set PHASELINE_KEY"):
        find_place(None, None)
    write_key(tmp_path / "key", "phl_file")
    place = find_place(None, None)
    assert (place.url, place.key) == ("http://127.0.0.1:8123", "phl_file")
    monkeypatch.setenv("PHASELINE_KEY", "phl_environment")
    monkeypatch.setenv("PHASELINE_URL", "https://phaseline.example")
    place = find_place(None, None)
    assert (place.url, place.key) == ("https://phaseline.example", "phl_environment")
    place = find_place("http://other.example", "phl_flag")
    assert (place.url, place.key) == ("http://other.example", "phl_flag")


# Settings


def test_settings_show_everything_but_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"DATABASE_URL": "postgresql://me:geheim@db/x", "PHASELINE_KEY": "phl_geheim", "PHASELINE_PORT": "8123"}
    use_environment(monkeypatch, given)
    assert run_command(["settings", "--json"]) == 0
    shown = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert set(shown) == {name for name, _, _ in describe_settings()}
    assert all(each["meaning"] for each in shown.values())
    assert shown["DATABASE_URL"]["value"] == "postgresql://me:***@db/x"
    assert (shown["PHASELINE_PORT"]["value"], shown["PHASELINE_PORT"]["default"]) == ("8123", "8000")
    assert run_command(["settings"]) == 0
    text = capsys.readouterr().out
    assert "geheim" not in text
    assert all(name in text for name in shown)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("postgresql://db/x", "postgresql://db/x"),
        ("postgresql://me:geheim@db:5433/x?sslmode=require", "postgresql://me:***@db:5433/x?sslmode=require"),
        ("postgresql://me:ge@heim@db/x", "postgresql://me:***@db/x"),
        ("postgresql://db/x?password=geheim", "***"),
        ("host=db password=geheim", "***"),
        ("postgresql://me:geheim@[db/x", "***"),
    ],
)
def test_no_password_is_shown(url: str, text: str) -> None:
    assert shown_url(url) == text
    assert shown_value("DATABASE_URL", url) == text


def test_a_setting_that_is_none_or_wrong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = [
        ("PHASELINE_PROT", "1", "is not a setting"),
        ("PHASELINE_PORT", "x", "PHASELINE_PORT"),
        ("PHASELINE_ACTS_DAYS", "999999999999", "PHASELINE_ACTS_DAYS"),
        ("PHASELINE_ANSWERS_HOURS", "1e300", "PHASELINE_ANSWERS_HOURS"),
        ("PHASELINE_TRACES_ENDPOINT", "nonsense", "PHASELINE_TRACES_ENDPOINT"),
    ]
    for name, value, told in wrong:
        use_environment(monkeypatch, {name: value})
        assert run_command(["settings"]) == 1
        shown = capsys.readouterr()
        assert told in shown.err
        assert (shown.out, shown.err.count("\n")) == ("", 1)


def test_children_see_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    use_environment(monkeypatch, {"PHASELINE_PORT": "8123", "PHASELINE_LOG_JSON": "true"})
    ours = msgspec.structs.replace(read_settings(os.environ), sandbox_dns_port=5353)
    theirs = read_settings(child_environment(ours, "postgresql://db/x"))
    assert theirs == msgspec.structs.replace(ours, database_url="postgresql://db/x")


def test_children_take_the_same_two_ways_to_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    pooled, direct = "postgresql://pooler/x", "postgresql://db/x"
    use_environment(monkeypatch, {"DATABASE_URL": pooled, "PHASELINE_DATABASE_DIRECT_URL": direct})
    ours = read_settings(os.environ)
    assert (ours.database_url, ours.database_direct_url) == (pooled, direct)
    assert read_settings(child_environment(ours, direct)) == ours


def test_a_direct_way_alone_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    use_environment(monkeypatch, {"PHASELINE_DATABASE_DIRECT_URL": "postgresql://me:geheim@db/x"})
    assert run_command(["migrate", "status"]) == 1
    shown = capsys.readouterr()
    assert "DATABASE_URL, which goes with it, is not" in shown.err
    assert "geheim" not in shown.err


# The sample, and the truth about a name


def test_the_sample_finds_leads_and_a_wildcard() -> None:
    wanted = sample_campaign(SAMPLE_COUNT)
    assert wanted.configuration.network is Network.SANDBOX
    assert wanted.configuration.advance is Advance.AUTOMATIC
    assert "wild" in TLDS
    assert len(wanted.configuration.http_validation.keywords) == 5


def test_the_truth_about_a_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    use_environment(monkeypatch, {"PHASELINE_SANDBOX_SEED": "7"})
    find_wild: Callable[[int], bytes] = lambda seed: msgspec.json.encode(truth_of(seed, "abcdshop.wild"))  # noqa: E731
    assert run_command(["sandbox", "explain", "abcdshop.wild"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(find_wild(7))
    assert run_command(["sandbox", "explain", "abcdshop.wild", "--seed", "1"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(find_wild(1))
    assert run_command(["sandbox", "explain", "x.com", "--seed", str(2**64)]) == 1
    assert "seed" in capsys.readouterr().err


def test_output_that_nobody_reads_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "service", "settings"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if not name.startswith("PHASELINE_")},
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(30) == 1
        assert process.stderr is not None
        assert process.stderr.read() == b""
