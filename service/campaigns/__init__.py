"""Campaigns: the control plane. What was asked for, and where each phase stands.

A campaign goes through phases, one at a time, from its initial phase to analysis:

    domain_generation -> dns_validation -> http_validation -> analysis

and its current phase has one status:

    pending --transition--> running <--pause/resume--> paused
    running --last chunk--> completed --transition (or automatic)--> the next phase runs
    running --cannot go on--> failed         pending, running, paused, failed --cancel--> cancelled
    completed, failed, cancelled --retry, rerun--> running
    any --delete--> not found; its chunks are gone, its sets are retired, `campaign.progress` says `deleted`

A re-run of everything, or of what is older than an instant, fills a new set; readers see the one before until it is
complete, which is then retired. The configuration of a phase can change while it is not under way: a run keeps the copy
that it was started with.

`rules` decide (pure; every cell of the design's table is tested); `commands` lock, decide, write and announce, each
in one transaction; `running` starts, counts and ends the runs of phases; `moving` writes where a campaign stands, and
the trail; `views` answer; `api` decodes, makes one call and encodes.

Invariants: only phases, no campaign type and no second status; every command that changes something leaves one row in
`phase_transitions`; `version` (the ETag) moves with commands and phase changes, never with progress; locks are taken
in the order campaign, run, progress state.
"""
