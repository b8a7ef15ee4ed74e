"""Who takes whole tables out."""

import itertools
from collections.abc import Iterator

from loadtest.users.user import PhaselineUser
from phaseline_client import ExportFormat
from phaseline_client.generated.calls import domains
from phaseline_client.tables import table_of


class Exporter(PhaselineUser):
    """One large campaign after the other, in each format: as soon as a file is whole, the next is asked for."""

    fixed_count = 1

    def live(self) -> Iterator[None]:
        large = yield from self.find_large()
        for format_, campaign_id in itertools.product(ExportFormat, large):
            table = table_of(format_)
            self.server.read(table, domains.export_domains, campaign_id, format=format_)
            yield
            if format_ is not ExportFormat.PARQUET:  # whose rows stand in its footer
                funnel = self.server.ask(domains.get_funnel, campaign_id)
                names = 0 if funnel.resolved is None else funnel.resolved.entered
                self.check("an export has all names", holds=table.rows == names)
                yield
