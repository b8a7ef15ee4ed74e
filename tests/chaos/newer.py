"""A newer version of the program: all of it as it is, and one more migration, which touches every busy table.

It adds what a release may add while the one before it is at work: columns with a default, a table, an index.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from service.postgres.migrating import find_migrations_folder

BUSY_TABLES = ("campaigns", "phase_runs", "chunks", "names", "dns_results", "http_results", "scores", "workers")
ADD_COLUMN = "ALTER TABLE {} ADD COLUMN of_newer integer NOT NULL DEFAULT 0;\n"
DROP_COLUMN = "ALTER TABLE {} DROP COLUMN of_newer;\n"
UP = "CREATE TABLE of_newer (number integer PRIMARY KEY);\n" + "".join(map(ADD_COLUMN.format, BUSY_TABLES))
DOWN = "".join(map(DROP_COLUMN.format, BUSY_TABLES)) + "DROP TABLE of_newer;\n"
PACKAGE = Path(__file__).parents[2] / "service"


def make_newer(folder: Path) -> Mapping[str, str]:
    """The variables with which `python -m service` is the newer version, whose files are in `folder` then."""
    migrations = find_migrations_folder()
    if not folder.exists():
        shutil.copytree(PACKAGE, folder / "service", ignore=shutil.ignore_patterns("__pycache__", "page"))
        shutil.copytree(migrations, folder / "migrations", dirs_exist_ok=True)
        number = 1 + len(sorted(migrations.glob("*.up.sql")))
        (folder / "migrations" / f"{number:04}_newer.up.sql").write_text(UP)
        (folder / "migrations" / f"{number:04}_newer.down.sql").write_text(DOWN)
    # Neither the folder that we are in nor what is installed comes before it.
    return {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}
