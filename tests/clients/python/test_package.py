"""The client's package beside the service's: of the same version, and content with the packages that are locked."""

import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement


def project(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(file.read_text())["project"]
    return found


def test_it_has_the_version_of_the_service_and_takes_the_packages_that_are_locked(repository: Path) -> None:
    service, client = (project(repository / folder / "pyproject.toml") for folder in (".", "openapi/clients/python"))
    assert client["version"] == service["version"]
    locked = {each.name: each.specifier for each in map(Requirement, service["dependencies"])}
    for wanted in map(Requirement, client["dependencies"]):
        (version,) = locked[wanted.name]
        assert wanted.specifier.contains(version.version), wanted
