import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import service
from service.postgres.database import Database
from service.postgres.queries import Query, load_queries

OF_THE_OLD_SYSTEM = "service.migration.source"  # prepared in a database of its own: tests/migration
PACKAGES = sorted(
    module.name
    for module in pkgutil.walk_packages(service.__path__, "service.")
    if module.ispkg and (Path(importlib.import_module(module.name).__path__[0]) / "queries.sql").exists()
)


def all_queries() -> list[Query]:
    return [query for package in PACKAGES for query in load_queries(package).values()]


def test_packages_with_queries_are_found() -> None:
    assert {"service.access", "service.campaigns", "service.pipelines", "service.progress"} <= set(PACKAGES)


@pytest.mark.parametrize("query", all_queries(), ids=lambda query: query.name)
def test_says_why_in_its_first_line(query: Query) -> None:
    assert query.text.startswith("-- ")


async def test_all_queries_prepare(database: Database) -> None:
    """A broken statement is found here, not by its first user."""
    async with database.pool.acquire() as connection:
        for package in PACKAGES:
            if package != OF_THE_OLD_SYSTEM:
                for query in load_queries(package).values():
                    await connection.prepare(query.text)


def files_of(package: str) -> list[Path]:
    """Of the package and of those inside it that have no statements of their own."""
    folder = Path(importlib.import_module(package).__path__[0])
    inner = [each.parent for each in folder.rglob("queries.sql") if each.parent != folder]
    return [file for file in folder.rglob("*.py") if not any(file.is_relative_to(each) for each in inner)]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_query_is_bound(package: str) -> None:
    """No statement lies in a file that nobody runs."""
    bound = {
        node.slice.value
        for file in files_of(package)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "SQL"
        and isinstance(node.slice, ast.Constant)
    }
    assert set(load_queries(package)) == bound
