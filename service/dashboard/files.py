"""What was built, read once: the page, and its assets by name, each also as gzip."""

import gzip
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

BUILT = "built"
PAGE = "index.html"
ASSETS = "assets"
MEDIA_TYPES = {
    "html": "text/html",  # the framework says that texts are UTF-8
    "js": "text/javascript",
    "css": "text/css",
    "svg": "image/svg+xml",
}


class File(msgspec.Struct, frozen=True):
    """One file as it is served."""

    media_type: str
    data: bytes
    compressed: bytes


class Built(msgspec.Struct, frozen=True):
    """All that is served of the dashboard."""

    page: File
    assets: dict[str, File]


def read_built() -> Built:
    folder = files(__package__).joinpath(BUILT)
    return Built(
        page=read_file(folder.joinpath(PAGE)),
        assets={each.name: read_file(each) for each in folder.joinpath(ASSETS).iterdir()},
    )


def read_file(file: Traversable) -> File:
    data = file.read_bytes()
    media_type = MEDIA_TYPES[file.name.rpartition(".")[2]]
    return File(media_type, data, gzip.compress(data, mtime=0))
