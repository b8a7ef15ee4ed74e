"""How a program tells what it did."""

import json


def tell(items: int, seconds: float, found: int) -> None:
    print(json.dumps({"items": items, "seconds": seconds, "found": found}))  # noqa: T201 -- this is its answer
