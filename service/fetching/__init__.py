"""Our HTTP prober: for each host one page, what it says and what it is, or the plain reason why there is none.

No database and no web framework. The DNS lookup of redirect targets is handed in; everything else is decided here.

The way of one target (`hops` decides, `exchange` does, `prober` drives):

    https ─┬─ answer ─┬─ page ........................... reached | parked
           │          ├─ 3xx: look up, guard, next hop .. redirect_loop | blocked | unresolvable
           │          ├─ short Retry-After: once again .. rate_limited | server_error
           │          └─ other status ................... not_found | client_error | server_error | rate_limited
           ├─ no connection: next address, then http .... connection_refused | connection_reset | timed_out | tls_failed
           ├─ no proxy: the next one .................... internal_error; if none answers, the probing ends
           └─ connection, but no whole answer ........... connection_reset | timed_out | broken_response

Targets travel in waves: every hop that is ready is sent in one wave, the redirects it brings are looked up in one
batch, and they are the next wave. Hops that a server asked to wait join the first wave after their time.

Within a wave each hop waits at the `gate` for its turn by the `schedule`: so many at once in all and to one address, so
many a second to one address, so many bytes a second. `persona` says as whom and through which proxies they go.

Invariants
- No request leaves for an address that `guard` has not passed, at any hop. Names are pinned to passed addresses in the
  client of their wave, and a name without a pin is never handed to the client, so nothing here asks the system's
  resolver.
- Where there are proxies, nothing leaves but through them, and a proxy's address is judged like any other.
- `probe` answers in the order asked, one `Probe` for each target, or `None` where a stop came first. What a remote
  server does never raises.
- Work on a page is linear in its length, whatever is in it: pages are written by strangers.

Limits
- A page is cut at `body_bytes_max` decompressed bytes; a target has `timeout_seconds` over all its hops.
- A short Retry-After (`hops.RETRY_AFTER_WAITED_SECONDS_MAX`, and no more than is left of the target's time) is waited
  once, beside that time. A host that is being waited for when a stop comes is `rate_limited`: given back, it would be
  asked by somebody else before its time. Only a process that dies without a word forgets whom it was to leave alone.
- Limits hold for one configuration, not across campaigns that differ in theirs. A process may always have one
  connection to an address, so that more processes than connections allowed are more connections.
- Bytes a second are those of bodies, unpacked, and are held by when requests begin: within a second as long as a page
  is small beside what a second may bring, and on average otherwise.
- A socks5 proxy is told addresses; an http proxy is told names, and where those lead at its place, or at its second
  look at DNS, is not guarded. What it answers to plain http in a host's place counts as the host's answer, and its
  silence as a timeout.
- Brotli is unpacked by us, the rest by the client library; what is packed twice, or in a way unknown, is read as it is.
- A name has one address at a time in a wave, and at most `ADDRESSES_TRIED_MAX` are tried.
- HTTP/1.1 only: each host is asked once or twice, which gives HTTP/2 nothing to gain.
- A request cut off by a stop or a cancellation keeps its connection until its own timeout: the client library lets
  go of it only then. The task that waited for it ends at once.
- A `Location` with bytes outside ASCII is a broken response, because the client library cannot hand it over.
"""
