"""Phaseline under load: benchmarks against its peers (`bench`), users of locust, and their results.

bench/                  what is compared, and how: `make bench`, `make bench-quick`, `make bench-compare BASE=rev`
locustfile.py, users/   who asks a server under load, for locust
results/                what the last whole run of `make bench` measured, every single run; and the plot
requirements-peers.*    other people's packages that we measure ourselves against, in an environment of their own
"""
