# Made from `awaited/exporting.py` by `make client-python`; a change here is lost.

"""A campaign's domains as one whole file, from one answer or from several.

A break is gone on from behind the last whole row, a bounded number of times, as long as the campaign is what it was.
"""

from collections.abc import Generator

from phaseline_client.blocking.time import pause
from phaseline_client.errors import Interrupted, NetworkFault, Refused, passes
from phaseline_client.exports import ExportProgress, Resumes, Wanted, check_unchanged
from phaseline_client.generated.calls.campaigns import get_campaign
from phaseline_client.generated.mirrored.server import Server
from phaseline_client.tables import Table, table_of


def export(server: Server, wanted: Wanted) -> Generator[bytes]:
    """The file's bytes. Its end comes when all of it is known to be whole."""
    table = table_of(wanted.format, wanted.after)
    resumes = Resumes(table, server.jitter)
    version = wanted.version
    if version is None:
        version = (server.ask(get_campaign(wanted.campaign_id))).version
    size = 0
    while True:
        try:
            if resumes.count:
                check_unchanged(server.ask(get_campaign(wanted.campaign_id)), version)
            with server.open_stream(wanted.call(table.last_position)) as parts:
                table.begin()
                for part in parts:
                    if data := table.feed(part):
                        size += len(data)
                        tell(wanted, size, table, resumes)
                        yield data
            end = table.finish()
            break
        except (NetworkFault, Refused) as error:
            if not passes(error) or not (resumes.count or isinstance(error, Interrupted)):
                raise  # nothing has begun, or nothing would become of it
            pause(resumes.next_pause())
    if resumes.count:
        check_unchanged(server.ask(get_campaign(wanted.campaign_id)), version)
    tell(wanted, size + len(end), table, resumes)
    if end:
        yield end


def tell(wanted: Wanted, size: int, table: Table, resumes: Resumes) -> None:
    if wanted.on_progress is not None:
        wanted.on_progress(ExportProgress(size, table.rows, resumes.count))
