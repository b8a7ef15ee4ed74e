# Made from `awaited/importing.py` by `make client-python`; a change here is lost.

"""A list of names, streamed to the server as it is, and its receipt."""

from collections.abc import Generator, Iterator
from uuid import UUID

from phaseline_client.blocking.sources import Content, opened
from phaseline_client.blocking.time import pause
from phaseline_client.errors import Interrupted
from phaseline_client.generated.calls.domains import import_domains, list_imports
from phaseline_client.generated.mirrored.server import Server
from phaseline_client.generated.models import ImportReceipt
from phaseline_client.lists import GZIP_MARK, LOOK_SECONDS, Search, Sending, Sent, receipt_of, type_of
from phaseline_client.sizes import size_of


def bring_in(server: Server, campaign_id: UUID, content: Content, sending: Sending) -> ImportReceipt:
    """Send it once; where the receipt is lost, ask what became of the list."""
    content_type = sending.content_type or type_of(content)
    with opened(content) as parts:
        first = next(parts, b"")
        call = import_domains(
            campaign_id,
            content_type=content_type,
            content_encoding="gzip" if first.startswith(GZIP_MARK) else None,
            column=sending.column,
            field=sending.field,
        )
        search = Search((server.ask(list_imports(campaign_id))).items)
        try:
            return server.send(call, told(first, parts, size_of(content), sending))
        except Interrupted as cut:
            if sending.on_lost is not None:
                sending.on_lost(cut)
    while (found := search.found((server.ask(list_imports(campaign_id))).items)) is None:
        pause(LOOK_SECONDS)
    return receipt_of(found)


def told(first: bytes, rest: Iterator[bytes], total_bytes: int | None, sending: Sending) -> Generator[bytes]:
    """All parts; how much that is, is told when the next one is asked for."""
    size, part = 0, first
    while part:
        yield part
        size += len(part)
        if sending.on_progress is not None:
            sending.on_progress(Sent(size, total_bytes))
        part = next(rest, b"")
