"""What is done to a whole installation, and judged: `make loadtest`.

    plan.py       how large, how long        running.py   one run, stage by stage: the evidence
    parts.py      everything that runs       capped.py    the campaign that runs meanwhile, and its cap
    crowds.py     locust's users             tail.py      what they write
    sampling.py   memory, processors, the server's histograms
    counted_sandbox.py   a name server that counts        finals.py    last states, held against the database
    judging.py    figures and verdicts       reports.py   what is kept, as tables       plot.py   as an SVG

    warming up -> steady -> beyond capacity -> recovering      watchers come before all of it, and go after it

Invariants
- Latencies are those that users see: from sending a request to having read its answer, in a process that does little
  else. The server's own histograms stand beside them.
- Requests are offered by the clock, whether earlier ones were answered or not. How many were answered is a target too.
- The campaign's rate is counted where its queries arrive, at a sandbox that nobody else asks.
- Last states are held against the database, watcher by watcher. Who came back after an absence counts like any other.
- A stage is judged by what ended in it. Only what is turned away with Retry-After is allowed, and only beyond capacity.

Limits: one machine, on which the users have to run as well; what they take of the processors is told.
"""
