"""Which settings of a PostgreSQL are good for this work, and what is said where they are not. Pure.

The numbers are those that loads of 2 to 16 million rows were measured with; the embedded server has the same, scaled to
its machine. Where DATABASE_URL names a server of one's own, its memory is not known: then the least is judged.
"""

from collections.abc import Mapping, Sequence

import msgspec

from service.cli.diagnosis.findings import Finding, broken, doubtful, fine

KIB, MIB, GIB = 1_024, 1_024**2, 1_024**3
UNITS = {"": 1.0, "B": 1, "kB": KIB, "8kB": 8 * KIB, "16kB": 16 * KIB, "MB": MIB, "ms": 0.001, "s": 1, "min": 60}
RESTARTING = frozenset({"shared_buffers", "max_locks_per_transaction", "max_connections"})


class Wish(msgspec.Struct, frozen=True):
    """A number that should lie within bounds. `proposal` is as the server takes it; `why` ends a sentence."""

    name: str
    proposal: str
    why: str
    least: float = float("-inf")
    most: float = float("inf")
    in_bytes: bool = False


class Rule(msgspec.Struct, frozen=True):
    """A word that should be another one. `harms`: what was promised is not kept otherwise."""

    name: str
    good: frozenset[str]
    why: str
    harms: bool


WISHES = (
    Wish("shared_buffers", "1GB", "pages are read again and again", least=256 * MIB, in_bytes=True),
    Wish("max_wal_size", "8GB", "loads write much, and checkpoints in between slow them", least=2 * GIB, in_bytes=True),
    Wish("checkpoint_timeout", "15min", "each checkpoint makes pages be written whole again", least=600),
    Wish("work_mem", "32MB", "sorts and joins go to disk otherwise", least=8 * MIB, in_bytes=True),
    Wish("maintenance_work_mem", "512MB", "indexes are built after a phase", least=128 * MIB, in_bytes=True),
    Wish("random_page_cost", "1.1", "the planner shuns indexes that an SSD reads quickly", most=2.0),
    Wish("max_locks_per_transaction", "512", "a statement may touch every partition of a table", least=256),
)
EMBEDDED_LEAST = {
    "shared_buffers": 128 * MIB,
    "max_wal_size": GIB,
    "work_mem": 4 * MIB,
    "maintenance_work_mem": 64 * MIB,
}
RULES = (
    Rule("fsync", frozenset({"on"}), "a power cut may cost the whole database", harms=True),
    Rule("full_page_writes", frozenset({"on"}), "a power cut may leave torn pages", harms=True),
    Rule(
        "synchronous_commit",
        frozenset({"on", "local", "remote_write", "remote_apply"}),
        "a crash loses what was answered as done",
        harms=True,
    ),
    Rule("autovacuum", frozenset({"on"}), "tables swell and are planned for wrongly", harms=False),
    Rule("track_counts", frozenset({"on"}), "autovacuum does nothing without", harms=False),
)
NAMES = (
    *(wish.name for wish in WISHES),
    *(rule.name for rule in RULES),
    *("max_connections", "superuser_reserved_connections", "reserved_connections"),
)


class SettingFound(msgspec.Struct, frozen=True):
    """A setting as pg_settings tells it."""

    name: str
    setting: str
    unit: str

    @property
    def number(self) -> float:
        return float(self.setting) * UNITS.get(self.unit, 1)


def judge_settings(found: Mapping[str, SettingFound], *, is_embedded: bool) -> list[Finding]:
    """A finding for each setting that should be changed; one for all where none is."""
    findings = [
        *(judge_wish(wish, found[wish.name], is_embedded=is_embedded) for wish in WISHES if wish.name in found),
        *(judge_rule(rule, found[rule.name].setting) for rule in RULES if rule.name in found),
    ]
    told = [finding for finding in findings if finding is not None]
    return told or [fine("database.settings", f"{len(findings)} settings of the database are as they should be.")]


def judge_wish(wish: Wish, found: SettingFound, *, is_embedded: bool) -> Finding | None:
    least = EMBEDDED_LEAST.get(wish.name, wish.least) if is_embedded else wish.least
    if least <= found.number <= wish.most:
        return None
    told = f"{wish.name} is {value_of(wish, found)}: {wish.why}."
    return doubtful(f"database.{wish.name}", told, change_of(wish.name, wish.proposal))


def value_of(wish: Wish, found: SettingFound) -> str:
    """As the server would write it."""
    if wish.in_bytes:
        return f"{found.number / GIB:g}GB" if found.number >= GIB else f"{found.number / MIB:g}MB"
    return f"{found.number / 60:g}min" if wish.proposal.endswith("min") else found.setting


def judge_rule(rule: Rule, setting: str) -> Finding | None:
    if setting in rule.good:
        return None
    judge = broken if rule.harms else doubtful
    return judge(f"database.{rule.name}", f"{rule.name} is {setting}: {rule.why}.", change_of(rule.name, "on"))


def change_of(name: str, proposal: str) -> str:
    then = "then restart PostgreSQL" if name in RESTARTING else "then SELECT pg_reload_conf();"
    return f"ALTER SYSTEM SET {name} = '{proposal}'; {then}"


def judge_connections(found: Mapping[str, SettingFound], needed: int) -> Finding:
    """Whether an API and the workers of this machine find room; others that share the server come on top."""
    most = sum(
        sign * found[name].number
        for name, sign in (("max_connections", 1), ("superuser_reserved_connections", -1), ("reserved_connections", -1))
        if name in found
    )
    told = f"{most:.0f} connections are to be had, and one API with this machine's workers takes up to {needed}."
    if most < needed:
        return doubtful("database.max_connections", told, change_of("max_connections", str(needed + 50)))
    return fine("database.max_connections", told)


def by_name(found: Sequence[SettingFound]) -> dict[str, SettingFound]:
    return {setting.name: setting for setting in found}
