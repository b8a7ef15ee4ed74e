"""Parts of a text that a program writes: between `<!-- name: begin ... -->` and `<!-- name: end -->`."""

import re
from pathlib import Path


def with_section(text: str, name: str, made: str) -> str:
    """The text with this part written anew; ValueError unless its two marks are there exactly once."""
    marks = re.compile(rf"(<!-- {name}: begin[^\n]*-->\n).*?(<!-- {name}: end -->)", re.DOTALL)
    if len(marks.findall(text)) != 1:
        raise ValueError(f"`<!-- {name}: begin` and its end are not there exactly once")
    return marks.sub(lambda found: f"{found[1]}{made}{found[2]}", text)


def read_section(text: str, name: str) -> str:
    """What stands between the marks of this part; ValueError as above."""
    with_section(text, name, "")
    return text.partition(f"<!-- {name}: begin")[2].partition("-->\n")[2].partition(f"<!-- {name}: end -->")[0]


def write_section(file: Path, name: str, made: str) -> None:
    """Write this part of a file anew, a blank line before and behind it; ValueError as above."""
    text = with_section(file.read_text(encoding="utf-8"), name, f"\n{made}\n\n")
    file.write_text(text, encoding="utf-8")
