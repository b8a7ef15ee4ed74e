"""migrations/schema.sql is a picture of what the up files build: written with --write, compared without."""

import asyncio
import sys
import tempfile
from pathlib import Path

import asyncpg

from service import assembly
from service.postgres.describing import describe_schema
from service.postgres.embedded import embedded_postgres
from service.postgres.migrating import find_migrations_folder


def schema_file() -> Path:
    return find_migrations_folder() / "schema.sql"


async def picture(connection: asyncpg.Connection) -> str:
    return await describe_schema(connection)


async def picture_of_a_new_database() -> str:
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_postgres(Path(folder), durable=False) as server:
            await assembly.migrate(server.dsn)
            async with assembly.connection_to(server.dsn) as connection:
                return await picture(connection)


def main() -> int:
    drawn = asyncio.run(picture_of_a_new_database())
    if "--write" in sys.argv[1:]:
        schema_file().write_text(drawn)
        return 0
    if schema_file().read_text() != drawn:
        print("migrations/schema.sql is not what the migrations build; run `make schema`.", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
