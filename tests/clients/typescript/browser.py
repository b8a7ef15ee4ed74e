"""A page of the server's own in Chromium, which takes one step after another as a test asks (`tests/page/page.ts`)."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar, Request, Response, get, post
from litestar.params import FromPath

from service.web.authentication import PUBLIC
from tests.served import Served

SECONDS_MAX = 60
QUESTION_SECONDS_MAX = 1.0  # for which a page's question what to do is kept
STARTED_SECONDS_MAX = 100  # until a browser shows a page, on a busy machine
FLAGS = (
    "--headless", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PAGE = b'<!doctype html><title>A page</title><script type="module" src="/page/tests/page/page.js"></script>'
ITSELF_ONLY = {"Content-Security-Policy": "default-src 'self'"}

needs_chromium = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="Chromium is not installed (Debian: chromium)"
)

Said = dict[str, Any]


class Page:
    """What the page says, by kind; what else it says while it takes a step waits."""

    def __init__(self, built: Path) -> None:
        self._built = built
        self._steps: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._waiting: list[Said] = []
        self._came = asyncio.Event()

    async def take(self, step: str, argument: object = "") -> Any:
        """What a step gave; it must not be refused."""
        self.begin(step, argument)
        return await self.until_said("done")

    def begin(self, step: str, argument: object = "") -> None:
        self._steps.put_nowait({"name": step, "argument": str(argument)})

    async def until_said(self, kind: str, seconds: float = SECONDS_MAX) -> Any:
        """The first of a kind that was not heard yet; a refusal that nobody asked for is a failure."""
        async with asyncio.timeout(seconds):
            while True:
                for said in self._waiting:
                    if kind in said:
                        self._waiting.remove(said)
                        return said[kind]
                assert not any("refused" in said for said in self._waiting), self._waiting
                self._came.clear()
                await self._came.wait()

    async def until_processed(self, count: int) -> None:
        while (await self.until_said("told"))["processed"] != count:
            pass

    def serve(self, application: Litestar) -> None:
        """Beside what the application serves."""

        @get("/page", opt=PUBLIC, include_in_schema=False)
        async def show() -> Response[bytes]:
            return Response(PAGE, media_type="text/html", headers=ITSELF_ONLY)

        @get("/page/{file:path}", opt=PUBLIC, include_in_schema=False)
        async def read(file: FromPath[Path]) -> Response[bytes]:
            return Response((self._built / file.relative_to("/")).read_bytes(), media_type="text/javascript")

        @get("/page/next", opt=PUBLIC, include_in_schema=False)
        async def tell_next() -> Response[dict[str, str] | None]:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(QUESTION_SECONDS_MAX):
                    return Response(await self._steps.get())
            return Response(None, status_code=204)

        @post("/page/said", opt=PUBLIC, include_in_schema=False)
        async def hear(request: Request[Any, Any, Any]) -> None:
            self._waiting.append(msgspec.json.decode(await request.body()))
            self._came.set()

        for handler in (show, read, tell_next, hear):
            application.register(handler)


@contextlib.asynccontextmanager
async def opened_page(served: Served, built: Path, profile: Path, url: str | None = None) -> AsyncIterator[Page]:
    """A new browser with nothing but this page, which is there and waits; `url` leads to the server, too."""
    page = Page(built)
    page.serve(served.application)
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else []), f"--user-data-dir={profile}"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(profile)}
    process = await asyncio.create_subprocess_exec(
        "chromium", *flags, f"{url or served.base_url}/page",
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        await page.until_said("began", STARTED_SECONDS_MAX)
        yield page
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
