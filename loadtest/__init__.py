"""Phaseline under load: benchmarks against its peers (`bench`), and their results.

bench/                  what is compared, and how: `make bench`, `make bench-quick`, `make bench-compare BASE=rev`
results/                what the last whole run of `make bench` measured, every single run; and the plot
requirements-peers.*    other people's packages that we measure ourselves against, in an environment of their own
"""
