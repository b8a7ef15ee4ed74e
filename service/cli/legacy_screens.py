"""What the steps of `phaseline migrate legacy` say. Pure: what they came to in, lines out."""

from collections.abc import Iterator, Mapping

import msgspec

from service.cli.meters import bytes_text
from service.cli.screens import duration_text
from service.cli.terminal import printable
from service.migration.commands import Carried, Finished, RolledBack, Switched
from service.migration.model import FateCount, Stage
from service.migration.planning import Plan
from service.migration.verifying import CampaignProof, Discrepancy, Proof

COUNTS_SHOWN_MAX = 15  # lines of one list
Lines = tuple[str, ...]


class Verified(msgspec.Struct, frozen=True, rename="camel"):
    """What `verify --json` prints."""

    proof: Proof
    campaigns: tuple[CampaignProof, ...]


def plan(made: Plan) -> Lines:
    version = "" if made.version is None else f", version {made.version}"
    free = "nobody can tell from here" if made.bytes_free is None else bytes_text(made.bytes_free)
    return (
        f"An old system, edition {made.edition}{version}: {made.campaigns:,} campaigns, {made.domains:,} domains.",
        *counted("Its tables:", {table: bytes_text(size) for table, size in made.tables.items()}),
        *counted("Where its campaigns will stand:", made.standings),
        *counted(
            "Campaigns that stand elsewhere than the seed's rules, or one of their columns, say:", made.differences
        ),
        *counted("Not carried, in so many campaigns:", made.settings),
        *counted(f"Of {made.sample_rows:,} domains of the largest campaign would be:", made.sample_fates),
        *rejected(made),
        *(
            f"  {printable(each.name)} ({each.old_id}): {each.rows:,} domains, {each.current_phase} {each.phase_status}"
            for each in made.planned
        ),
        f"It takes about {duration_text(made.seconds)} and {bytes_text(made.bytes_needed)}; free: {free}.",
        *(f"Blocked: {blocker}" for blocker in made.blockers),
        *(() if made.blockers else ("Go: `phaseline migrate legacy run`.",)),
    )


def rejected(made: Plan) -> Iterator[str]:
    if made.orphan_rows:
        yield f"Rejected: {made.orphan_rows:,} domains whose campaign is gone."
    for old_id, reason in made.unreadable.items():
        yield f"Rejected: the campaign {old_id}: {printable(reason)}."


def carried(done: Carried) -> Lines:
    filled = f"{done.filled:,} domains had no outcome in a phase that has ended; they can be retried."
    behind = "The old system writes faster than we carry: run again when it is quieter."
    return (
        f"Carried {done.rows:,} domains in {duration_text(done.seconds)}.",
        *fates(done.fates),
        *((filled,) if done.filled else ()),
        f"The backup from before: {done.backup}.",
        "Next: `phaseline migrate legacy verify`." if done.is_up_to_date else behind,
    )


def fates(counts: tuple[FateCount, ...]) -> list[str]:
    return counted("Not here as they were there:", {f"{each.fate}: {each.reason}": each.amount for each in counts})


def proved(proof: Proof, campaigns: tuple[CampaignProof, ...]) -> Lines:
    there = f"{proof.campaigns:,} campaigns and {proof.rows:,} domains there"
    fate = f"{proof.carried:,} carried, {proof.merged:,} merged, {proof.rejected:,} rejected"
    unreadable = f"{proof.unreadable:,} campaigns unreadable, with {proof.unreadable_rows:,} domains"
    others = f"{proof.orphan_rows:,} domains without a campaign, {unreadable}"
    return (
        *(line for each in campaigns for line in campaign_lines(each)),
        f"{there}: {fate}; {others}.",
        *discrepancies(proof.discrepancies),
        *(("Both sides say the same. Next: `phaseline migrate legacy switch`.",) if proof.holds else ()),
    )


def campaign_lines(proof: CampaignProof) -> Iterator[str]:
    yield f"{printable(proof.name)} ({proof.old_id}): {proof.rows:,} domains"
    for phase in proof.phases:
        same = "=" if (phase.there, phase.there_checksum) == (phase.here, phase.here_checksum) else "differs from"
        yield f"  {phase.phase:<18}{phase.there:>12,}  {phase.there_checksum} {same} {phase.here_checksum}"


def discrepancies(found: tuple[Discrepancy, ...]) -> Lines:
    return tuple(f"Differs: {each.old_id}: {printable(each.sentence)}" for each in found)


def switched(done: Switched) -> Lines:
    if not done.is_done:
        return (*discrepancies(done.proof.discrepancies), "No switch: the old tables are open again, as they were.")
    return (
        f"Switched: {done.campaigns:,} campaigns are here, {done.running:,} of them go on.",
        f"The old tables were closed for {duration_text(done.seconds)} until then, and stay so.",
        "Next: `phaseline migrate legacy finish --yes`, or rollback.",
    )


def rolled_back(done: RolledBack) -> Lines:
    lines = [f"Rolled back from {done.stage.replace('_', ' ')} in {duration_text(done.seconds)}."]
    if done.returned is not None:
        told = done.returned
        lines.append(
            f"Written back: {told.campaigns:,} campaigns, {told.domains_changed:,} domains changed, "
            f"{told.domains_added:,} added."
        )
        lines += counted("Not written back:", told.lost)
    if done.stage is Stage.SWITCHED:
        lines.append("What was carried is held here: `phaseline migrate legacy rollback --discard` removes it.")
    return tuple(lines)


def finished(done: Finished) -> Lines:
    return (
        f"The old tables are gone: {', '.join(done.tables) or 'they were already'}.",
        f"Their backup: {done.backup}. To restore it:",
        *(f"  {command}" for command in done.restore),
    )


def counted(heading: str, counts: Mapping[str, object]) -> list[str]:
    """The first of a list; nothing where it is empty."""
    lines = [f"  {amount_text(amount):>12}  {printable(word)}" for word, amount in counts.items()]
    more = [f"  and {len(lines) - COUNTS_SHOWN_MAX:,} more"] if len(lines) > COUNTS_SHOWN_MAX else []
    return [heading, *lines[:COUNTS_SHOWN_MAX], *more] if lines else []


def amount_text(amount: object) -> str:
    return f"{amount:,}" if isinstance(amount, int) else str(amount)
