"""Routes of imports. A body is streamed, so the route holds no transaction of the request's while the sender sends."""

import asyncio
import time
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, HTTPException, InternalServerException
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from service.access.model import Principal
from service.domains.importing import commands, views
from service.domains.importing.commands import Slots
from service.domains.importing.formats import COLUMN_LENGTH_MAX, ListFormat, rows_of
from service.domains.importing.model import ImportList, ImportReceipt, RejectedLine
from service.domains.importing.reader import Gunzip
from service.postgres.database import Database, Tx
from service.web.contract.marks import Media, may_refuse, streams, takes

CODINGS = ("identity", "gzip")
MediaType = Annotated[str, HeaderParameter(name="Content-Type", max_length=200)]
Encoding = Annotated[
    str,
    HeaderParameter(
        name="Content-Encoding", max_length=50, description="`gzip`, or none.", schema_extra={"enum": list(CODINGS)}
    ),
]
ColumnName = Annotated[
    str | None,
    QueryParameter(max_length=COLUMN_LENGTH_MAX, description="For text/csv: a column's name, or its index from 0."),
]
FieldName = Annotated[
    str | None,
    QueryParameter(max_length=COLUMN_LENGTH_MAX, description="For application/x-ndjson; `domain` if absent."),
]
ImportRequest = Request[Principal, Any, State]

LISTS = (
    Media(
        ListFormat.TEXT,
        "One name a line; what begins with # is a comment.",
        example="example.com\nExample.NET.\nno name\n",
    ),
    Media(ListFormat.CSV, "One name a record; a header may say in which column.", example="domain\nexample.org\n"),
    Media(ListFormat.NDJSON, "One object a line.", example='{"domain": "example.com"}\n'),
)
REJECTS = Media(ListFormat.NDJSON, "One RejectedLine a line.", lines=(RejectedLine,))


class Patience(msgspec.Struct, frozen=True):
    """How long a sender is waited for; the application's state holds one."""

    silence_seconds_max: float = 30.0  # without a byte
    grace_seconds: float = 60.0  # before the rate counts
    rate_bytes_per_second_min: float = 256.0


@post(
    "/campaigns/{campaign_id:uuid}/domains/import",
    operation_id="import_domains",
    opt={
        **may_refuse(
            HTTPStatus.REQUEST_TIMEOUT,
            HTTPStatus.CONFLICT,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        ),
        **takes(*LISTS),
    },
    status_code=202,
    request_max_body_size=None,
    tags=["domains"],
)
async def import_domains(
    request: ImportRequest,
    campaign_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    content_type: MediaType = ListFormat.TEXT.value,
    content_encoding: Encoding = "identity",
    column: ColumnName = None,
    field: FieldName = None,
) -> Response[ImportReceipt]:
    """Stream a list of names in.

    The list is sent as it is or as gzip. Names are normalised and deduplicated, and invisible until the list is whole;
    lines that give none are rejected, each with its reason. Only for campaigns that begin with DNS or HTTP.
    """
    database: Database = request.app.state["database"]
    slots: Slots = request.app.state["import_slots"]
    rows = rows_of(list_format(content_type), column=column, field=field)
    with slots.take():
        receipt = await commands.import_domains(
            database, principal, campaign_id, source=received(request), rows=rows, gunzip=gunzip_of(content_encoding)
        )
    return Response(receipt, status_code=202)


@get("/campaigns/{campaign_id:uuid}/domains/import", operation_id="list_imports", tags=["domains"])
async def list_imports(
    campaign_id: FromPath[UUID], tx: NamedDependency[Tx], principal: NamedDependency[Principal]
) -> ImportList:
    """List a campaign's imports, with the progress of the running one."""
    return await views.list_imports(tx, principal, campaign_id)


@get(
    "/campaigns/{campaign_id:uuid}/domains/import/{import_id:uuid}/rejects",
    operation_id="stream_rejects",
    opt=streams(REJECTS),
    tags=["domains"],
)
async def stream_rejects(
    request: ImportRequest,
    campaign_id: FromPath[UUID],
    import_id: FromPath[UUID],
    principal: NamedDependency[Principal],
) -> Stream:
    """Stream every rejected line of an import as NDJSON."""
    database: Database = request.app.state["database"]
    async with database.transaction() as tx:
        await views.check_import(tx, principal, campaign_id, import_id)
    return Stream(views.stream_rejects(database, import_id), media_type=REJECTS.kind)


async def received(request: ImportRequest) -> AsyncGenerator[bytes, None]:
    """The body as it arrives; a sender that falls silent, crawls or goes away ends the import."""
    patience: Patience = request.app.state["import_patience"]
    started, total = time.monotonic(), 0
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(patience.silence_seconds_max):
                data = await anext(stream, None)
        except TimeoutError:
            raise too_slow(f"Nothing was sent for {patience.silence_seconds_max:.0f} s.") from None
        except InternalServerException:  # what the framework makes of a disconnected client; nobody reads the answer
            raise ClientException("The sender went away before the list was whole.") from None
        if data is None:
            return
        total += len(data)
        if time.monotonic() - started > patience.grace_seconds + total / patience.rate_bytes_per_second_min:
            raise too_slow(f"The list comes at less than {patience.rate_bytes_per_second_min:.0f} bytes a second.")
        yield data


def too_slow(sentence: str) -> HTTPException:
    return HTTPException(sentence, status_code=408, headers={"Connection": "close"})


def list_format(content_type: str) -> ListFormat:
    """The format that a Content-Type names, its parameters aside."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in set(ListFormat):
        raise HTTPException(f"Send the list as {', '.join(ListFormat)}.", status_code=415)
    return ListFormat(kind)


def gunzip_of(content_encoding: str) -> Gunzip | None:
    coding = content_encoding.strip().lower()
    if coding not in {*CODINGS, "x-gzip"}:
        raise HTTPException("Send the list as it is, or with Content-Encoding: gzip.", status_code=415)
    return Gunzip() if coding in {"gzip", "x-gzip"} else None


ROUTES: list[ControllerRouterHandler] = [import_domains, list_imports, stream_rejects]
