"""Every setting of an installation: read once from the environment, checked, and never looked up again."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from service.errors import Invalid

PREFIX = "PHASELINE_"
SECRETS = frozenset({"database_url", "database_direct_url", "key"})  # never shown, not even in part
WORKERS_MAX = 256  # processes on one machine
Port = Annotated[int, Meta(ge=0, le=65_535)]
DAYS_MAX = 36_500  # what is kept for longer is kept for ever
SECONDS_MAX = 2_592_000
Origin = Annotated[str, Meta(pattern=r"^https?://[^/\s]+$")]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Read from PHASELINE_<NAME>, except `database_url`, which is DATABASE_URL."""

    database_url: Annotated[str | None, Meta(description="A PostgreSQL 18 of your own; empty: one under `home`.")] = (
        None
    )
    database_direct_url: Annotated[
        str | None,
        Meta(description="The same database past a pooler, where DATABASE_URL leads through one (PgBouncer)."),
    ] = None
    home: Annotated[str, Meta(description="Folder for the embedded PostgreSQL and its logs.")] = ".phaseline"
    host: Annotated[str, Meta(description="Address that the API listens on.")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="Port that the API listens on; 0 takes any free one.")] = 8000
    url: Annotated[
        str | None, Meta(description="Server that `phaseline campaign` asks; empty: the one at `host` and `port`.")
    ] = None
    key: Annotated[
        str | None, Meta(description="Key that `phaseline campaign` presents; empty: the one in the file `<home>/key`.")
    ] = None
    origin: Annotated[
        Origin | None,
        Meta(description="How browsers name the API, as in https://phaseline.example; empty: as they address it."),
    ] = None
    requests_in_flight: Annotated[
        int, Meta(ge=1, description="Requests of one tenant that an API process answers at a time.")
    ] = 200
    requests_at_once: Annotated[
        int, Meta(ge=1, description="Requests that an API process works on at a time; more are told to come back.")
    ] = 64
    body_seconds: Annotated[
        float, Meta(gt=0, le=600, description="How long the body of a request may take to arrive, in seconds.")
    ] = 20.0
    statement_seconds: Annotated[
        float, Meta(ge=0.1, le=600, description="How long a request may wait for one statement, in seconds.")
    ] = 30.0
    workers: Annotated[int, Meta(ge=0, le=WORKERS_MAX, description="Worker processes; 0 means one for each core.")] = 0
    worker_niceness: Annotated[
        int,
        Meta(ge=0, le=19, description="How far workers step back for answers on the same machine, as nice(1) counts."),
    ] = 5
    lease_seconds: Annotated[
        float, Meta(ge=1, le=600, description="How long a silent worker keeps its chunks, in seconds.")
    ] = 15.0
    disk_folder: Annotated[
        str | None,
        Meta(description="A folder on the database's disk, where workers see it; empty: the embedded one's."),
    ] = None
    disk_free_bytes_min: Annotated[
        int, Meta(ge=0, description="What is to stay free on that disk: with less, runs wait; 0 does not look.")
    ] = 1_073_741_824
    database_bytes_max: Annotated[
        int, Meta(ge=0, description="How large the database may become, for one elsewhere: runs wait; 0 sets no bound.")
    ] = 0
    deleted_seconds: Annotated[
        float,
        Meta(
            ge=60,
            le=SECONDS_MAX,
            description="How long rows of what was deleted or replaced stay for who still reads them.",
        ),
    ] = 60.0
    answers_hours: Annotated[
        float,
        Meta(ge=24, le=24 * DAYS_MAX, description="How long an answer is kept for its Idempotency-Key, in hours."),
    ] = 24.0
    campaigns_days: Annotated[
        int,
        Meta(
            ge=0,
            le=DAYS_MAX,
            description="Campaigns that ended and were not touched for so many days are deleted; 0: never.",
        ),
    ] = 0
    acts_days: Annotated[
        int, Meta(ge=0, le=DAYS_MAX, description="How long it stays known who did what, in days; 0: for ever.")
    ] = 0
    ended_keys_days: Annotated[
        int, Meta(ge=0, le=DAYS_MAX, description="How long revoked and expired keys stay listed, in days; 0: for ever.")
    ] = 0
    report_days: Annotated[
        int,
        Meta(ge=0, le=DAYS_MAX, description="How long it stays known what was done each day, in days; 0: for ever."),
    ] = 0
    monitoring: Annotated[
        bool, Meta(description="Whether metrics are shown; without, /metrics is not there and no worker has a port.")
    ] = True
    metrics_port: Annotated[
        Port, Meta(description="Where a machine's first worker shows its metrics, the next one port on; 0: nowhere.")
    ] = 0
    traces_endpoint: Annotated[
        Annotated[str, Meta(pattern="^https?://")] | None,
        Meta(description="Where traces go (OTLP over HTTP), as in http://127.0.0.1:4318/v1/traces; empty: nowhere."),
    ] = None
    log_level: Annotated[str, Meta(pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="What is logged.")] = "WARNING"
    log_json: Annotated[bool, Meta(description="Log lines as JSON objects.")] = False
    sandbox_seed: Annotated[int, Meta(ge=0, description="Which small internet the sandbox is.")] = 1
    sandbox_delay_ms: Annotated[
        int, Meta(ge=0, le=10_000, description="How much later than it could the sandbox gives each answer, in ms.")
    ] = 0
    sandbox_dns_port: Annotated[Port, Meta(description="The sandbox's DNS port; 0 takes any free one.")] = 15_353
    sandbox_http_port: Annotated[Port, Meta(description="The sandbox's port that stands for 80.")] = 18_080
    sandbox_https_port: Annotated[Port, Meta(description="The sandbox's port that stands for 443.")] = 18_443

    @property
    def home_folder(self) -> Path:
        return Path(self.home).expanduser().absolute()

    @property
    def key_file(self) -> Path:
        """Where `phaseline run` leaves the key that it made, for the other commands on this machine."""
        return self.home_folder / "key"

    @property
    def client_url(self) -> str:
        return self.url or f"http://{bracketed(self.host)}:{self.port}"

    @property
    def worker_processes(self) -> int:
        return self.workers or os.cpu_count() or 1


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings of this environment; Invalid names the variable that is wrong."""
    known = {variable_name(field): field for field in Settings.__struct_fields__}
    given = {field: environment[name] for name, field in known.items() if environment.get(name)}
    strange = [name for name in environment if name.startswith(PREFIX) and name not in known]
    if strange:
        raise Invalid("setting_unknown", f"{min(strange)} is not a setting; see `phaseline settings`.")
    try:
        return msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        sentence, _, path = str(error).partition(" - at `$.")
        raise Invalid("setting_invalid", f"{variable_name(path.rstrip('`'))}: {sentence}.") from None


def bracketed(host: str) -> str:
    """An address as it stands in a URL: IPv6 has brackets there."""
    return f"[{host}]" if ":" in host else host


def variable_name(field: str) -> str:
    return "DATABASE_URL" if field == "database_url" else PREFIX + field.upper()


def describe_settings() -> list[tuple[str, str, str]]:
    """Name, default and meaning of every setting."""
    schema = msgspec.json.schema(Settings)["$defs"]["Settings"]["properties"]
    return [
        (variable_name(field), default_text(schema[field].get("default")), schema[field]["description"])
        for field in Settings.__struct_fields__
    ]


def shown_value(settings: Settings, field: str) -> str:
    """The present value of a setting; of a secret one, only whether there is one."""
    value = getattr(settings, field)
    return "(set, not shown)" if field in SECRETS and value is not None else default_text(value)


def default_text(default: object) -> str:
    return "" if default is None else str(default)
