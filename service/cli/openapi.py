"""`phaseline openapi`: the contract as files, from the routes alone; needs no database, no server and no client."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from service import assembly
from service.cli.terminal import show
from service.errors import Unavailable
from service.web.contract.documents import as_json

FOLDER = Path("openapi")


def openapi(
    *, folder: Annotated[Path, Parameter(help="Where they are written; made if it is missing.")] = FOLDER
) -> None:
    """Write `openapi.json` and `asyncapi.json`: the same routes are always the same bytes."""
    for name, data in documents().items():
        write_document(folder / name, data)
        show(f"wrote {folder / name}")


def documents() -> dict[str, bytes]:
    """Both documents, by the names of their files."""
    contract = assembly.contract()
    return {"openapi.json": as_json(contract.openapi), "asyncapi.json": as_json(contract.asyncapi)}


def write_document(file: Path, data: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    except OSError as error:
        raise Unavailable("document_unwritable", f"Cannot write {file}: {error.strerror}.") from None
