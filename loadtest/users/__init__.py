"""Who asks a Phaseline server under load: the classes of users that `loadtest/locustfile.py` gives to locust.

    user.py        what all that ask over HTTP share: lives of single requests, as often as is offered
    commanding.py  Mover, Deleter      reading.py  Browser, Overseer      importing.py  Importer
    exporting.py   Exporter            watching.py  Dashboard, Follower, on `/ws`
    asking.py      the generated client's calls, sent by locust's client     troubles.py  what goes wrong, in kinds
    counting.py    what came of it, second by second                         telling.py   as lines of JSON

Invariants
- Every request stands under its operation's id. A user takes one step at a time, and each step is one request.
- Retry-After is kept to: by the rules of the generated client within a request, and by the user after a refusal.
- Answers are checked, not only timed: a repeated command, the filters of a page, the rows of a file, funnels.
- Importing any of these but `telling`, `troubles` and `watches` imports locust, which changes the standard library.

Limits: one process of users is one thread. Where it has more to do than that, its own delays look like the server's.
"""
