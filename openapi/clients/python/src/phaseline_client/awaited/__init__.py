"""The client for programs with an event loop. All but `sockets`, `sources` and `time` is mirrored.

    client -> campaigns, domains -> exporting, importing -> server -> transport     HTTP, by pyreqwest
                                 -> watching -----------> sockets                   the websocket, by websockets

What is mirrored is written so that it holds without `await`, too: `generated/mirrored` is made from it, and uses the
modules of the same names in `blocking`.
"""
