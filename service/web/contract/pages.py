"""The documents as pages for people: plain HTML, made once, with one style sheet and no script.

A viewer would be a megabyte of script from elsewhere, and need a laxer Content-Security-Policy than any page of ours.
"""

from collections.abc import Iterator
from importlib.resources import files

from service.web.contract.documents import Contract
from service.web.contract.html import NOTHING, Html, element, joined, link, phrase, prose, table, text
from service.web.contract.schema_pages import example_block, kind_of, schema_section, told
from service.web.contract.schemas import Json

DOCS = "/docs"
MESSAGES = f"{DOCS}/messages"
STYLE = f"{DOCS}/style.css"
STYLE_FILE = "style.css"


def read_style() -> bytes:
    return files(__package__).joinpath(STYLE_FILE).read_bytes()


def requests_page(contract: Contract) -> bytes:
    """What can be asked over HTTP."""
    document = contract.openapi
    operations = list(operations_in(document))
    groups = [(tag, [each for each in operations if tag["name"] in each[2]["tags"]]) for tag in document["tags"]]
    navigation = [navigation_group(tag["name"], grouped) for tag, grouped in groups]
    sections = [
        element(
            "section",
            element("h2", text(tag["name"]), id=f"tag-{tag['name']}"),
            prose(tag["description"]),
            *(operation_article(document, *operation) for operation in grouped),
        )
        for tag, grouped in groups
    ]
    about = joined([prose(document["info"]["description"]), files_note("openapi")])
    return page("Requests", document, about, navigation, [*sections, schemas_section(document)])


def messages_page(contract: Contract) -> bytes:
    """What websockets say."""
    document = contract.asyncapi
    channels = [channel_article(document, channel) for channel in document["channels"].values()]
    about = joined([prose(document["info"]["description"]), files_note("asyncapi")])
    entries = [link(f"#message-{name}", text(name)) for name in document["components"]["messages"]]
    navigation = [navigation_list("messages", entries)]
    return page("Messages", document, about, navigation, [*channels, schemas_section(document)])


def page(title: str, document: Json, about: Html, navigation: list[Html], sections: list[Html]) -> bytes:
    info = document["info"]
    names = [link(f"#schema-{name}", text(name)) for name in document["components"]["schemas"]]
    elsewhere = element(
        "p", link(DOCS, text("Requests")), text(" · "), link(MESSAGES, text("Messages")), class_="pages"
    )
    head = element(
        "head",
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", text(f"{info['title']}: {title.lower()}")),
        Html(f'<link rel="stylesheet" href="{STYLE}">'),
    )
    aside = element("nav", elsewhere, *navigation, navigation_list("schemas", names))
    heading = element("h1", text(f"{info['title']} "), element("small", text(info["version"])))
    body = element("body", aside, element("main", heading, about, *sections))
    return f"<!doctype html>{element('html', head, body, lang='en')}".encode()


def navigation_group(name: str, operations: list[tuple[str, str, Json]]) -> Html:
    entries = [
        link(f"#{operation['operationId']}", badge(method), text(f" {operation['operationId']}"))
        for method, _, operation in operations
    ]
    return navigation_list(name, entries)


def navigation_list(name: str, entries: list[Html]) -> Html:
    return joined([element("h2", text(name)), element("ul", *(element("li", entry) for entry in entries))])


def files_note(name: str) -> Html:
    places = [link(f"/schema/{name}.{ending}", text(f"{name}.{ending}")) for ending in ("json", "yaml")]
    return element("p", text("For programs: "), joined(places, ", "), text("."))


