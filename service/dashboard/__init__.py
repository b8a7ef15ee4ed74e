"""The page in which campaigns are watched and moved: built assets, and the routes that serve them.

    page/    its sources (React, TypeScript) and how they are built; nothing at run time comes from there
    built/   what the build makes of them, committed: running needs no Node, and `make verify` builds anew to compare
    files    reads what was built, once
    api      `/` leads to `/dashboard`; every address below it answers with the page, which knows what to show there

The page asks the API as anybody does, with the client of `openapi/clients/typescript`; it has no route of its own.

Invariants: the page runs no script and shows no style but its files' (Content-Security-Policy, without exceptions),
and asks nobody but us; an asset's name is its content's, so that it can be kept for a year, and the page itself is
asked for each time; the key that opens a session is kept nowhere. Numbers move by the websocket alone: a state waits
for the next frame and renders the row in sight whose campaign moved, and what only HTTP tells is asked for when there
is news. Workers are the exception, and asked for every two seconds: that one has died, nobody announces.

Limits: the first load of each route is below 120 kB of compressed script.
"""
