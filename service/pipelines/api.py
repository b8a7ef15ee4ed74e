"""Routes about the work itself."""

from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from service.access.model import Principal
from service.campaigns.model import Explanation
from service.pipelines import views
from service.pipelines.views import WorkerList
from service.postgres.database import Tx


@get("/campaigns/{campaign_id:uuid}/explain", operation_id="explain_campaign", tags=["campaigns"])
async def explain_campaign(
    campaign_id: FromPath[UUID], tx: NamedDependency[Tx], principal: NamedDependency[Principal]
) -> Explanation:
    """Tell why a campaign moves, waits or stands."""
    return await views.explain_campaign(tx, principal, campaign_id)


@get("/workers", operation_id="list_workers", tags=["workers"])
async def list_workers(tx: NamedDependency[Tx]) -> WorkerList:
    """List the worker processes."""
    return await views.list_workers(tx)


ROUTES: list[ControllerRouterHandler] = [explain_campaign, list_workers]
