"""What `phaseline doctor` looks at: each check says what it found, and what to change.

    machine    packages, folders, disks, files, sockets, cores     (no network)
    database   the server, its schema, its settings, its clock, who works on it
    resolvers  whether they answer, and tell the truth
    api        whether it answers, and knows the key

`findings` are the words; `wishes` says which setting of a database should be what, and why. Pure are `wishes` and what
judges (`judge_...`, `..._finding`); the rest looks.

Invariants: checks do not depend on each other, so that a broken part hides no other; each is bounded in time; none
changes anything, except that a stopped embedded database runs while it is looked at. A finding that is not `ok` says
what to change.
"""
