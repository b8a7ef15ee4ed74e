"""Routes of the dashboard. Anybody may load the page; what it shows, it asks for as whoever has signed in."""

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from service.dashboard.files import ASSETS, Built, File
from service.errors import NotFound
from service.web.authentication import PUBLIC

DASHBOARD = "/dashboard"
YEAR_SECONDS = 365 * 24 * 60 * 60
KEPT = f"public, max-age={YEAR_SECONDS}, immutable"
ASKED_EACH_TIME = "no-cache"
# Scripts, styles and answers come from us alone, and nothing that a page is told can become a script.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

AnyRequest = Request[None, None, State]


def dashboard_routes(built: Built) -> list[ControllerRouterHandler]:
    @get("/", operation_id="get /", opt=PUBLIC, include_in_schema=False)
    async def lead_to_page() -> Redirect:
        return Redirect(DASHBOARD, status_code=302)

    # Which of its views an address means is the page's to find out.
    @get([DASHBOARD, f"{DASHBOARD}/{{path:path}}"], operation_id="get page", opt=PUBLIC, include_in_schema=False)
    async def get_page(request: AnyRequest) -> Response[bytes]:
        return answer(request, built.page, ASKED_EACH_TIME, PAGE_HEADERS)

    @get(f"{DASHBOARD}/{ASSETS}/{{name:str}}", operation_id="get asset", opt=PUBLIC, include_in_schema=False)
    async def get_asset(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        asset = built.assets.get(name)
        if asset is None:
            raise NotFound("asset_not_found", "The page has no such part; it may have been updated. Load it again.")
        return answer(request, asset, KEPT, {})

    return [lead_to_page, get_page, get_asset]


def answer(request: AnyRequest, file: File, cache_control: str, headers: dict[str, str]) -> Response[bytes]:
    common = {**headers, "Cache-Control": cache_control, "Vary": "Accept-Encoding"}
    if takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(file.compressed, media_type=file.media_type, headers={**common, "Content-Encoding": "gzip"})
    return Response(file.data, media_type=file.media_type, headers=common)


def takes_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding names gzip, and not to forbid it (RFC 9110, 12.5.3)."""
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
