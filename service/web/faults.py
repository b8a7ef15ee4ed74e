"""Where a body is at fault, in a sentence. Apart from `bodies`, so that who asks a server says it the same. Pure."""

from service.errors import Invalid


def invalid_body(message: str) -> Invalid:
    """Msgspec's message: a sentence, which may quote the body, and where the path of a field ends it."""
    sentence, separator, path = message.rpartition(" - at `$")
    return Invalid("body_invalid", f"{sentence if separator else message}.", pointer=json_pointer(path))


def json_pointer(path: str) -> str | None:
    """The path `.a.b[0]` that msgspec gives, as `/a/b/0`; None where the body itself is at fault."""
    pointer = path.rstrip("`").replace("[", "/").replace("]", "").replace(".", "/")
    return pointer or None
