"""Pattern spaces spelled out one by one, apart from the service's own code that makes names of them."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple


class Space(NamedTuple):
    """So many of these characters before a constant, under each of the TLDs."""

    characters: str
    length: int
    constant: str
    tlds: tuple[str, ...]

    @property
    def labels_per_tld(self) -> int:
        return int(len(self.characters) ** self.length)

    @property
    def size(self) -> int:
        return self.labels_per_tld * len(self.tlds)

    def spell_labels(self) -> Iterator[str]:
        """In the pattern's order: the last character changes first."""
        spelled = itertools.product(self.characters, repeat=self.length)
        return ("".join(prefix) + self.constant for prefix in spelled)
