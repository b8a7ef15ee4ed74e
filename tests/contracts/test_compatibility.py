"""A contract that breaks callers is noticed, whatever it breaks; one that only grows is let through."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.contracts.compatibility.check import (
    PRESENT,
    RELEASED,
    Documents,
    breaks_between,
    may_break,
    present_version,
    read_documents,
)
from tests.contracts.node.running import needs_node

Json = dict[str, Any]
Change = Callable[[Json, Json], object]

TEXT: Json = {"type": "string"}


def schema(document: Json, name: str) -> Json:
    found: Json = document["components"]["schemas"][name]
    return found


def removed_field(openapi: Json, _: Json) -> None:
    schema(openapi, "Campaign")["properties"].pop("progress")
    schema(openapi, "Campaign")["required"].remove("progress")


def field_that_may_be_missing(openapi: Json, _: Json) -> None:
    schema(openapi, "Campaign")["required"].remove("progress")


def null_where_there_was_none(openapi: Json, _: Json) -> None:
    schema(openapi, "Campaign")["properties"]["name"] = {"anyOf": [TEXT, {"type": "null"}]}


def another_type(openapi: Json, _: Json) -> None:
    schema(openapi, "Campaign")["properties"]["version"] = TEXT


def another_format(openapi: Json, _: Json) -> None:
    schema(openapi, "Campaign")["properties"]["createdAt"] = TEXT


def narrowed_request(openapi: Json, _: Json) -> None:
    schema(openapi, "DomainGeneration")["properties"]["count"]["maximum"] = 5


def new_pattern(openapi: Json, _: Json) -> None:
    schema(openapi, "GrantKey")["properties"]["name"]["pattern"] = "^a"


def new_required_field(openapi: Json, _: Json) -> None:
    schema(openapi, "CreateCampaign")["properties"]["owner"] = TEXT
    schema(openapi, "CreateCampaign")["required"].append("owner")


def removed_request_field(openapi: Json, _: Json) -> None:
    schema(openapi, "DnsValidation")["properties"].pop("attempts")


def removed_word(openapi: Json, _: Json) -> None:
    schema(openapi, "RerunScope")["enum"].remove("failed")


def removed_operation(openapi: Json, _: Json) -> None:
    openapi["paths"].pop("/workers")


def renamed_operation(openapi: Json, _: Json) -> None:
    openapi["paths"]["/workers"]["get"]["operationId"] = "list_processes"


def removed_parameter(openapi: Json, _: Json) -> None:
    openapi["paths"]["/campaigns"]["get"]["parameters"].pop()


def new_required_parameter(openapi: Json, _: Json) -> None:
    parameter = {"name": "owner", "in": "query", "required": True, "schema": TEXT}
    openapi["paths"]["/campaigns"]["get"]["parameters"].append(parameter)


def narrowed_parameter(openapi: Json, _: Json) -> None:
    limit = next(each for each in openapi["paths"]["/campaigns"]["get"]["parameters"] if each.get("name") == "limit")
    limit["schema"]["maximum"] = 10


def removed_media(openapi: Json, _: Json) -> None:
    openapi["paths"]["/campaigns/{campaignId}/domains/export"]["get"]["responses"]["200"]["content"].pop("text/csv")


def another_success(openapi: Json, _: Json) -> None:
    responses = openapi["paths"]["/keys"]["post"]["responses"]
    responses["200"] = responses.pop("201")


def body_that_must_be_there(openapi: Json, _: Json) -> None:
    openapi["paths"]["/campaigns/{campaignId}/pause"]["post"]["requestBody"]["required"] = True


def another_scope(openapi: Json, _: Json) -> None:
    openapi["paths"]["/workers"]["get"]["security"] = [{"key": ["admin"]}]


def removed_message_field(*both: Json) -> None:
    for document in both:
        schema(document, "CampaignProgress")["properties"].pop("total")
        schema(document, "CampaignProgress")["required"].remove("total")


def narrowed_subscription(*both: Json) -> None:
    for document in both:
        schema(document, "Subscribe")["properties"]["campaignIds"]["anyOf"][0]["maxItems"] = 1


def another_tag(*both: Json) -> None:
    for document in both:
        schema(document, "CampaignProgress")["properties"]["type"]["const"] = "campaign.state"


def removed_message(_: Json, asyncapi: Json) -> None:
    asyncapi["operations"]["watch_progress"]["messages"].pop()


def another_address(_: Json, asyncapi: Json) -> None:
    asyncapi["channels"]["campaignProgress"]["address"] = "/socket"


BREAKING: list[Change] = [
    *(removed_field, field_that_may_be_missing, null_where_there_was_none, another_type, another_format),
    *(narrowed_request, new_pattern, new_required_field, removed_request_field, removed_word),
    *(removed_operation, renamed_operation, removed_parameter, new_required_parameter, narrowed_parameter),
    *(removed_media, another_success, body_that_must_be_there, another_scope),
    *(removed_message_field, narrowed_subscription, another_tag, removed_message, another_address),
]


def added_optional_field(openapi: Json, _: Json) -> None:
    schema(openapi, "CreateCampaign")["properties"]["owner"] = TEXT


def added_answer_field(openapi: Json, asyncapi: Json) -> None:
    schema(openapi, "Campaign")["properties"]["owner"] = TEXT
    schema(asyncapi, "CampaignProgress")["properties"]["owner"] = TEXT


def added_word(openapi: Json, _: Json) -> None:
    schema(openapi, "RerunScope")["enum"].append("unfinished")
    schema(openapi, "HttpOutcome")["enum"].append("teapot")


def added_operation(openapi: Json, _: Json) -> None:
    openapi["paths"]["/teapots"] = {"get": copy.deepcopy(openapi["paths"]["/workers"]["get"])}


def added_parameter(openapi: Json, _: Json) -> None:
    parameter = {"name": "owner", "in": "query", "required": False, "schema": TEXT}
    openapi["paths"]["/campaigns"]["get"]["parameters"].append(parameter)


def widened_request(openapi: Json, _: Json) -> None:
    schema(openapi, "DomainGeneration")["properties"]["count"]["maximum"] *= 2


def other_prose(openapi: Json, _: Json) -> None:
    schema(openapi, "Campaign")["description"] = "Something else."
    openapi["paths"]["/workers"]["get"]["summary"] = "Something else."


HARMLESS: list[Change] = [
    *(added_optional_field, added_answer_field, added_word, added_operation, added_parameter),
    *(widened_request, other_prose),
]


@pytest.fixture(scope="module")
def present() -> Documents:
    return read_documents(PRESENT)


def changed(documents: Documents, change: Change) -> Documents:
    openapi, asyncapi = copy.deepcopy(documents)
    change(openapi, asyncapi)
    assert (openapi, asyncapi) != documents
    return openapi, asyncapi


@needs_node
@pytest.mark.parametrize("change", BREAKING)
def test_what_breaks_callers_is_found(present: Documents, change: Change) -> None:
    assert breaks_between(present, changed(present, change))


@needs_node
def test_what_only_grows_is_let_through(present: Documents) -> None:
    grown = present
    for change in HARMLESS:
        grown = changed(grown, change)
    assert breaks_between(present, grown) == []


@needs_node
def test_the_present_contract_serves_callers_of_the_released_one(present: Documents) -> None:
    released = read_documents(RELEASED)
    assert may_break(released[0]["info"]["version"], present_version()) or breaks_between(released, present) == []


@pytest.mark.parametrize(
    ("released", "now", "allowed"),
    [
        *(("0.1.0", "0.1.0", False), ("0.1.0", "0.1.9", False), ("0.1.0", "0.2.0", True), ("0.9.0", "0.10.0", True)),
        *(("0.2.0", "0.1.0", False), ("0.1.0", "1.0.0", True), ("1.0.0", "1.1.0", False), ("1.4.2", "2.0.0", True)),
        ("2.0.0", "1.9.0", False),
    ],
)
def test_which_versions_may_break(released: str, now: str, *, allowed: bool) -> None:
    assert may_break(released, now) is allowed
