"""The web edge: what every route shares.

`authentication` finds out who asks; `transactions` hands each request one transaction and commits it at the edge,
before the answer is sent; `errors` turns refusals into problem details (RFC 9457); `bodies` decodes requests strictly;
`paging` makes and reads cursors; `serving` puts an application together and runs it.

Invariants: a handler makes one call and never commits; a request that is refused leaves nothing behind; no body of
more than one megabyte is read; nothing internal is ever shown to a caller.
"""
