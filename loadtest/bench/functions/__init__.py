"""The functions that everything passes through, by pytest-benchmark: a file each, so that one can be missing.

They import nothing but the service, and of it only what they measure: `compare.py` runs these same files against the
service of another revision.
"""
