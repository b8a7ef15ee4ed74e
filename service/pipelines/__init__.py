"""Pipelines: the data plane. Bulk flows in chunks from a source through a transform to a sink.

A run of a phase is cut into chunks (ranges of positions) by the planner; worker processes claim them:

    pending --claim (lease)--> leased --all items have an outcome, one transaction--> done
    leased --pause, shutdown, or a checkpoint--> what is finished is written, the rest is pending (kind `remainder`)
    leased --lease runs out, the worker died--> claimed again by anybody
    claimed three times in vain --> halved; a single item that still fails gets the outcome `internal_error`

A chunk's kind says which items of its range it means: `fresh` all of them, `remainder` those without an outcome,
`retry` those whose outcome can be retried (they are deleted and inserted anew, in the chunk's transaction). `kept` is
carried by nobody: a re-run of what is old copies the rest from the set before it, and counts it there.

    re-run completed, campaign deleted, names imported anew --> retired_sets --sweep, a minute later--> gone

`source` reads items, `transforms` find outcomes (no database there), `sink` writes them with the chunk's counts;
`planner` cuts (`keeping` where results are taken over), `engine` is the worker, `carrying` takes a chunk in its hand
from items to outcomes, `sweeping` removes what was retired. Retiring a set deletes its chunks: whoever holds one is
fenced off, as by a lost lease. `reporting` tallies what runs found each day, and `standing` tells whoever watches the
installation. While the database has little room (`postgres.room`) nothing is claimed and nothing planned.

Invariants: asked = the sum of outcomes; pages with a keyword are counted as outcomes are, with the chunk that brought
them; a chunk is completed by whoever holds its lease and by nobody else; no transaction is open while the network is
used; totals are sums over chunk rows; whoever locks several chunks takes them in the order of their keys.
Limits: 25,000 rows a chunk for generation and analysis, 10,000 names for DNS, 300 hosts for HTTP; 12 chunks held by a
worker, 8 of one run; 10 seconds between checkpoints; 20,000 rows or one partition removed at a time.
"""
