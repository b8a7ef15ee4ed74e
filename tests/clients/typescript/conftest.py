"""The TypeScript client, built."""

from pathlib import Path

import pytest

from tests.contracts.typescript_client import build_tests


@pytest.fixture(scope="session")
def built() -> Path:
    return build_tests()
