"""Routes of the contract. Anybody may read it: it tells how to ask, and nothing of anybody's."""

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from service.web.authentication import PUBLIC
from service.web.contract.documents import Contract, as_json, as_yaml
from service.web.contract.pages import DOCS, MESSAGES, STYLE, messages_page, read_style, requests_page

JSON_TYPE, YAML_TYPE = "application/json", "application/yaml"
HTML_TYPE, CSS_TYPE = "text/html", "text/css"  # the framework says that they are UTF-8
FOLDER = "/schema"
# A page of text and our own style sheet: nothing runs, nothing comes from elsewhere, nothing is sent.
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}


def contract_routes(contract: Contract) -> list[ControllerRouterHandler]:
    return [
        fixed_route(f"{FOLDER}/openapi.json", as_json(contract.openapi), JSON_TYPE),
        fixed_route(f"{FOLDER}/openapi.yaml", as_yaml(contract.openapi), YAML_TYPE),
        fixed_route(f"{FOLDER}/asyncapi.json", as_json(contract.asyncapi), JSON_TYPE),
        fixed_route(f"{FOLDER}/asyncapi.yaml", as_yaml(contract.asyncapi), YAML_TYPE),
        fixed_route(DOCS, requests_page(contract), HTML_TYPE, PAGE_HEADERS),
        fixed_route(MESSAGES, messages_page(contract), HTML_TYPE, PAGE_HEADERS),
        fixed_route(STYLE, read_style(), CSS_TYPE),
    ]


def fixed_route(
    path: str, data: bytes, media_type: str, headers: dict[str, str] | None = None
) -> ControllerRouterHandler:
    """`GET path`: these bytes, as long as this process lives."""

    @get(path, operation_id=f"get {path}", opt=PUBLIC, include_in_schema=False)
    async def get_bytes() -> Response[bytes]:
        return Response(data, media_type=media_type, headers=headers)

    return get_bytes
