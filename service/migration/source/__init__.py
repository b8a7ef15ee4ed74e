"""The old system's database: recognised, read, listened to, and in the end closed.

`shape` looks at which tables and columns there are, refuses what is no old system, and lays temporary views over the
rest, which are the same whatever the era: all other statements stand in `queries.sql`. `documents` are the small
tables, one JSON document a row. `store` reads. `capture` is all that is ever made in the old database: one schema of
ours, whose triggers write down what changes, and close the old tables after the switch. Taken away, nothing of it is
left.
"""
