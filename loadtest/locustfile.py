"""Users of a Phaseline server, for locust.

    PHASELINE_KEY=phl_… locust -f loadtest/locustfile.py --host http://127.0.0.1:8000

without more shows locust's own page; `--headless -u 80 -r 20 -t 60` asks at once; names of classes choose among them
(`Browser Mover`). `make loadtest` starts everything, and judges (`loadtest.scenarios`).

What they send and read are the generated Python client's models and operations. Locust's users are greenlets of one
thread, and the client asks by pyreqwest, which waits outside of Python: eight users of it that wait 0.3 s for an answer
need 2.4 s, and nobody else has a turn meanwhile, where 0.3 s are enough. So operations are asked by locust's own client
(`users.asking`). Its watch waits in Python's own sockets and threads, which gevent makes greenlets of: watchers use it
as it is. `tests/load/test_gevent.py` holds both.
"""

from pathlib import Path
from typing import Any

from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from loadtest.users.commanding import Deleter, Mover
from loadtest.users.counting import TALLY, tell_every_second
from loadtest.users.exporting import Exporter
from loadtest.users.importing import Importer
from loadtest.users.reading import Browser, Overseer
from loadtest.users.watching import Dashboard, Follower

__all__ = ["Browser", "Dashboard", "Deleter", "Exporter", "Follower", "Importer", "Mover", "Overseer"]


def add_options(parser: LocustArgumentParser) -> None:
    parser.add_argument("--rate", type=float, default=0.5, help="requests a second of one user")
    parser.add_argument("--names", type=int, default=200, help="how many names a campaign of a Mover has")
    parser.add_argument("--lines", type=int, default=2_000, help="how many lines a list of an Importer has")
    parser.add_argument("--browse", default="", help="ids of large campaigns, with commas: for Browser and Exporter")
    parser.add_argument("--tell", default="", include_in_web_ui=False, help="file to which each second is written")


def begin_to_tell(environment: Environment, **_: Any) -> None:
    events.request.add_listener(TALLY.on_request)
    options = environment.parsed_options
    if options is not None and options.tell:
        tell_every_second(environment, Path(options.tell))


events.init_command_line_parser.add_listener(add_options)
events.init.add_listener(begin_to_tell)
