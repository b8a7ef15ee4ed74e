"""No word of the old dual architecture is on the wire or in our schema."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from service import assembly

OLD_WORDS = re.compile(r"campaign_?type|progress_?percentage|campaign_progress\b", re.IGNORECASE)


OLD_DATABASES = "migration"  # the package that reads them has to know their words
SPOKEN_IN = {".py", ".sql", ".json", ".ts", ".mjs", ".md"}


@pytest.mark.parametrize("folder", ["service", "migrations", "openapi"])
def test_old_words_are_gone(repository: Path, folder: str) -> None:
    """From the service, its answers as they were recorded, its clients and the contract that was released."""
    files = [
        file
        for file in sorted((repository / folder).rglob("*"))
        if file.suffix in SPOKEN_IN and not {"node_modules", OLD_DATABASES} & set(file.parts)
    ]
    assert files
    found = [
        f"{file}:{number}: {line.strip()}"
        for file in files
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if OLD_WORDS.search(line)
    ]
    assert found == []


DOCUMENTS = ("openapi", "asyncapi")
# What a campaign and its phases are told in; a problem's `status` is that of HTTP.
OF_CAMPAIGNS = re.compile(r"(Shown)?(Campaign|Phase|Transition|Progress|Configuration|Rerun)\w*|\w*(Campaign|Phases?)")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_old_words_are_not_on_the_wire(repository: Path, name: str) -> None:
    """As it is committed, descriptions and examples too."""
    committed = (repository / "openapi" / f"{name}.json").read_text()
    assert not OLD_WORDS.findall(committed)
    assert msgspec.json.decode(committed) == getattr(assembly.contract(), name)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_campaigns_and_phases_have_no_other_status(name: str) -> None:
    document = getattr(assembly.contract(), name)
    found = dict(objects_of_campaigns(document))
    assert {"CampaignProgress"} <= found.keys()
    assert name == "asyncapi" or {"Campaign", "PhaseRun", "Phases", "CreateCampaign", "Transition"} <= found.keys()
    assert [each for each, fields in found.items() if "status" in fields] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_one_other_status_is_that_of_a_problem(name: str) -> None:
    """In whatever schema, so that none gets past by its name."""
    schemas = getattr(assembly.contract(), name)["components"]["schemas"]
    found = {each for each, schema in schemas.items() if "status" in schema.get("properties", ())}
    assert found == ({"Problem"} if name == "openapi" else set())


def objects_of_campaigns(document: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    for name, schema in document["components"]["schemas"].items():
        if OF_CAMPAIGNS.fullmatch(name) and "properties" in schema:
            yield name, set(schema["properties"])


def test_no_parameter_asks_for_a_status_or_a_type() -> None:
    operations = [each for item in assembly.contract().openapi["paths"].values() for each in item.values()]
    names = {
        parameter["name"] for each in operations for parameter in each.get("parameters", ()) if "name" in parameter
    }
    assert "phaseStatus" in names
    assert not names & {"status", "type"}


def test_our_tables_have_no_other_status(repository: Path) -> None:
    """In the picture of the schema: neither of the tables of campaigns and their runs."""
    picture = (repository / "migrations" / "schema.sql").read_text()
    assert not OLD_WORDS.findall(picture)
    tables = dict(re.findall(r"^CREATE TABLE (?:public\.)?(\w+) \((.*?)^\)", picture, re.DOTALL | re.MULTILINE))
    assert {"campaigns", "phase_runs", "phase_transitions", "progress_states"} <= tables.keys()
    for name, columns in tables.items():
        if name.startswith(("campaign", "phase", "progress")):
            assert not re.search(r"^\s+(status|type)\b", columns, re.MULTILINE), name
