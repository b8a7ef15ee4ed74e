"""From the old system's database into ours: the only place where its words may stand.

    added --run--> carried --verify--> verified --switch--> switched --finish--> finishing --> finished
      |               ^  |                |                    |                     |
      |               +--+--- differs ----+                    +----- rollback ------+--> returning
      +--------------------- rollback ----------------------------------------------------> rolled back

`commands` are the steps, `planning` tells before anything is done. The old system's words are decided on by pure
modules: `aliases` `standing` (where a campaign stands), `outcomes` `rows` (domains), `settings` `configuration`,
`history`, `spaces` `walking_on` (offsets), and `prospects`, which puts them together. `survey` looks through the old
database, `carrying` `changes` `settling` bring it here, `verifying` proves it by `checksums`, `switching` and
`returning` hand campaigns over and back. `source` is the old database, `store` is ours.

Invariants:

- Until the switch campaigns are held by a tenant that nobody has a key of, and paused. The switch is one transaction.
- A batch is carried in one transaction, and can be carried again: whoever is killed goes on from the last batch. What
  the old system writes meanwhile is noted by its own transactions, and forgotten when it has been carried.
- Every row of the old database is carried, merged into another one of its name, or rejected for a reason. Whatever is
  not so stops the switch.
- Never do both systems write: from the switch on the old tables refuse it, and where nobody knows whether a switch was
  made they stay closed. In a rollback our schema there goes last, since it tells which database that is.
- Nothing is made in the old database but one schema; without it, it is as it was, by its dump. Its tables go only in
  `finish`, all at once, after a backup that has been restored as a trial.

Limits: one migration at a time; names of 300 characters are kept of what was rejected; what was written past the
triggers (by replication, say) is found where it changes how many rows there are, and by the next `verify`.
"""
