"""Postgres: the one place that knows asyncpg.

`database` hands out transactions that begin at their first statement and commit at the edge that opened them; each
carries one fixed `now`. `queries` reads the SQL that lies beside each store. `copying` lays out binary COPY records.
`sessions` keeps a connection for longer than a transaction. `wakeups` rings and hears doorbells (NOTIFY): a bell
shortens a wait, polling is the guarantee. `pooling` finds a pooler in the way. `embedded` runs a PostgreSQL 18 of our
own under one folder; `migrating` brings a schema up and down. `room` knows how much the database may still grow, and
`dumping` makes backups and brings them back.

Invariants: what lives longer than a transaction never goes through a pooler; nobody commits but the edge; the network
is never used while a transaction is open; every driver error that a user can cause or must act on leaves here as one
plain sentence (`errors.Unavailable`, `errors.Exhausted`).
"""
