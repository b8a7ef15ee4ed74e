"""`phaseline settings`: everything that the environment can set."""

import os
from urllib.parse import urlsplit, urlunsplit

import msgspec

from service.cli import screens
from service.cli.places import Json
from service.cli.terminal import show, write_json
from service.settings import describe_settings, read_settings, variable_name

HIDDEN = "***"


class SettingShown(msgspec.Struct, frozen=True, rename="camel"):
    """One setting; secrets are hidden."""

    name: str
    default: str
    value: str
    meaning: str


def settings(*, json: Json = False) -> None:
    """Show every setting."""
    shown = [
        SettingShown(name, default, value, meaning)
        for (name, default, meaning), value in zip(describe_settings(), present_values(), strict=True)
    ]
    if json:
        write_json(shown)
    else:
        show(screens.settings_table([(each.name, each.default, each.value, each.meaning) for each in shown]))


def present_values() -> list[str]:
    """The values of this environment, in the order in which settings are described."""
    present = msgspec.structs.asdict(read_settings(os.environ))
    return [shown_value(variable_name(field), value) for field, value in present.items()]


def shown_value(name: str, value: object) -> str:
    if value is None:
        return ""
    if name == "PHASELINE_KEY":
        return HIDDEN
    return shown_url(str(value)) if name == "DATABASE_URL" else str(value)


def shown_url(url: str) -> str:
    """A database's URL that can be shown. One that cannot be read, or hides secrets elsewhere, is hidden whole."""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return HIDDEN
    if "password" in parts.query or not parts.scheme:
        return HIDDEN
    if password is None:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:{HIDDEN}@{host}"))
