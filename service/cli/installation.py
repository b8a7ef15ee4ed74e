"""What the commands of this machine share: settings from the environment and flags, logs, and a database."""

import contextlib
import os
from collections.abc import AsyncIterator

import msgspec

from service import assembly
from service.runtime.logs import configure_logging
from service.runtime.tracing import configure_tracing
from service.settings import Settings, read_settings


def installed(**flags: int | None) -> Settings:
    """The settings of this environment; flags that were given, by their setting's name, go first."""
    given = {name: value for name, value in flags.items() if value is not None}
    return msgspec.structs.replace(read_settings(os.environ), **given)


def started(settings: Settings) -> Settings:
    """The same, with logs and traces as they ask for: for commands that go on until they are stopped."""
    configure_logging(level=settings.log_level, as_json=settings.log_json)
    configure_tracing(settings.traces_endpoint)
    return settings


@contextlib.asynccontextmanager
async def checked_database(settings: Settings) -> AsyncIterator[str]:
    """The URL of a database whose schema is this version's."""
    async with assembly.database_url(settings) as url:
        await assembly.check_schema(url)
        yield url
