"""Generated files that are kept, beside those that are made now."""

import filecmp
from pathlib import Path


def differing(made: Path, kept: Path, suffix: str = "") -> list[str]:
    """Names of the files below that are not the same, or only in one place."""
    names = {str(file.relative_to(top)) for top in (made, kept) for file in top.rglob(f"*{suffix}") if file.is_file()}
    _, different, missing = filecmp.cmpfiles(made, kept, sorted(names), shallow=False)
    return sorted([*different, *missing])
