"""The web edge: what every route shares.

`connections` bounds a request's head, and `sockets` what the client of a websocket can leave unread; `security` sets
what every answer says to browsers and refuses preflights; `authentication` finds out who asks and whether they may, and
`handshakes` tells a websocket why it may not; `limits` bounds what one caller can hold; `idempotency` gives a repeated
command its first answer; `transactions` hands each request one transaction and commits it at the edge, before the
answer is sent; `errors` turns refusals into problem details (RFC 9457); `bodies` (`faults`) and `parameters` read
requests strictly; `paging` makes and reads cursors; `contract` tells of all this in two documents, from the marks on
the routes that steer it; `measuring` times requests; `serving` puts an application together and runs it.

Invariants: a handler makes one call and never commits; a request that is refused leaves nothing behind; a kept answer
and its command are committed together; a cookie alone commands nothing, the page must be ours; nothing internal is
ever shown to a caller; the document tells of every status that a route can answer with.

Limits: a head of 64 KiB and 100 headers within 10 seconds; a body of one megabyte within 20 (routes that stream theirs
keep their own bounds); 200 requests of a tenant under way in each API process; 30 seconds for a statement; kept answers
for 24 hours. A websocket is pinged every 20 seconds, given up when it does not answer within 20, and cut off 15 later
whatever it has left unread; one that has 100 messages waiting here is closed at once.
"""
