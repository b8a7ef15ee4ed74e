"""Where the domains that pass can lie: everywhere, or, where a pattern made the names, where a prefix stands."""

from typing import NamedTuple

from service.campaigns.configuration import checked_pattern
from service.domains.reading import store
from service.domains.reading.model import Filters, Reading
from service.domains.reading.rows import Window
from service.generating.prefixes import positions_with_prefix
from service.postgres.database import Tx


class Ground(NamedTuple):
    """Spans of positions in their order, none of them empty; `is_prefixed`: all names there have the wanted prefix."""

    spans: tuple[Window, ...]
    is_prefixed: bool

    @property
    def hull(self) -> Window:
        """From the first position to the last."""
        return Window(self.spans[0].first_position, self.spans[-1].end_position) if self.spans else Window(0, 0)

    @property
    def size(self) -> int:
        return sum(span.end_position - span.first_position for span in self.spans)


async def ground_of(tx: Tx, reading: Reading, filters: Filters) -> Ground:
    """The names of a pattern stand in the order of their offsets; of those that came otherwise nothing is known."""
    end = await store.find_last_position(tx, reading.sets) + 1
    everywhere = Ground((Window(0, end),) if end else (), is_prefixed=False)
    if filters.prefix is None:
        return everywhere
    ranges = await store.list_generation_ranges(tx, reading.sets)
    if not ranges or ranges[0].first_position > 0:
        return everywhere
    pattern, _ = checked_pattern(await store.get_generation(tx, reading.sets))
    found = (Window(part.start, min(part.stop, end)) for part in positions_with_prefix(pattern, ranges, filters.prefix))
    return Ground(tuple(span for span in found if span.first_position < span.end_position), is_prefixed=True)
