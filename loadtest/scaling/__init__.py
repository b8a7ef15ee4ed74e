"""How fast DNS and HTTP are with one to four worker processes, and what a domain writes to PostgreSQL's log.

`python -m loadtest.scaling` (`make scaling`) starts a durable PostgreSQL, sandboxes and workers on one machine, all of
which share its cores. Two worlds: `far`, where each answer takes 50 ms and each process may have so many questions and
requests under way, so that it waits most of the time; and `near`, where answers come at once and the cores are the
bound.

    counted_sandbox  a sandbox that counts what arrives         worlds     what is asked of a campaign in each
    measuring        one run: workers, a warm-up, a window      wal        what each phase logs
    reporting        what is kept, and README's part

What is counted is questions and requests at the sandbox, in a window in the middle of a phase: progress in the database
comes in chunks of ten thousand names, and the last names of a phase wait for hosts that never answer. The numbers of
processes take turns, forth and back, so that whatever disturbs the machine disturbs all of them.
"""
