"""Strict bodies: JSON straight into Structs, in one pass, with the path of the first fault.

Litestar's own decoding converts leniently ("1" passes for 1); this takes its place on every route with a body.
"""

import re
from collections.abc import Generator
from typing import Any

import msgspec
from litestar.dto import DTOFieldDefinition
from litestar.dto.base_dto import AbstractDTO
from litestar.exceptions import ClientException
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from service.errors import Invalid
from service.web.faults import invalid_body
from service.web.parameters import NULL

DEPTH_ERROR = "The body is nested too deeply."
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # JSON's only way to write one, behind no or whole escaped backslashes


class StrictBody(AbstractDTO[Any]):
    """Decodes a request body as the handler's `data` is annotated; its schema is the Struct's own."""

    def decode_bytes(self, value: bytes) -> Any:
        field = self.asgi_connection.route_handler.parsed_data_field
        assert field is not None
        try:
            decoded = msgspec.json.decode(value or NULL.encode(), type=field.annotation)
        except msgspec.ValidationError as error:
            raise invalid_body(str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ClientException(f"The body is not JSON: {error}.") from None
        except RecursionError:
            raise ClientException(DEPTH_ERROR) from None
        if decoded is None and value:
            raise Invalid("body_invalid", f"`{NULL}` is no body; leave it out.")
        if NUL.search(value):
            raise Invalid("body_invalid", "A text holds a NUL; no text here may.")
        return decoded

    def decode_builtins(self, value: Any) -> Any:
        raise ClientException("Send the body as application/json.")

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: Any = None
    ) -> None:
        """Nothing to prepare: msgspec does the work."""

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any
    ) -> Reference | Schema:
        schema: Reference | Schema = schema_creator.for_field_definition(field_definition)
        return schema

    @classmethod
    def is_supported_model_type_field(cls, field_definition: FieldDefinition) -> bool:
        return True

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        return False
