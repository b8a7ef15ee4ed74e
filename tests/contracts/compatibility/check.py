"""The present contract beside the last released one: fails on a break that the version does not tell of.

With --release the present one becomes the released one, which is part of releasing a version.
"""

import json
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from tests.contracts.compatibility.older import older, only_changed
from tests.contracts.compatibility.words import word_breaks
from tests.contracts.node.running import run

Json = dict[str, Any]
Documents = tuple[Json, Json]  # OpenAPI, AsyncAPI

TOP = Path(__file__).parents[3]
PRESENT = TOP / "openapi"
RELEASED = PRESENT / "released"
NAMES = ("openapi.json", "asyncapi.json")


def read_documents(folder: Path) -> Documents:
    openapi, asyncapi = (json.loads((folder / name).read_text()) for name in NAMES)
    return openapi, asyncapi


def breaks_between(old: Documents, new: Documents) -> list[str]:
    """What in the new contract breaks callers of the old one."""
    pair = only_changed(older(*old), older(*new))
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("old.json", "new.json")]
        for file, document in zip(files, pair, strict=True):
            file.write_text(json.dumps(document))
        found = run("check_breaking.mjs", *map(str, files))
    bodies = [f"{each['place']}: {each['code']}" for each in found]
    return sorted(set(bodies) | set(word_breaks(old[0], new[0], old[1], new[1])))


def may_break(released: str, present: str) -> bool:
    """Another major version, or another minor one before 1.0: later ones, not earlier ones."""
    before, now = ([int(part) for part in version.split(".")] for version in (released, present))
    return now[:2] > before[:2] if now[0] == before[0] == 0 else now[0] > before[0]


def present_version() -> str:
    version: str = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["version"]
    return version


def main() -> int:
    if "--release" in sys.argv[1:]:
        for name in NAMES:
            shutil.copy(PRESENT / name, RELEASED / name)
        return 0
    if shutil.which("npm") is None:
        print("Comparing with the released contract needs Node with npm (Debian: npm).", file=sys.stderr)  # noqa: T201
        return 1
    old = read_documents(RELEASED)
    released, present = old[0]["info"]["version"], present_version()
    found = [] if may_break(released, present) else breaks_between(old, read_documents(PRESENT))
    for sentence in found:
        print(sentence, file=sys.stderr)  # noqa: T201
    if found:
        print(f"This breaks callers of {released}, and {present} does not say so.", file=sys.stderr)  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
