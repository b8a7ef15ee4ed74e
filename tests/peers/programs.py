"""Other people's programs, which must be there: a test without them must fail, not pass by being skipped."""

import pytest

from loadtest.bench.daemons import find_program


def require_program(name: str) -> None:
    if find_program(name) is None:
        pytest.fail(f"{name} is missing: apt-get install nsd nginx-light pgbouncer prometheus", pytrace=False)
