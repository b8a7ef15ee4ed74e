"""Five thousand campaigns beside each other: what plans, claims and counts does not get slower by those that stand."""

import pytest

pytestmark = [pytest.mark.large, pytest.mark.asyncio(loop_scope="session")]
