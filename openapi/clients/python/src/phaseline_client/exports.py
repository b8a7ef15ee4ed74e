"""How far an export is, how often it is gone on with, and what it was begun with. Pure."""

from collections.abc import Callable
from uuid import UUID

import msgspec

from phaseline_client.calls import Call
from phaseline_client.errors import Interrupted, Moved
from phaseline_client.generated.models import Campaign, ExportFormat
from phaseline_client.repeating import Jitter, growing_pauses
from phaseline_client.tables import Table

RESUMES_MAX = 20  # of one export
RESUMES_IN_VAIN_MAX = 4  # in a row, without a row
PAUSE_SECONDS_MIN = 0.5
PAUSE_SECONDS_MAX = 15.0


class ExportProgress(msgspec.Struct, frozen=True):
    """What was handed on so far, and how often a break was gone on from. A Parquet file's rows stand in its footer."""

    bytes: int
    rows: int
    resumed: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One export. `call` asks for what lies behind a position; `version` None is the campaign's present one."""

    campaign_id: UUID
    format: ExportFormat
    call: Callable[[int], Call[bytes]]
    after: int
    version: int | None
    on_progress: Callable[[ExportProgress], object] | None


class Resumes:
    """How often an export was gone on with; its bounds."""

    def __init__(self, table: Table, jitter: Jitter) -> None:
        self.count = 0
        self._table = table
        self._jitter = jitter
        self._rows = 0
        self._in_vain = 0
        self._pauses = growing_pauses(PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX, jitter)

    def next_pause(self) -> float:
        """Seconds before the next attempt; Interrupted where there is none."""
        if not self._table.is_resumable:
            raise Interrupted("export_cut", "The export was cut off, and a Parquet file has to be begun anew.")
        if self._table.rows > self._rows:
            self._pauses = growing_pauses(PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX, self._jitter)
            self._in_vain = 0
        self._rows = self._table.rows
        self._in_vain += 1
        if self.count == RESUMES_MAX or self._in_vain > RESUMES_IN_VAIN_MAX:
            raise Interrupted("export_cut", f"The export was cut {self.count + 1} times, last at row {self._rows:,}.")
        self.count += 1
        return next(self._pauses)


def check_unchanged(campaign: Campaign, version: int) -> None:
    """Moved where somebody moved the campaign meanwhile: what is read now may be of another run."""
    if campaign.version != version:
        raise Moved(
            "campaign_changed", "The connection broke, and the campaign has moved on meanwhile: begin the export anew."
        )
