"""`python -m loadtest.bench.pinned CORE PROGRAM …`: become a program that runs on one core, all of its threads."""

import os
import sys

if __name__ == "__main__":
    core, *command = sys.argv[1:]
    os.sched_setaffinity(0, {int(core)})
    os.execvp(command[0], command)  # noqa: S606 -- what our own benchmark hands over, no shell
