"""Structs and words of the contract, by datamodel-code-generator.

The document is turned a little before, so that the models keep apart what the contract does: of a request, what is left
out is not sent, and the server's defaults hold; of an answer, what has a default is always there.
"""

import copy
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import msgspec

from tests.contracts.python_client.texts import NOTE, snake

OPTIONS = (
    "--input-file-type", "openapi", "--preset", "standard-py311-20261027", "--output-model-type", "msgspec.Struct",
    "--use-msgspec-tagged-unions", "--output-datetime-class", "datetime", "--use-standard-primitive-types",
    "--use-unique-items-as-set", "--use-generic-container-types", "--snake-case-field", "--keyword-only",
    "--use-annotated", "--field-constraints", "--use-schema-description", "--use-default",
    "--enum-field-as-literal", "one", "--capitalise-enum-members", "--disable-timestamp", "--no-formatters",
    "--custom-file-header", NOTE,
)  # fmt: skip
WORDS = "from phaseline_client.known import Word"
REPLACED = {
    "(Struct, kw_only=True": "(Struct, frozen=True, kw_only=True, omit_defaults=True",
    "(StrEnum):": "(Word):",  # a word that a later server adds can be read
    "from enum import StrEnum": WORDS,
}
NULL = {"type": "null"}
SECONDS_MAX = 60
LINE_LENGTH = 112

Schema = dict[str, Any]


def models_text(openapi: dict[str, Any]) -> str:
    """RuntimeError with what the generator says, where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "openapi.json", Path(folder) / "models.py"
        source.write_bytes(msgspec.json.encode(turned(openapi)))
        places = ("--input", str(source), "--output", str(made))
        command = [sys.executable, "-m", "datamodel_code_generator", *places, *OPTIONS]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
        if ended.returncode:
            raise RuntimeError(f"{ended.stdout}{ended.stderr}".strip())
        text = made.read_text()
    for old, new in REPLACED.items():
        if old not in text:
            raise RuntimeError(f"the generator does not write {old!r} any more")
        text = text.replace(old, new)
    return f"{text}\n\n__all__ = {sorted(openapi['components']['schemas'])!r}\n"


def turned(openapi: dict[str, Any]) -> dict[str, Any]:
    """The schemas, as the generator reads them best."""
    schemas = copy.deepcopy(openapi["components"]["schemas"])
    for schema in schemas.values():
        defaults = take_defaults(schema) if schema.get("additionalProperties") is False else []
        if defaults:
            told = textwrap.fill(f"Left out: {', '.join(defaults)}.", LINE_LENGTH, break_long_words=False)
            schema["description"] = f"{schema['description']}\n\n{told}"
        for name, each in schema.get("properties", {}).items():
            join_null(each)
            if "default" in each:
                schema["required"] = [*schema.get("required", []), name]
    return {**openapi, "paths": {}, "components": {"schemas": schemas}}


def take_defaults(schema: Schema) -> list[str]:
    """Off a request. What can be said of them in a word is told."""
    taken = {name: each.pop("default") for name, each in schema["properties"].items() if "default" in each}
    told = {name: value for name, value in taken.items() if not isinstance(value, dict)}
    return [f"`{snake(name)}` is {msgspec.json.encode(value).decode()}" for name, value in told.items()]


def join_null(schema: Schema) -> None:
    """One type instead of two alternatives: otherwise each gets a name of its own."""
    match schema.get("anyOf"):
        case [{"type": kind} as other, last] if last == NULL:
            del schema["anyOf"]
            schema.update({**other, "type": [kind, "null"]})
        case _:
            pass
