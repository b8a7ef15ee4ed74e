"""The client, for programs without an event loop; made from `phaseline_client/awaited`."""
