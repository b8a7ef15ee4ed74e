"""Python's collector of cycles, told what a process of its own need not be asked about for as long as it lives."""

import gc
from typing import Final

NEW_OBJECTS: Final = (
    20_000  # between two looks at the youngest; by default 700, of which one request makes several times
)


def spare_what_stays() -> None:
    """Leave out what was imported, and look at the rest less often.

    A full collection of what the API is made of, ninety thousand objects, takes 50 ms, in the middle of somebody's
    request. Only for a process that ends with what it begins now: what is left out is never given back.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
