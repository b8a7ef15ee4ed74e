"""Settings of the old system, taken one by one: each is carried, or told to have no place or no sense here. Pure."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from service.migration.aliases import fold

T = TypeVar("T")

Values = Mapping[str, object]


class OldSettings:
    """What is set for one part of a campaign. Later values replace earlier ones: a phase's its persona's.

    Names are folded, as words are. `told` grows by a sentence for each value that could not be read.
    """

    def __init__(self, part: str, *layers: Values | None) -> None:
        self.part = part
        self.told: list[str] = []
        self._values = {fold(name): (name, value) for layer in layers for name, value in (layer or {}).items()}
        self._taken: set[str] = set()

    def take(self, kind: type[T], *names: str) -> T | None:
        """The first of these that is set and is of this kind; numbers may stand in texts."""
        self.pass_over(*names)
        for name in map(fold, names):
            if name not in self._values:
                continue
            spelled, value = self._values[name]
            if value is None or value == "":
                continue
            try:
                return msgspec.convert(value, kind, strict=False)
            except msgspec.ValidationError:
                self.told.append(f"{self.part}: {spelled} is {value!r}, which is no sensible value")
        return None

    def pass_over(self, *names: str) -> None:
        """These are known, and mean nothing here."""
        self._taken.update(map(fold, names))

    def list_told(self) -> Sequence[str]:
        """What could not be read, and what has no place here; in the order of the names."""
        left = sorted(
            spelled for folded, (spelled, value) in self._values.items() if folded not in self._taken and value
        )
        return (*self.told, *(f"{self.part}: {name} has no place here" for name in left))
