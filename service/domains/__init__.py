"""What a campaign holds: names brought in, results read, patterns tried out before anything is run.

`importing` streams a list of names into a campaign that has not begun. `reading` answers with pages, leads, the funnel
and exports, over the sets that the campaign points at. `previewing` tells what a pattern or a phase would come to.

Invariants: nothing here starts or moves a phase; every question names the tenant, and what is another tenant's is not
found; whatever is read or streamed is bounded in memory and in what it inspects.
"""
