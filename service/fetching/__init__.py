"""Our HTTP prober: for each host one page, what it says and what it is, or the plain reason why there is none.

No database and no web framework. The DNS lookup of redirect targets is handed in; everything else is decided here.

The way of one target (`hops` decides, `exchange` does, `prober` drives):

    https ─┬─ answer ─┬─ page ........................... reached | parked
           │          ├─ 3xx: look up, guard, next hop .. redirect_loop | blocked | unresolvable
           │          ├─ short Retry-After: once again .. rate_limited | server_error
           │          └─ other status ................... not_found | client_error | server_error | rate_limited
           ├─ no connection: next address, then http .... connection_refused | connection_reset | timed_out | tls_failed
           └─ connection, but no whole answer ........... connection_reset | timed_out | broken_response

Targets travel in waves: every hop that is ready is sent in one wave, the redirects it brings are looked up in one
batch, and they are the next wave.

Invariants
- No request leaves for an address that `guard` has not passed, at any hop. Names are pinned to passed addresses in the
  client of their wave, and a name without a pin is never handed to the client, so nothing here asks the system's
  resolver.
- `probe` answers in the order asked, one `Probe` for each target, or `None` where a stop came first. What a remote
  server does never raises.
- Work on a page is linear in its length, whatever is in it: pages are written by strangers.

Limits
- A page is cut at `body_bytes_max` decompressed bytes; a target has `timeout_seconds` over all its hops.
- A name has one address at a time in a wave, and at most `ADDRESSES_TRIED_MAX` are tried.
- HTTP/1.1 only: each host is asked once or twice, which gives HTTP/2 nothing to gain.
- A request cut off by a stop or a cancellation keeps its connection until its own timeout: the client library lets
  go of it only then. The task that waited for it ends at once.
- A `Location` with bytes outside ASCII is a broken response, because the client library cannot hand it over.
"""
