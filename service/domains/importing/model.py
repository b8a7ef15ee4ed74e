"""The words of imports: what was read, what became of it, and why a line was refused."""

from enum import StrEnum
from uuid import UUID

import msgspec

from service.progress.events import Instant

REJECTS_SHOWN_MAX = 1_000
REJECTED_TEXT_LENGTH_MAX = 200  # characters of a rejected line that are kept


class RejectReason(StrEnum):
    """Why a line gives no name."""

    LINE_TOO_LONG = "line_too_long"
    NOT_UTF8 = "not_utf8"
    TEXT_TOO_LONG = "text_too_long"
    CONTROL_CHARACTER = "control_character"
    WHITESPACE = "whitespace"
    IP_ADDRESS = "ip_address"
    PORT_INVALID = "port_invalid"
    NO_HOST = "no_host"
    NO_DOT = "no_dot"
    EMPTY_LABEL = "empty_label"
    LABEL_TOO_LONG = "label_too_long"
    NAME_TOO_LONG = "name_too_long"
    CHARACTER_INVALID = "character_invalid"
    HYPHEN_MISPLACED = "hyphen_misplaced"
    TLD_INVALID = "tld_invalid"
    IDNA_INVALID = "idna_invalid"
    COLUMN_MISSING = "column_missing"
    QUOTE_UNCLOSED = "quote_unclosed"
    CSV_INVALID = "csv_invalid"
    JSON_INVALID = "json_invalid"
    FIELD_MISSING = "field_missing"


class Note(StrEnum):
    """What was taken off a text, or turned, to make a name of it."""

    SCHEME_STRIPPED = "scheme_stripped"
    USERINFO_STRIPPED = "userinfo_stripped"
    PORT_STRIPPED = "port_stripped"
    PATH_STRIPPED = "path_stripped"
    TRAILING_DOT_STRIPPED = "trailing_dot_stripped"
    CASE_FOLDED = "case_folded"
    CONVERTED_TO_ASCII = "converted_to_ascii"


class RejectedLine(msgspec.Struct, frozen=True, rename="camel"):
    """A line that gives no name: its number from 1, the beginning of its text, and why."""

    line: int
    text: str
    reason: RejectReason


class ImportReceipt(msgspec.Struct, frozen=True, rename="camel"):
    """What became of a list: linesRead = accepted + duplicates + rejectedCount + skipped (blank, comment, header).

    `rejects` holds the first ones; all of them are under `/rejects`. `notes` counts names by what was changed on them.
    """

    import_id: UUID
    lines_read: int
    accepted: int
    duplicates: int
    rejected_count: int
    skipped: int
    rejects: tuple[RejectedLine, ...]
    notes: dict[Note, int]


class ImportState(StrEnum):
    """Whether an import is under way, or whole."""

    RUNNING = "running"
    COMPLETED = "completed"


class ImportProgress(msgspec.Struct, frozen=True, rename="camel"):
    """One import as it stands; while it is running, `accepted` and `duplicates` are not known and are 0."""

    import_id: UUID
    state: ImportState
    bytes_read: int
    lines_read: int
    accepted: int
    duplicates: int
    rejected_count: int
    started_at: Instant
    finished_at: Instant | None


class ImportList(msgspec.Struct, frozen=True, rename="camel"):
    """The imports of a campaign, newest first; one at most is running."""

    items: tuple[ImportProgress, ...]
