"""No word of the old dual architecture is on the wire or in our schema."""

import re
from pathlib import Path

import pytest

OLD_WORDS = re.compile(r"campaign_?type|progress_?percentage|campaign_progress\b", re.IGNORECASE)


@pytest.mark.parametrize("folder", ["service", "migrations"])
def test_old_words_are_gone(repository: Path, folder: str) -> None:
    found = [
        f"{file}:{number}: {line.strip()}"
        for file in sorted((repository / folder).rglob("*"))
        if file.suffix in {".py", ".sql"}
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if OLD_WORDS.search(line)
    ]
    assert found == []
