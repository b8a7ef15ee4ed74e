"""How asking for a name can end: a closed set, each end in exactly one of three groups."""

from enum import IntEnum


class DnsOutcome(IntEnum):
    """What we know about a name in the end. Stored as smallint: a number never changes its meaning.

    0 is no outcome: the name is unfinished.
    """

    RESOLVED = 1
    NO_DATA = 2  # the name exists, without an address
    ABSENT = 3  # NXDOMAIN
    SERVFAIL = 4
    REFUSED = 5
    TIMED_OUT = 6  # nobody answered at all
    MALFORMED = 7  # no answer could be read, or the name cannot be asked for
    WILDCARD = 8  # the parent gives the same answer to every name
    RATE_LIMITED = 9  # told to come back later (DNS over HTTPS; plain DNS has no word for it)
    INTERNAL_ERROR = 10

    @property
    def label(self) -> str:
        """The lower-case word of the contract, as in `no_data`."""
        return self.name.lower()


UNFINISHED = 0

SUCCEEDED: frozenset[DnsOutcome] = frozenset({DnsOutcome.RESOLVED})
NEGATIVE: frozenset[DnsOutcome] = frozenset({DnsOutcome.NO_DATA, DnsOutcome.ABSENT, DnsOutcome.WILDCARD})
FAILED: frozenset[DnsOutcome] = frozenset(DnsOutcome) - SUCCEEDED - NEGATIVE

# Asking again may end otherwise. Every failure is such: even `malformed` is mostly somebody's broken answer.
RETRYABLE: frozenset[DnsOutcome] = frozenset(
    {
        DnsOutcome.SERVFAIL,
        DnsOutcome.REFUSED,
        DnsOutcome.TIMED_OUT,
        DnsOutcome.MALFORMED,
        DnsOutcome.RATE_LIMITED,
        DnsOutcome.INTERNAL_ERROR,
    }
)
