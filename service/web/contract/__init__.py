"""The contract: one OpenAPI and one AsyncAPI document, made from the routes and their Structs, and pages to read them.

`marks` is what a route says of itself in its `opt`, where its signature cannot; `schemas` makes schemas of Structs;
`operations` tells of one route, and `openapi` and `asyncapi` of all; `examples` holds what a test sends and compares;
`routes` serves the documents, and `pages` shows them to people.

Invariants: no word of the wire is written here, all come from Structs and signatures; a request is closed and an answer
open, so that answers can grow; every operation has a summary and every status it can answer with; the same routes give
the same bytes.

Limits: a Struct of the wire has a name of its own; a union on the wire is tagged, and named by its route.
"""
