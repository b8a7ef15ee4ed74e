"""Their side, as whole processes in an environment of their own (`.venv-bench`): nothing here imports the service.

Each is written as its documentation advises for speed, under uvloop where it can be, with as many requests in flight
as it does best with, and tells in one line of JSON how that went.
"""
