"""Our DNS engine: batches of names in, columns of outcomes out; no database and no web.

`engine.DnsEngine` is what callers see; behind it, `dispatcher.Dispatcher` serves several batches at once through a few
connected UDP sockets per resolver. `packets` is the pure codec, `datagrams` how several go out at once, `lanes` what
one resolver can take, `batches` what one caller asked, `streams` the way over TCP, `wheel` the deadlines, `wildcards`
which parents answer for every child, `outcomes` a name's possible ends.

    name --encode--> waiting --send--> in flight --answer--------------------> settled
      |                 ^                  |-- truncated --> the same over TCP --> settled or failed attempt
      |                 |                  '-- nothing, error, unreadable: failed attempt
      |                 '------- attempts left: another resolver -------'        '-- none left --> settled as failed
      '-- cannot be encoded --> settled as malformed, nobody is asked

A resolver ("lane") is open or suspended. It is suspended after `lanes.SUSPEND_AFTER` queries in a row without a sign
of life, and is then sent one canary a second until it gives one. So a dead resolver costs a few names one attempt each,
and when all are dead for `dead_after_seconds`, `resolve` raises `AllResolversDead` rather than call every name dead.

Invariants
- A batch has one outcome for each name: 0 (unfinished) only if `stop` was set or the engine was closed meanwhile.
- A name has at most one query in flight; an answer counts only for the question and the id that it was asked with, on
  the socket that asked.
- Every attempt is charged to the rate caps: retries, probes for wildcards, canaries and TCP too.
- A batch that was cancelled, stopped or failed owns no pending query, and nothing is called for it any more.

Limits
- `in_flight_max` queries per resolver and `streams.STREAMS_MAX` TCP connections per engine.
- Answers are read up to `packets.RECORDS_MAX` records; UDP answers up to 4,096 bytes (we offer to take
  1,232), TCP up to 65,535.
- Timeouts are exact to `wheel.TICK_SECONDS`; a loop that stalls makes them later, never earlier.
- A stop is noticed within a tick, and takes `dispatcher.GRACE_SECONDS` at most.
- One event loop: an engine is not shared between threads.
- Wildcards are looked for at the immediate parent only; a parent whose probes all fail leaves its names `resolved`.
"""
