"""The command line, `phaseline`: everything that a person can start, ask for and watch from a terminal.

`app` knows the commands and turns what goes wrong into one sentence. There are two kinds of commands. `run`,
`services`, `migrate`, `keys` and `doctor` are this installation: they build on `assembly`. `campaigns` is a client like
any other: it asks a server by `phaseline_client` (`client`), and knows no database.

    app -> run services migrate keys settings      -> assembly
        -> doctor -> diagnosis (each check alone)  -> assembly, resolvers, a server
        -> campaigns -> making (drafts)  changing  estimating  watching
                        exporting (files)  importing (lists files)
                          -> client (references refusals) -> phaseline_client -> a server
                        screens (pure: values -> what rich draws)

Invariants: what is asked for goes to standard output, everything else to standard error; how far a transfer is shows on
standard error, if that is a terminal. `--json` is one document, or one line for each message of a stream, and never has
colours. A command that was refused, or cannot reach what it needs, says so in one sentence and ends with 1, and so do
`campaign watch` where a campaign failed and `doctor` where a check did; a command line that cannot be read ends with 2;
Ctrl-C with 130. Whatever a person can cause, there is no traceback. A key is shown once, when it is made.

A command to a server is done once: the client gives it an Idempotency-Key, and repeats it with that, a bounded number
of times, while the server is busy or its answer is lost. A server that nobody started is told at once. An import is
sent once; where its answer is lost, the server is asked what became of it. A file is at its place when it is whole: an
export goes on after a break as long as the campaign is of the same version. What cannot be undone is asked for on a
terminal, and needs --yes and an id elsewhere.

Commands are imported when they are called, so that a client command does not wait for the whole service, and what asks
no server imports no client: the contract is written before there is one.
"""
