"""JSON held against the schemas of the contract."""

import functools
from typing import Any

import jsonschema_rs

from service import assembly

Json = dict[str, Any]
Validator = jsonschema_rs.Draft202012Validator


@functools.cache
def message_validator() -> Validator:
    """Of whatever the server may say over the websocket."""
    document = assembly.contract().asyncapi
    operation = document["operations"]["watch_progress"]
    kinds = [place["$ref"].rpartition("/")[2] for place in operation["messages"]]
    payloads = [document["components"]["messages"][kind]["payload"] for kind in kinds]
    return validator_of(document, {"oneOf": payloads})


def validator_of(document: Json, schema: Json) -> Validator:
    """Of a schema that stands in a document, whose components it refers to."""
    return Validator({**schema, "components": document["components"]}, validate_formats=True)


def faults_of(validator: Validator, value: object) -> list[str]:
    return [f"{fault.instance_path}: {fault.message}" for fault in validator.iter_errors(value)]
