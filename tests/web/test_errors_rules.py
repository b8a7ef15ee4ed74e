"""Which errors are answered how."""

import pytest

from service.postgres.database import DATABASE_SENTENCES
from service.web.application import ERROR_HANDLERS
from service.web.errors import failed_in_database


@pytest.mark.parametrize("kind", [kind for kind, _ in DATABASE_SENTENCES])
def test_whatever_the_driver_says_that_has_a_sentence_is_answered_with_it(kind: type[Exception]) -> None:
    """The framework takes the handler of the nearest class above; `Exception` has that of our own bugs."""
    handler = next(ERROR_HANDLERS[each] for each in kind.__mro__ if each in ERROR_HANDLERS)
    assert handler is failed_in_database
