"""A small internet on loopback: DNS, HTTP and HTTPS; seeded, and able to tell the truth about every name.

It stands apart, and shares no code with `resolving` and `fetching`: otherwise that they agree would prove nothing.
Whoever runs against it compares outcomes with `truth.truth_of(seed, name)`.

    truth      pure: (seed, name) -> NameTruth; `describe` shows it to people
    behaviours the closed sets, their weights, and the words pages are made of
    pages      pure: truth -> HTML            answers  pure: truth, request -> answer
    packets    pure: DNS messages             dns      UDP and TCP servers
    certificates  a CA of its own             http     web servers, plain and TLS
    listening  sockets sharing a port         server   `running_sandbox(settings)`

Names. A keyed hash of the lower-cased name decides; weights stand in `behaviours`.

    under       what exists
    any TLD     by hash; but a name whose first label has 20 characters or more is nobody's, so that whoever probes
                for wildcards with random labels of that length finds none
    wild        names that exist by hash have addresses of their own; all others, at any depth, the one wildcard address
    alias       hop3-<8 hex>, hop2-…, hop1-…: where CNAMEs lead; nothing else
    landing     <8 hex>: where redirects to another host lead; nothing else
    invalid     nothing (RFC 6761)

Questions. Both DNS addresses behave as one server: they share the memory of what was asked before.

    existing    A, two NS, MX (itself); other types: no data, with an SOA
    absent      NXDOMAIN with the SOA of the TLD
    no_data     NOERROR with an SOA; so do the TLDs themselves
    alias       one to three CNAMEs and the address at their end, in one reply
    wildcard    the wildcard's address
    servfail, refused   that code, always
    truncated   TC over UDP, the answer over TCP
    lossy       the first question over UDP is lost, later ones are answered
    flaky       the first question gets SERVFAIL, later ones are answered
    slow        answered after `delay_ms`
    silent      never answered

With `delay_ms` each answer, also of a web, comes so much later than it would, as from far away; the truth is the same.

Hosts. The Host header decides; a host asked for at an address that is not its own, or unknown, or an IP literal: 421.

    page, keyword_page, parked  200; a keyword page has exactly its keywords in its text, the others have none
    redirect            to /welcome, which shows the page
    redirect_to_https   http to https, which shows the page
    redirect_cross      to a host under `landing`
    redirect_loop       / and /again point at each other
    redirect_private    to http://10.0.0.1/ or http://169.254.169.254/latest/, where no client may go
    not_found, rate_limited, unavailable, server_error   404, 429 with Retry-After, 503, 500
    huge                `body_bytes` of several MB, chunked, as fast as the client reads
    slow_body           16 bytes every half second
    broken_body         closed halfway to the promised length
    stalled             takes the request and says nothing until the idle limit
    reset               RST in answer to the request
    bad_tls             http shows the page; https has a self-signed, expired or another name's certificate (`tls`)
    plain_only          http shows the page; the TLS handshake fails
    odd_charset         ISO-8859-1, windows-1251, Shift_JIS or UTF-16, declared in the header or in a meta element
    gzip, brotli        compressed for whoever accepts it

Invariants. The same seed and name give the same truth on every machine and in every run. Only 127.77.0.0/16 is bound.
No bytes from a client raise.

Limits. Linux (other systems do not route all of 127.0.0.0/8 to loopback). IPv4 only: AAAA is always no data. HTTP/1.1
only, GET and HEAD. Names are judged one by one: a name may exist below one that is NXDOMAIN. What was asked first is
forgotten after 65,536 other lossy or flaky names, and remembered from one campaign to the next until then. The CA is
made anew at every start. Connections, delayed replies, certificates and idle times have bounds, named where they are
used; a TLS handshake under way counts as no connection yet, and has ten seconds.
"""
