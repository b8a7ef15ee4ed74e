"""The same campaign through the dual architecture (`loadtest.baseline`) and through ours, turn by turn.

What is compared is bookkeeping, database and websocket traffic, not the network: what DNS and HTTP find is made up by
the name alone (`loadtest.baseline.finding`), in both systems by the same function at the place where the network would
be asked. All else is real. Ours is `phaseline serve` and one worker process, which plans, claims, writes and counts as
always; theirs is one process, too, as it was. Each system has one core for its processes, and shares the other one
with nobody but PostgreSQL and whoever watches. Both make the same names, score by the same rules, and must come to the
same counts and to the same answers, or there is no comparison.

A turn takes a fresh copy of a prepared database with a thousand other campaigns, then:

- four watchers subscribe, and the campaign is started; wall time until its last phase is completed, with messages and
  bytes that one watcher is sent. Two factors make the difference: one format instead of two, and telling at most five
  times a second instead of after each batch;
- meanwhile PSS of its processes, and of its backends without shared buffers, at their peak together;
- bytes of the database after a checkpoint; then VACUUM (ANALYZE), and the eight queries. Those that read count the time
  of their statements on the client's side, all of them where ours needs several. Those that write count whole
  transactions, and are told for a thousand names; names and outcomes are those of another campaign that waits for DNS,
  one in ten as large. Deletion counts until the last row is gone, without the minute of grace that readers have with
  us, and without the VACUUM that the old system needs before the room is free.

Ours tells at most so often a second, and the old system so often a campaign: the longer a campaign takes, the less is
saved. The results tell how long one may take until the aim is missed.
"""
