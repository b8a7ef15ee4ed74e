"""The same at the sample's real size: `python -m tests.crashes.run --seed 5`."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from service.cli.sample import SAMPLE_COUNT
from tests.crashes.scenario import survive


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.crashes.run", description=__doc__)
    parser.add_argument("--seed", type=int, default=5, help="who is killed, and when")
    parser.add_argument("--count", type=int, default=SAMPLE_COUNT, help="how many names")
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="phaseline-crashes-") as home:
        asyncio.run(survive(Path(home), arguments.count, arguments.seed))
    sys.stdout.write(f"{arguments.count} names survived five deaths, {time.monotonic() - started:.1f} s\n")


if __name__ == "__main__":
    main()
