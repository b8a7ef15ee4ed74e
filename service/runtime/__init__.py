"""What every process needs: the one loop, stopping in order, and telling what happened.

`loop` is the only "for ever" in the program: tick until told to stop. `shutdown` turns signals into one event.
`telemetry` holds the metrics, `logs` how lines are written, `tracing` leads from a request to its chunks. Nothing here
knows a database, the web or a feature.
"""