def operations_in(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def badge(method: str) -> Html:
    return element("b", text(method), class_=f"method {method.lower()}")


def operation_article(document: Json, method: str, path: str, operation: Json) -> Html:
    return element(
        "article",
        element("h3", badge(method), element("code", text(path)), element("small", text(operation["operationId"]))),
        element("p", phrase(operation["summary"]), class_="summary"),
        prose(operation.get("description", "")),
        who_may(operation),
        parameters_table(document, operation),
        request_part(operation),
        answers_part(document, operation),
        id=operation["operationId"],
    )


def who_may(operation: Json) -> Html:
    if not operation["security"]:
        return element("p", text("Anybody may ask."), class_="note")
    scopes = {scope for each in operation["security"] for roles in each.values() for scope in roles}
    needed = f"with the scope {', '.join(sorted(scopes))}" if scopes else "of any scope"
    ways = " or a ".join(next(iter(each)) for each in operation["security"])
    return element("p", text(f"Needs a {ways} {needed}."), class_="note")


def parameters_table(document: Json, operation: Json) -> Html:
    found = [resolved(document, each) for each in operation.get("parameters", ())]
    rows = (
        (
            element("code", text(each["name"])),
            text(each["in"]),
            kind_of(each["schema"]),
            joined([phrase(each.get("description", "")), limits_of(each["schema"])]),
        )
        for each in found
    )
    return table(("parameter", "in", "what it is", ""), rows)


def limits_of(schema: Json) -> Html:
    bounds = told({key: value for key, value in schema.items() if key != "description"})
    return joined([text(" "), element("small", bounds)]) if bounds else NOTHING


def request_part(operation: Json) -> Html:
    body = operation.get("requestBody")
    if body is None:
        return NOTHING
    needed = "Body" if body["required"] else "Body, may be left out"
    return joined([element("h4", text(needed)), *(content_part(*each) for each in body["content"].items())])


def content_part(kind: str, content: Json) -> Html:
    shown = [example_block(name.replace("_", " "), each["value"]) for name, each in content.get("examples", {}).items()]
    if "example" in content:
        shown.append(example_block("example", content["example"]))
    schema = content["schema"]
    meaning = phrase(schema.get("description", "")) if "description" in schema else kind_of(schema)
    lines = [kind_of(content["x-line-schema"])] if "x-line-schema" in content else []
    described = joined(
        [element("code", text(kind)), text(" "), meaning, *(joined([text(" Lines: "), each]) for each in lines)]
    )
    return element("div", element("p", described), *shown, class_="content")


def answers_part(document: Json, operation: Json) -> Html:
    answers = {status: resolved(document, each) for status, each in operation["responses"].items()}
    successes = [answer_part(status, each) for status, each in answers.items() if status < "400"]
    problems = {status: each for status, each in answers.items() if status >= "400"}
    rows = ((problem_link(status), phrase(each["description"])) for status, each in problems.items())
    return joined([element("h4", text("Answers")), *successes, table(("problem", ""), rows)])


def answer_part(status: str, answer: Json) -> Html:
    headers = ", ".join(answer.get("headers", ()))
    described = [element("b", text(status)), text(f" {answer['description']}")]
    described += [text(" Headers: "), element("code", text(headers))] if headers else []
    contents = [content_part(kind, content) for kind, content in answer.get("content", {}).items()]
    return joined([element("p", *described), *contents])


def problem_link(status: str) -> Html:
    return link("#schema-Problem", text(status))


def channel_article(document: Json, channel: Json) -> Html:
    messages = document["components"]["messages"]
    directions = {
        place["$ref"].rpartition("/")[2]: operation["action"]
        for operation in document["operations"].values()
        for place in operation["messages"]
    }
    return element(
        "section",
        element("h2", text(channel["title"])),
        element(
            "p", element("b", text("WS"), class_="method get"), text(" "), element("code", text(channel["address"]))
        ),
        prose(channel["description"]),
        *(message_article(messages[name], directions[name]) for name in channel["messages"]),
    )


def message_article(message: Json, action: str) -> Html:
    who = "The client sends" if action == "receive" else "The server sends"
    shown = [example_block(each.get("name", "example"), each["payload"]) for each in message["examples"]]
    return element(
        "article",
        element("h3", element("code", text(message["title"])), element("small", text(who))),
        element("p", phrase(message["summary"]), class_="summary"),
        element("p", kind_of(message["payload"])),
        *shown,
        id=f"message-{message['name']}",
    )


def schemas_section(document: Json) -> Html:
    schemas = document["components"]["schemas"]
    sections = (schema_section(name, schema) for name, schema in schemas.items())
    return element("section", element("h2", text("Schemas")), *sections)


def resolved(document: Json, part: Json) -> Json:
    """What a reference within the document leads to, or the part itself."""
    if "$ref" not in part:
        return part
    found = document
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found
