"""How much script a browser loads before each of the page's views is there, compressed as it is served."""

from collections.abc import Iterator
from importlib.resources import files

import msgspec
import pytest

from service.dashboard.files import BUILT, read_built

FIRST_LOAD_BYTES_MAX = 120_000
ENTRY = "index.html"
MANIFEST = "manifest.json"


class Chunk(msgspec.Struct, frozen=True, rename="camel"):
    """A script as Vite's manifest tells of it: its file, and those it cannot do without."""

    file: str
    imports: tuple[str, ...] = ()
    dynamic_imports: tuple[str, ...] = ()


def read_manifest() -> dict[str, Chunk]:
    text = files("service.dashboard").joinpath(BUILT, MANIFEST).read_text()
    return msgspec.json.decode(text, type=dict[str, Chunk])


def scripts_of(manifest: dict[str, Chunk], name: str) -> frozenset[str]:
    """The files of a chunk and of all that it imports."""
    chunk = manifest[name]
    return frozenset({chunk.file}).union(*(scripts_of(manifest, each) for each in chunk.imports))


def views_below(manifest: dict[str, Chunk], name: str, loaded: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Every part that is loaded when it is asked for, with the scripts that are there by then."""
    before = loaded | scripts_of(manifest, name)
    for part in manifest[name].dynamic_imports:
        yield part, before | scripts_of(manifest, part)
        yield from views_below(manifest, part, before)


VIEWS = dict(views_below(read_manifest(), ENTRY, frozenset()))


def test_views_are_loaded_when_they_are_asked_for() -> None:
    assert len(VIEWS) > 3


@pytest.mark.parametrize("view", VIEWS)
def test_a_first_load_is_small(view: str) -> None:
    built = read_built()
    sizes = {name: len(built.assets[name.rpartition("/")[2]].compressed) for name in VIEWS[view]}
    assert sum(sizes.values()) <= FIRST_LOAD_BYTES_MAX, sizes
