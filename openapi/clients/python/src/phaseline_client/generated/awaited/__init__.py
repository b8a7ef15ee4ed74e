"""The operations, for programs with an event loop."""
