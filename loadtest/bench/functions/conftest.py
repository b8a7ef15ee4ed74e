"""Writes down which service was measured."""

from pathlib import Path

import service


def pytest_benchmark_update_json(output_json: dict[str, object]) -> None:
    output_json["service"] = str(Path(next(iter(service.__path__))).resolve())
