"""All pages of a campaign's domains, one after the other."""

from uuid import UUID

from service.access.model import Principal
from service.domains.reading import views
from service.domains.reading.model import Domain, Sort, Wanted
from service.postgres.database import Database
from service.web.paging import PAGE_ITEMS_MAX


async def read_all(
    database: Database,
    principal: Principal,
    campaign_id: UUID,
    wanted: Wanted,
    sort: Sort = Sort.POSITION,
    limit: int = PAGE_ITEMS_MAX,
) -> list[Domain]:
    found: list[Domain] = []
    cursor = None
    while True:
        async with database.transaction() as tx:
            page = await views.list_domains(
                tx, principal, campaign_id, wanted=wanted, sort=sort, cursor=cursor, limit=limit
            )
        assert len(page.items) <= limit
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found
