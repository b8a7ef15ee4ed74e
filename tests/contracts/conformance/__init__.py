"""The live service is held against its own OpenAPI document by schemathesis, in all four of its phases.

`examples` sends what the document shows, `coverage` every boundary of every schema, valid and not, `fuzzing` what
chance brings, and `stateful` chains of calls, in which each takes ids from the answers before it.
`schemathesis.toml` sets the bounds and holds every exception with its reason; `hooks` is loaded by schemathesis, aims
requests at things that are `kept` for them, and asks more of answers; `running` runs it as a process of its own, and
`run` with any seed.

Invariants: all checks are on for all operations, but for what `schemathesis.toml` excepts; no operation passes without
having succeeded once, or without having refused a caller who has no key.

Limits: websockets are in the AsyncAPI document, so they are not in here. Nobody works on the campaigns that are made,
and nothing leaves loopback.
"""
