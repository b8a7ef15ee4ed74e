"""The files of this folder, as text."""

from enum import StrEnum
from importlib.resources import files


class Document(StrEnum):
    DASHBOARD = "dashboard.json"
    ALERTS = "alerts.yml"


def read_document(document: Document) -> str:
    return files("service.monitoring").joinpath(document).read_text("utf-8")
