"""Words that a later server may add to its lists: they come through as they are, and can be told apart here."""

from enum import StrEnum
from typing import Self


class Word(StrEnum):
    """One of a list of words. A text that is not on the list is a word of it, too, but not a known one."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        word = str.__new__(cls, value)
        word._name_ = word._value_ = value
        return word


def is_known(word: Word) -> bool:
    """Whether this client was made with the word."""
    return word in type(word).__members__.values()
