"""`make conformance SEED=n`: the same with another seed, and with more examples."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from service import assembly
from service.postgres.embedded import embedded_postgres
from tests.contracts.conformance.running import SEED, Verdict, hold
from tests.contracts.tenants import two_tenants


async def hold_new_service(seed: int, examples: int) -> Verdict:
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_postgres(Path(folder), durable=False) as server:
            await assembly.migrate(server.dsn)
            async with two_tenants(server.dsn) as world:
                return await hold(world, seed=seed, options=["--max-examples", str(examples)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--examples", type=int, default=100, help="of each operation, and chains of calls")
    arguments = parser.parse_args()
    verdict = asyncio.run(hold_new_service(arguments.seed, arguments.examples))
    print(verdict.output)  # noqa: T201
    return 0 if verdict.holds else 1


if __name__ == "__main__":
    sys.exit(main())
