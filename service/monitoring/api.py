"""Routes for who operates an installation: whether it lives and is ready, its metrics, and how it is set up."""

from typing import Literal

import msgspec
from litestar import Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from service.errors import NotFound
from service.postgres.database import Tx
from service.settings import Settings, describe_settings, shown_value
from service.web.authentication import ADMIN_ONLY, PUBLIC


class Liveness(msgspec.Struct, frozen=True):
    """The process answers; one that does not gives no answer."""

    live: Literal["yes"] = "yes"


class Readiness(msgspec.Struct, frozen=True):
    """Requests can be served; otherwise a problem says why not."""

    ready: Literal["yes"] = "yes"


@get("/health/live", operation_id="get_liveness", opt=PUBLIC, tags=["operations"])
async def get_liveness() -> Liveness:
    """Tell that the process answers."""
    return Liveness()


@get("/health/ready", operation_id="get_readiness", opt=PUBLIC, tags=["operations"])
async def get_readiness(tx: NamedDependency[Tx]) -> Readiness:
    """Tell that requests can be served: the database answers."""
    await tx.begin()
    return Readiness()


@get("/metrics", operation_id="get_metrics", opt=PUBLIC, include_in_schema=False)
async def get_metrics(state: State) -> Response[bytes]:
    """Metrics of this process, in Prometheus' text format."""
    if not state["settings"].monitoring:
        raise NotFound("monitoring_off", "Metrics are turned off here (PHASELINE_MONITORING).")
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


class ShownSetting(msgspec.Struct, frozen=True):
    """A setting as it is in this process; of a secret one only whether it is set."""

    name: str
    value: str
    default: str
    meaning: str


class ShownSettings(msgspec.Struct, frozen=True):
    """Every setting of this process."""

    items: tuple[ShownSetting, ...]


@get("/settings", operation_id="get_settings", opt=ADMIN_ONLY, tags=["operations"])
async def get_settings(state: State) -> ShownSettings:
    """Tell how this process is set up; secrets are not shown."""
    settings: Settings = state["settings"]
    values = [shown_value(settings, field) for field in Settings.__struct_fields__]
    return ShownSettings(
        tuple(
            ShownSetting(name, value, default, meaning)
            for (name, default, meaning), value in zip(describe_settings(), values, strict=True)
        )
    )


ROUTES: list[ControllerRouterHandler] = [get_liveness, get_readiness, get_metrics, get_settings]
