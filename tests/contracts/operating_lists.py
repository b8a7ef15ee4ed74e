"""README's lists of settings and metrics are what the code says: written by `make lists`, compared here."""

import sys
from pathlib import Path

from loadtest.bench.sections import with_section
from service.runtime.telemetry import describe_metrics
from service.settings import describe_settings

README = Path(__file__).parents[2] / "README.md"


def settings_list() -> str:
    rows = [f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |" for name, default, meaning in described()]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def described() -> list[tuple[str, str, str]]:
    return [(name, default, meaning.replace("|", "\\|")) for name, default, meaning in describe_settings()]


def metrics_list() -> str:
    rows = [
        f"| `{each.name}` | {each.kind} | {', '.join(f'`{label}`' for label in each.labels)} | {each.meaning} |"
        for each in describe_metrics()
    ]
    return "\n".join(["| metric | kind | labels | meaning |", "|---|---|---|---|", *rows])


def with_lists(text: str) -> str:
    """The text, with what stands between the marks written anew; each list has its marks exactly once."""
    for name, made in (("settings", settings_list()), ("metrics", metrics_list())):
        text = with_section(text, name, f"{made}\n")
    return text


def main() -> int:
    present = README.read_text()
    wanted = with_lists(present)
    if "--write" in sys.argv[1:]:
        README.write_text(wanted)
        return 0
    if present != wanted:
        print("README.md's lists are not what the code says; run `make lists`.", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
