"""The operations, for programs without one; made from `awaited`."""
