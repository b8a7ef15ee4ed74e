"""Patterns as the old system enumerates them: base N, characters in the order in which they were typed."""

import hashlib
import itertools
from collections.abc import Iterator

import msgspec


class OldPattern(msgspec.Struct, frozen=True):
    """`kind`: prefix, suffix or both, as the side of the constant on which characters vary. The TLD has its dot."""

    kind: str
    constant: str
    characters: str
    length: int  # of each side that varies
    tld: str

    @property
    def places(self) -> int:
        return self.length * (2 if self.kind == "both" else 1)

    @property
    def size(self) -> int:
        return int(len(self.characters) ** self.places)

    @property
    def config_hash(self) -> str:
        """SHA-256 of the pattern; it sorts the characters, which the enumeration does not."""
        normalised = {
            "patternType": self.kind,
            "prefixVariableLength": self.length if self.kind != "suffix" else 0,
            "suffixVariableLength": self.length if self.kind != "prefix" else 0,
            "characterSet": "".join(sorted(self.characters.lower())),
            "constantString": self.constant,
            "tld": self.tld.lower(),
        }
        return hashlib.sha256(msgspec.json.encode(normalised)).hexdigest()

    def spell_names(self, first: int, end: int) -> Iterator[str]:
        """The names at the offsets from `first` up to `end`; the last character changes first."""
        variable = map("".join, itertools.islice(itertools.product(self.characters, repeat=self.places), first, end))
        before = 0 if self.kind == "suffix" else self.length
        return (f"{letters[:before]}{self.constant}{letters[before:]}{self.tld}" for letters in variable)
