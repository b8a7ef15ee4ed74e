"""Progress: whoever watches is told afterwards, once, by `campaign.progress`.

`events` is what goes over the wire. `announce` writes the newest state of a campaign into `progress_states`, inside
the transaction that changed it, and rings a bell. `hub` (one per server process) hears the bell, reads what changed
and puts it into `mailboxes`, which keep for each subscriber only the newest state of each campaign; `snapshots` reads
present states, once for all who subscribe at the same time. `sending` empties the mailboxes. `socket` is the `/ws`
endpoint.

    command or coalescer --announce--> progress_states --bell, or the poll--> hub --newest only--> sockets

Invariants: `sequence` grows by one with each change of a campaign, in commit order, and survives restarts; a rolled
back transaction announces nothing; a slow watcher costs one message per campaign and delays nobody; a campaign is
sent at most five times a second to a watcher, and its last state always arrives. A lost bell is healed by the poll.
"""
