"""How what is generated is written."""

import re
from collections.abc import Iterable

NOTE = "# Made from the contract by `make client-python`; a change here is lost."
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def snake(name: str) -> str:
    """phaseStatus, If-Match -> phase_status, if_match."""
    return HUMP.sub("_", name).replace("-", "_").lower()


def pascal(name: str) -> str:
    """list_campaigns, campaigns -> ListCampaigns, Campaigns."""
    return "".join(part.title() for part in name.split("_"))


def indented(lines: Iterable[str], levels: int = 1) -> list[str]:
    return [f"{'    ' * levels}{line}" if line else "" for line in lines]


def docstring(text: str) -> list[str]:
    lines = text.replace("\\", "\\\\").splitlines()
    return [f'"""{lines[0]}"""'] if len(lines) == 1 else [f'"""{lines[0]}', *lines[1:], '"""']
