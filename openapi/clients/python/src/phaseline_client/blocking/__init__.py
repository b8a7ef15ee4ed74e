"""What a program without an event loop waits with: the twins of `awaited/sockets`, `sources` and `time`."""
