"""The command line, `phaseline`: everything that a person can start, ask for and watch from a terminal.

`app` knows the commands and turns what goes wrong into one sentence. There are two kinds of commands. `run`,
`services`, `migrate` and `keys` are this installation: they build on `assembly`. `campaigns` is a client like any
other: it speaks to a server over HTTP and the websocket (`client`), and knows no database.

    app -> run services migrate keys settings      -> assembly
        -> campaigns -> drafts  watching -> client -> a server
                        screens (pure: values -> what rich draws)

Invariants: what is asked for goes to standard output, everything else to standard error. `--json` is one document, or
one line for each message of a stream, and never has colours. A command that was refused, or cannot reach what it needs,
says so in one sentence and ends with 1; a command line that cannot be read ends with 2; Ctrl-C during `campaign watch`
with 130. Whatever a person can cause, there is no traceback. A key is shown once, when it is made.

Commands are imported when they are called, so that a client command does not wait for the whole service.
"""
