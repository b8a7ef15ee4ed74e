"""How much of everything: enough for a whole run to be worth its figures, and for a quick one to end in time."""

import msgspec

ROUNDS = 5  # at least so many alternating runs


class Sizes(msgspec.Struct, frozen=True):
    """`names`, `generated`: what a whole phase carries. The rest: what one run of an engine or of its peer is given.

    `paged`: domains of the campaign whose pages are asked for, each kind of page `page_requests` times.

    Slow peers get less, since a rate is what counts; every run takes a second or more on a machine of its own.
    """

    names: int
    generated: int
    dns_queries: int
    dns_slow_queries: int
    dns_slowest_queries: int
    pages: int
    tls_pages: int
    slow_pages: int
    slowest_pages: int
    wrk_seconds: int
    phase_pages: int
    wild_names: int
    wild_zones: int
    paged: int
    page_requests: int


WHOLE = Sizes(
    names=2_000_000,
    generated=2_000_000,
    dns_queries=500_000,
    dns_slow_queries=50_000,
    dns_slowest_queries=10_000,
    pages=20_000,
    tls_pages=6_000,
    slow_pages=6_000,
    slowest_pages=2_000,
    wrk_seconds=3,
    phase_pages=20_000,
    wild_names=2_000_000,
    wild_zones=1_000,
    paged=10_000_000,
    page_requests=400,
)
QUICK = Sizes(
    names=200_000,
    generated=500_000,
    dns_queries=100_000,
    dns_slow_queries=15_000,
    dns_slowest_queries=2_000,
    pages=3_000,
    tls_pages=1_500,
    slow_pages=1_200,
    slowest_pages=400,
    wrk_seconds=1,
    phase_pages=3_000,
    wild_names=40_000,
    wild_zones=20,
    paged=30_000,
    page_requests=10,
)
