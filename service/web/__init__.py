"""The web edge: what every route shares.

`connections` bounds a request's head; `security` sets what every answer says to browsers and refuses preflights;
`authentication` finds out who asks and whether they may; `limits` bounds what one caller can hold; `idempotency` gives
a repeated command its first answer; `transactions` hands each request one transaction and commits it at the edge,
before the answer is sent; `errors` turns refusals into problem details (RFC 9457); `bodies` decodes requests strictly;
`paging` makes and reads cursors; `serving` puts an application together and runs it.

Invariants: a handler makes one call and never commits; a request that is refused leaves nothing behind; a kept answer
and its command are committed together; a cookie alone commands nothing, the page must be ours; nothing internal is
ever shown to a caller.

Limits: a head of 64 KiB and 100 headers within 10 seconds; a body of one megabyte within 20 (routes that stream theirs
keep their own bounds); 200 requests of a tenant under way in each API process; 30 seconds for a statement; kept answers
for 24 hours.
"""
