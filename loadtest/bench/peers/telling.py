"""How a program tells what it did."""

import json


def tell(items: int, seconds: float, found: int, **more: int) -> None:
    """What there is `more` is for whoever asks for it."""
    print(json.dumps({"items": items, "seconds": seconds, "found": found, **more}))  # noqa: T201 -- this is its answer
