"""What the sandbox has seen: the receiving end's own account, for tests and for people who watch."""

from collections import Counter

from service.sandbox.answers import Scheme
from service.sandbox.behaviours import DnsBehaviour, WebBehaviour


class Counters:
    """Counts that only grow, kept by one event loop.

    `queries` and `requests` count by the behaviour of the name asked for; what belongs to no name is `malformed`
    (DNS messages), `bad_requests` (400, 405) or `misdirected` (421: no such host, or not at that address).
    """

    __slots__ = (
        "bad_requests",
        "connections",
        "malformed",
        "misdirected",
        "queries",
        "refused_connections",
        "requests",
    )

    def __init__(self) -> None:
        self.queries: Counter[DnsBehaviour] = Counter()
        self.requests: Counter[WebBehaviour] = Counter()
        self.connections: Counter[Scheme] = Counter()
        self.refused_connections = 0
        self.malformed = 0
        self.bad_requests = 0
        self.misdirected = 0
