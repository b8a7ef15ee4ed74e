"""What flags ask for besides a new campaign: an update, a re-run, a list and how it is written."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from service.campaigns.model import Rerun, RerunScope
from service.cli.changing import update_of
from service.cli.drafts import Draft, Shape, check_start, request_of
from service.cli.importing import check_choice
from service.cli.lists import ListKind, guessed_kind
from service.cli.reruns import rerun_of
from service.errors import Invalid
from service.progress.events import CampaignPhase

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_a_campaign_that_begins_with_a_list_has_no_pattern() -> None:
    wanted = request_of(Draft(name="x", initial_phase=CampaignPhase.DNS_VALIDATION, resolver=("192.0.2.1",)), None)
    assert wanted.initial_phase is CampaignPhase.DNS_VALIDATION
    assert wanted.configuration.domain_generation is None
    assert wanted.configuration.dns_validation.resolvers == ("192.0.2.1",)
    with pytest.raises(Invalid, match="leave the pattern out"):
        request_of(Draft(name="x", initial_phase=CampaignPhase.HTTP_VALIDATION, shape=Shape(constant="shop")), None)
    with pytest.raises(Invalid, match="a list has been imported"):
        check_start(CampaignPhase.HTTP_VALIDATION, is_started=True)


def test_what_an_update_changes(tmp_path: Path) -> None:
    file = tmp_path / "part.json"
    file.write_text('{"configuration": {"advance": "automatic"}}')
    wanted = update_of("other", file)
    assert msgspec.to_builtins(wanted) == {"name": "other", "configuration": {"advance": "automatic"}}
    assert msgspec.to_builtins(update_of("other", None)) == {"name": "other"}
    file.write_text('{"name": "this"}')
    for name, source, told in [("other", file, "The file has a name"), (None, None, "Say what changes")]:
        with pytest.raises(Invalid, match=told):
            update_of(name, source)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("7d", NOON - timedelta(days=7)),
        ("12h", NOON - timedelta(hours=12)),
        ("90m", NOON - timedelta(minutes=90)),
        ("30s", NOON - timedelta(seconds=30)),
        ("2026-11-01T00:00:00Z", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T02:00:00+02:00", datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
def test_an_age_or_an_instant(text: str, meant: datetime) -> None:
    rerun = rerun_of(None, text, NOON)
    assert rerun == Rerun(RerunScope.OLDER_THAN, meant)
    assert rerun == rerun_of(RerunScope.OLDER_THAN, text, NOON)


@pytest.mark.parametrize(
    "text", ["", "7", "d", "-7d", "7w", "1.5h", "9999999d", "2026-11-01", "2026-11-01T00:00:00", "x"]
)
def test_what_is_neither_an_age_nor_an_instant(text: str) -> None:
    with pytest.raises(Invalid, match="neither an age"):
        rerun_of(None, text, NOON)


def test_which_reruns_make_no_sense() -> None:
    assert rerun_of(None, None, NOON) is None
    assert rerun_of(RerunScope.ALL, None, NOON) == Rerun(RerunScope.ALL)
    with pytest.raises(Invalid, match="Say older than what"):
        rerun_of(RerunScope.OLDER_THAN, None, NOON)
    with pytest.raises(Invalid, match="leave out --rerun all"):
        rerun_of(RerunScope.ALL, "7d", NOON)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("names", ListKind.TEXT), ("names.txt", ListKind.TEXT), ("NAMES.TXT.GZ", ListKind.TEXT)),
        *(("names.csv", ListKind.CSV), ("names.csv.gz", ListKind.CSV), ("names.tsv", ListKind.CSV)),
        *(("names.ndjson", ListKind.NDJSON), ("names.jsonl.gz", ListKind.NDJSON), ("names.gz", ListKind.TEXT)),
    ],
)
def test_a_lists_name_says_how_it_is_written(name: str, kind: ListKind) -> None:
    assert guessed_kind(Path("folder.csv") / name) is kind


@pytest.mark.parametrize("name", ["names.zip", "names.json", "names.parquet", "names.xlsx.gz"])
def test_a_name_that_does_not_say(name: str) -> None:
    with pytest.raises(Invalid, match="say --format"):
        guessed_kind(Path(name))


def test_columns_are_of_csv_and_fields_of_ndjson() -> None:
    check_choice(ListKind.CSV, "0", None)
    check_choice(ListKind.NDJSON, None, "host")
    for kind, column, field in [(ListKind.TEXT, "0", None), (ListKind.NDJSON, "0", None), (ListKind.CSV, None, "host")]:
        with pytest.raises(Invalid, match="is for"):
            check_choice(kind, column, field)
