"""The data plane beside its peers: who does the same work, in the same run, on the same cores, and how much faster.

    running.py     runs that alternate; ratios with their spread; what is kept of them
    table.py       the table of ratios       plot.py   cost over size, as SVG
    processes.py   programs as children: pinned to a core, bounded in time, ended by their pid
    daemons.py     servers as children       nsd.py, nginx.py, certificates.py   how these are set up
    servers.py     NSD with our names, nginx with our page, on loopback
    carrying.py    campaigns carried by one worker process, each in a fresh copy of a prepared database
    making_up.py   results of phases that are not under test
    furnishing.py  a whole campaign as a real one leaves it, with what drawing.py finds by chance
    serving.py     an API process, and its own histograms of requests (histograms.py)
    workload.py    names and pages           spaces.py what patterns spell         sizes.py  how much of everything
    machine.py     what it all ran on

    generation  dns_engine  dns_phase  http_engine  http_phase  analysis    one module, one comparison
    wildcards      two million names under a thousand zones (wild_zones.py), with wildcards and without
    pages          of a campaign of 10 million (page_kinds.py), and what a domain takes on the disk (footing.py)
    scaling        10,000 to 10 million domains: cost and memory, phase by phase (not in the quick run)
    functions/     pytest-benchmark          compare.py   two revisions of the functions, side by side
    ours/ peers/   one small program each: it does the work once, and says in one line of JSON how that went

Invariants
- A speed is only ever told as a ratio to a peer of the same run. Contenders take turns, in another order each round; a
  ratio is the median over the rounds, with its least and its greatest value.
- Everybody says what they found, and a run that found anything else than the others fails the comparison: whoever
  drops work is not fast.
- A peer that is missing is named, and the rest goes on. Nothing is installed from here.
- The client has a core of its own, and so has the server that it asks (with one core only they share it). PostgreSQL
  goes where there is room, with its settings durable as in production.

Limits: one machine; loopback has no latency and loses nothing, so these figures are about processor time.
"""
