"""SQL lives in `queries.sql` beside the store that runs it; each statement has a name and a comment saying why."""

import re
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

import msgspec

NAME_LINE = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


class Query(msgspec.Struct, frozen=True):
    """One statement; `name` is `package.statement`, used as a metric label and in error messages."""

    name: str
    text: str


def load_queries(package: str) -> Mapping[str, Query]:
    """Read a package's named statements.

    Stores bind them to module constants when they are imported, so that a missing or repeated name stops the boot.
    """
    preamble, *parts = NAME_LINE.split(files(package).joinpath("queries.sql").read_text("utf-8"))
    if preamble.strip():
        raise ValueError(f"{package}/queries.sql: text before the first name")
    names, bodies = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{package}/queries.sql: a name stands twice")
    label = package.removeprefix("service.")
    return MappingProxyType(
        {name: Query(f"{label}.{name}", body.strip()) for name, body in zip(names, bodies, strict=True)}
    )
