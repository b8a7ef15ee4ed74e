"""What engines learn about wildcards, in the database: workers and restarts share it for a day.

A view is a network as seen by certain resolvers for certain record types (`transforms.engines.view_key`). What is
remembered spares probes and is never needed: where the database cannot be asked, the parents are.
"""

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence

from service.errors import Refused
from service.pipelines import store
from service.pipelines.store import StoredVerdict
from service.postgres.database import DATABASE_ERRORS, Database
from service.resolving.engine import Verdict

AGE_SECONDS_MAX = 24 * 3_600.0
PARENTS_PER_LOOKUP_MAX = 10_000
OLD_VERDICTS_AT_A_TIME = 2_000  # removed by whoever writes; twice as many as one writes at once
IPV4_BYTES, IPV6_BYTES = 4, 16

logger = logging.getLogger(__name__)


class VerdictsInDatabase:
    """The memory of one view."""

    def __init__(self, database: Database, view_key: bytes) -> None:
        self._database = database
        self._view_key = view_key

    async def find(self, parents: Sequence[bytes]) -> Mapping[bytes, Verdict]:
        found: dict[bytes, Verdict] = {}
        names = [parent.decode() for parent in parents]
        for start in range(0, len(names), PARENTS_PER_LOOKUP_MAX):
            some = names[start : start + PARENTS_PER_LOOKUP_MAX]
            with telling_of_trouble():
                async with self._database.transaction() as tx:
                    rows = await store.find_wildcard_verdicts(tx, self._view_key, some, AGE_SECONDS_MAX)
                found.update((row.parent.encode(), unpacked(row)) for row in rows)
        return found

    async def remember(self, verdicts: Mapping[bytes, Verdict]) -> None:
        if not verdicts:
            return
        rows = [packed(parent, verdict) for parent, verdict in verdicts.items()]
        with telling_of_trouble():
            async with self._database.transaction() as tx:
                await store.upsert_wildcard_verdicts(tx, self._view_key, rows)
                await store.delete_old_wildcard_verdicts(tx, AGE_SECONDS_MAX, OLD_VERDICTS_AT_A_TIME)


@contextlib.contextmanager
def telling_of_trouble() -> Iterator[None]:
    try:
        yield
    except (Refused, *DATABASE_ERRORS) as error:
        logger.warning("wildcards are looked for without what is remembered: %s", error)


def packed(parent: bytes, verdict: Verdict) -> StoredVerdict:
    ordered = sorted(verdict.addresses)
    return StoredVerdict(
        parent=parent.decode(),
        addresses=b"".join(address for address in ordered if len(address) == IPV4_BYTES),
        addresses_v6=b"".join(address for address in ordered if len(address) == IPV6_BYTES),
        canonical_names=" ".join(sorted(verdict.canonical_names)),
        probe_count=verdict.probe_count,
        varies=verdict.varies,
    )


def unpacked(row: StoredVerdict) -> Verdict:
    return Verdict(
        addresses=frozenset(cut(row.addresses, IPV4_BYTES) + cut(row.addresses_v6, IPV6_BYTES)),
        canonical_names=frozenset(row.canonical_names.split()),
        probe_count=row.probe_count,
        varies=row.varies,
    )


def cut(together: bytes, width: int) -> list[bytes]:
    return [together[start : start + width] for start in range(0, len(together), width)]
