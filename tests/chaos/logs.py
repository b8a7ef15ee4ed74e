"""What the processes write into their log: whatever befalls them, none of it is to be an error of theirs."""

from pathlib import Path

import msgspec


class Line(msgspec.Struct):
    """A line of the log; the rest of it is for people."""

    level: str = ""
    event: str = ""
    exception: str = ""


class Log:
    """One file that all processes write to. What was read before is not read again."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._read = 0
        file.touch()

    def forget(self) -> None:
        self._read = self.file.stat().st_size

    def newest(self, count: int) -> list[str]:
        """The last so many lines, as they are."""
        return self.file.read_text(errors="replace").splitlines()[-count:]

    def errors(self, expected: tuple[str, ...]) -> list[str]:
        """New errors, but for those that begin as is expected. A line that is no JSON counts as one."""
        with self.file.open("rb") as lines:
            lines.seek(self._read)
            new = lines.read()
        self._read += len(new)
        read = [read_line(line) for line in new.decode(errors="replace").splitlines() if line.strip()]
        return [
            f"{line.event}\n{line.exception}"
            for line in read
            if line.level not in {"warning", "info", "debug"} and not line.event.startswith(expected)
        ]


def read_line(line: str) -> Line:
    try:
        return msgspec.json.decode(line, type=Line)
    except msgspec.MsgspecError:
        return Line(level="error", event=line)
