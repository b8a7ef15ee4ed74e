"""openapi/clients/python: its generated part is what the contract makes. With --write it is made anew."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.contracts.generated_files import differing
from tests.contracts.python_client.channel import channel_text
from tests.contracts.python_client.mirroring import BY_HAND, mirrored
from tests.contracts.python_client.models import models_text
from tests.contracts.python_client.operations import Operation, operations_of
from tests.contracts.python_client.texts import NOTE
from tests.contracts.python_client.writing import awaited_text, calls_text

REPOSITORY = Path(__file__).parents[3]
OPENAPI = REPOSITORY / "openapi"
SOURCE = OPENAPI / "clients" / "python" / "src" / "phaseline_client"
GENERATED = SOURCE / "generated"
PACKAGES = {
    "": "What is made from the contract, and from `awaited`, by `make client-python`; a change here is lost.",
    "calls": "What each operation asks, as a value.",
    "awaited": "The operations, for programs with an event loop.",
    "blocking": "The operations, for programs without one; made from `awaited`.",
    "mirrored": "The client, for programs without an event loop; made from `phaseline_client/awaited`.",
}
TIDYING = (("check", "--quiet", "--fix-only", "--select", "I,F401,UP,RUF036"), ("format", "--quiet"))


def made_files() -> Iterator[tuple[str, str]]:
    """Their names and what is in them, before the formatter."""
    openapi = msgspec.json.decode((OPENAPI / "openapi.json").read_bytes())
    asyncapi = msgspec.json.decode((OPENAPI / "asyncapi.json").read_bytes())
    for name, about in PACKAGES.items():
        yield str(Path(name) / "__init__.py"), f'"""{about}"""\n'
    yield "models.py", models_text(openapi)
    yield "channel.py", channel_text(openapi, asyncapi)
    models = openapi["components"]["schemas"].keys()
    operations = operations_of(openapi)
    for tag in openapi["tags"]:
        name, of_tag = tag["name"], tagged(operations, tag["name"])
        yield f"calls/{name}.py", calls_text(name, of_tag, models)
        awaited = awaited_text(name, tag["description"], of_tag, models)
        yield f"awaited/{name}.py", awaited
        yield f"blocking/{name}.py", mirrored(awaited.removeprefix(f"{NOTE}\n\n"), NOTE)
    for file in sorted((SOURCE / "awaited").glob("*.py")):
        if file.stem not in {"__init__", *BY_HAND}:
            note = f"# Made from `awaited/{file.name}` by `make client-python`; a change here is lost."
            yield f"mirrored/{file.name}", mirrored(file.read_text(), note)


def tagged(operations: list[Operation], tag: str) -> list[Operation]:
    return [each for each in operations if each.tag == tag]


def generate(folder: Path) -> None:
    """RuntimeError where a generator or the formatter fails."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in made_files():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for options in TIDYING:
        command = [sys.executable, "-m", "ruff", *options, "--config", REPOSITORY / "pyproject.toml", folder]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise RuntimeError(f"{ended.stdout}{ended.stderr}".strip())


def main() -> int:
    if "--write" in sys.argv[1:]:
        generate(GENERATED)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "generated"
        generate(made)
        found = differing(made, GENERATED, ".py")
    for name in found:
        print(f"{name} is not what the contract makes; run `make client-python`.", file=sys.stderr)  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
