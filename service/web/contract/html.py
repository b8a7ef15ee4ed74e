"""A few words to write HTML with: every text is escaped, and every element is closed."""

import re
from collections.abc import Iterable
from html import escape
from typing import NewType

Html = NewType("Html", str)

CODE = re.compile(r"`([^`]+)`")
NOTHING = Html("")


def text(words: object) -> Html:
    return Html(escape(str(words)))


def element(tag: str, *parts: Html, **attributes: str) -> Html:
    """`class_` is the attribute `class`; an empty value leaves an attribute out."""
    written = "".join(f' {name.rstrip("_")}="{escape(value)}"' for name, value in attributes.items() if value)
    return Html(f"<{tag}{written}>{''.join(parts)}</{tag}>")


def joined(parts: Iterable[Html], between: str = "") -> Html:
    return Html(escape(between).join(parts))


def prose(words: str) -> Html:
    """Paragraphs, lists of hyphens, and code between backquotes."""
    return joined(paragraph(part) for part in words.split("\n\n") if part.strip())


def paragraph(words: str) -> Html:
    lines = words.strip().split("\n")
    if all(line.startswith("- ") for line in lines):
        return element("ul", *(element("li", phrase(line[2:])) for line in lines))
    return element("p", phrase(words.strip()))


def phrase(words: str) -> Html:
    return Html(CODE.sub(r"<code>\1</code>", escape(words)))


def link(to: str, *parts: Html, class_: str = "") -> Html:
    return element("a", *parts, href=to, class_=class_)


def table(head: Iterable[str], rows: Iterable[Iterable[Html]]) -> Html:
    """Nothing where there are no rows."""
    body = [element("tr", *(element("td", cell) for cell in row)) for row in rows]
    if not body:
        return NOTHING
    heading = element("tr", *(element("th", text(word)) for word in head))
    return element("div", element("table", element("thead", heading), element("tbody", *body)), class_="table")
