"""Routes of the contract. Anybody may read it: it tells how to ask, and nothing of anybody's."""

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from service.web.authentication import PUBLIC
from service.web.contract.documents import Contract, as_json, as_yaml

JSON_TYPE, YAML_TYPE = "application/json", "application/yaml"
FOLDER = "/schema"


def contract_routes(contract: Contract) -> list[ControllerRouterHandler]:
    return [
        document_route("openapi.json", as_json(contract.openapi), JSON_TYPE),
        document_route("openapi.yaml", as_yaml(contract.openapi), YAML_TYPE),
        document_route("asyncapi.json", as_json(contract.asyncapi), JSON_TYPE),
        document_route("asyncapi.yaml", as_yaml(contract.asyncapi), YAML_TYPE),
    ]


def document_route(name: str, data: bytes, media_type: str) -> ControllerRouterHandler:
    """`GET /schema/{name}`: these bytes."""

    @get(f"{FOLDER}/{name}", operation_id=f"get_{name.replace('.', '_')}", opt=PUBLIC, include_in_schema=False)
    async def get_document() -> Response[bytes]:
        return Response(data, media_type=media_type)

    return get_document
