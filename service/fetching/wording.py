"""Words of strangers as people will read them: one line, and nothing in it that moves a cursor or turns a text."""

import re
from typing import Final

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(text: str, characters_max: int) -> str:
    """White space collapsed, no control characters (nor those that turn the reading direction), cut to a length."""
    return " ".join(_CONTROLS.sub(" ", text).split())[:characters_max].rstrip()
