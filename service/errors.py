"""The few ways we say no. The web maps each class to a status in one table (`web/errors.py`)."""


class Refused(Exception):
    """A request that cannot be granted; `code` is stable for programs, `message` is a plain sentence for people.

    `pointer` names the offending field as a JSON pointer, where there is one; `available` lists what could be asked
    for instead; `retry_after_seconds` says when to ask again.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        pointer: str | None = None,
        available: tuple[str, ...] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.pointer = pointer
        self.available = available
        self.retry_after_seconds = retry_after_seconds


class NotFound(Refused):
    """It does not exist, or it is another tenant's: a caller cannot tell which."""


class Conflict(Refused):
    """It exists, but its state forbids this now."""


class PreconditionFailed(Refused):
    """It has changed since the caller looked."""


class Invalid(Refused):
    """The request is well-formed but makes no sense."""


class Forbidden(Refused):
    """The caller is known but may not do this."""


class Unauthenticated(Refused):
    """The caller is not known."""


class Exhausted(Refused):
    """A bound is reached; trying later may help."""


class Throttled(Refused):
    """The caller asks for too much at once; others are served."""


class Unavailable(Refused):
    """Something that we depend on does not answer, or cannot do its work."""
