"""Transforms: items in, outcomes out; one file a phase, and no database.

`generation` and `analysis` compute and finish every item at once. `dns_validation` and `http_validation` use the
network: they leave items unfinished when they are told to stop, and raise PhaseCannotContinue when asking on would
only make false outcomes. Their engines live as long as a configuration is in use (`engines`), so that several chunks
of one run share sockets, rates and what was learned about wildcards.
"""
