"""The names that are made, asked for and scored, and the page that every host shows."""

import itertools
import string
from collections.abc import Iterator
from pathlib import Path

from loadtest.bench.spaces import Space

TLD = "market"
SPACE = Space(string.ascii_lowercase, 5, "bench", (TLD,))

# Two of five names are registered, one after the other in no long rows.
REGISTERED_OF = 5
REGISTERED = 2

KEYWORDS = ("pricing", "checkout", "newsletter", "careers", "contact us")
KEYWORDS_ON_PAGE = 3
PAGE_BYTES = 4_096
TITLE = "Bench &amp; Sons, pricing for everybody"
TITLE_READ = "Bench & Sons, pricing for everybody"
SENTENCE = "<p>Walnut, copper &amp; slate: see our <b>pricing</b>, or go to the <a href='/c'>checkout</a>.</p>\n"
FILLER = "<p class='plain'>Linen and <em>cotton</em>, wool and tweed, canvas and leather, all of it made by hand.</p>\n"


def spell_names(count: int) -> Iterator[str]:
    """The first names of the pattern's space, in its order."""
    assert count <= SPACE.size
    return (f"{label}.{TLD}" for label in itertools.islice(SPACE.spell_labels(), count))


def is_registered(position: int) -> bool:
    return position % REGISTERED_OF < REGISTERED


def count_registered(count: int) -> int:
    """How many of the first names are registered."""
    whole, rest = divmod(count, REGISTERED_OF)
    return whole * REGISTERED + min(rest, REGISTERED)


def write_names(file: Path, count: int) -> None:
    file.write_text("".join(f"{name}\n" for name in spell_names(count)))


def make_page() -> bytes:
    """Four kilobytes of markup with a title, three of the five keywords, and a script that mentions a fourth."""
    head = f"<!doctype html><html><head><title>{TITLE}</title><script>var careers = 1;</script></head><body>\n"
    page = head + SENTENCE + "<h2>Write to our newsletter</h2>\n"
    while len(page) + len(FILLER) < PAGE_BYTES:
        page += FILLER
    return (page + "</body></html>\n").ljust(PAGE_BYTES).encode()
