"""The HTTP routes of documents: whole pages, panels beside an answer, images of PDF pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeVarTuple

from anyio import CapacityLimiter, to_thread
from cachetools import LRUCache
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool

from index.errors import FootnoteError, UnknownDocument
from index.types import Document, Span
from rag.settings import Settings
from ui.http.auth import caller_of
from ui.http.errors import status_of
from ui.service.background_sync import corpus_of
from ui.service.collections import CollectionAccess
from ui.service.tokens import Caller
from ui.viewer.document import (
    DocumentGuide,
    document_page,
    error_page,
    has_changed,
    panel_page,
    valid_span,
)
from ui.viewer.guide import guide_of, info_of, key_sentences
from ui.viewer.pdf import page_requests, pdf_page
from ui.viewer.pdf_images import (
    Drawing,
    PageImage,
    PageRenderer,
    PageRequest,
    RenderBusy,
    RenderError,
)
from ui.viewer.reading import reading_page

Given = TypeVarTuple("Given")
Place = Annotated[int, Query(ge=0)]
# Making a page computes: many at once would leave other requests no turn.
_PAGES_AT_ONCE = 2
_GUIDES = 256  # documents whose key sentences are kept


def viewer_routes(
    access: CollectionAccess, settings: Settings, apart: CollectionAccess | None = None
) -> APIRouter:
    """The routes under `/documents`; what their guides say is asked of `apart`, if it is given."""
    viewer = _Viewer(access, settings, apart or access)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(viewer.close)

    router = APIRouter(lifespan=lifespan)

    @router.get("/documents/{path:path}", include_in_schema=False)
    async def document(
        request: Request,
        path: str,
        start: Place = 0,
        end: Place = 0,
        digest: str = "",
        panel: bool = False,
        page: Place = 0,
        picture: Place = 0,
        reading: bool = False,
        part: Place = 0,
    ) -> Response:
        try:
            answers = access.answers(caller_of(request.scope))
            found = await run_in_threadpool(answers.document, path)
            if picture:
                return await viewer.image(found, picture, digest, request)
            if reading:
                return HTMLResponse(await viewer.make(reading_page, found))
            if panel:
                return HTMLResponse(await viewer.panel(found, start, end, digest, page, request))
            guide = await viewer.guide(found, request) if part < 2 else None
            html = await viewer.make(document_page, found, start, end, digest, part, guide)
            return HTMLResponse(html)
        except FootnoteError as error:
            return HTMLResponse(error_page(str(error)), status_of(error))

    return router


class _Viewer:
    """Makes the replies of the routes."""

    def __init__(
        self, access: CollectionAccess, settings: Settings, apart: CollectionAccess
    ) -> None:
        self._access = access
        self._apart = apart
        self._key = LRUCache[tuple[str, str], list[Span]](_GUIDES)
        self._settings = settings
        self._renderer: Drawing = PageRenderer(settings.data)
        self._turns: CapacityLimiter | None = None  # made where the event loop runs

    def close(self) -> None:
        """End the drawing of pages."""
        self._renderer.close()

    async def image(self, document: Document, page: int, digest: str, request: Request) -> Response:
        """A page's image. Raises UnknownDocument if it cannot be rendered, or has changed."""
        if has_changed(document, digest):
            raise UnknownDocument("The document has changed since.")
        wanted = PageRequest(document.path, document.digest, page)
        try:
            (image,) = await self._draw([wanted], request)
        except RenderError as error:
            raise UnknownDocument(str(error)) from None
        return Response(image.png, media_type="image/png")

    async def panel(
        self, document: Document, start: int, end: int, digest: str, page: int, request: Request
    ) -> str:
        """The page beside an answer: images of a PDF's pages if they can be rendered, else text."""
        images = list[tuple[PageRequest, PageImage]]()
        is_cited = start < end or page
        guide = None if is_cited else await self.guide(document, request, panel=True)
        if document.path.lower().endswith(".pdf") and document.page_starts:
            span = valid_span(document, start, end, digest)
            requests = page_requests(document, span, page)
            with suppress(RenderError, RenderBusy):
                found = await self._draw(requests, request)
                images = list(zip(requests, found, strict=True))
        if images:
            return await self.make(pdf_page, document, images, start, end, digest, guide)
        return await self.make(panel_page, document, start, end, digest, guide)

    async def guide(
        self, document: Document, request: Request, panel: bool = False
    ) -> DocumentGuide:
        """What stands before a document that is opened as a whole."""
        return await run_in_threadpool(self._guide, document, caller_of(request.scope), panel)

    def _guide(self, document: Document, caller: Caller, panel: bool) -> DocumentGuide:
        answers, known = self._apart.answers(caller), (document.path, document.digest)
        key = self._key.get(known)
        if key is None:
            key = key_sentences(answers, document)
            if key:
                self._key[known] = key
        return guide_of(document, info_of(answers, document.path), key, panel)

    async def make(self, page: Callable[[*Given], Markup], *given: *Given) -> Markup:
        """A page, when its turn has come."""
        self._turns = self._turns or CapacityLimiter(_PAGES_AT_ONCE)
        return await to_thread.run_sync(page, *given, limiter=self._turns)

    async def _draw(self, wanted: Sequence[PageRequest], request: Request) -> list[PageImage]:
        has_left, images = request.is_disconnected, list[PageImage]()
        for each in wanted:
            corpus, path, generation = await run_in_threadpool(self._place, each.path)
            inside = replace(each, path=path)
            images.append(await self._renderer.render(corpus, inside, generation, has_left))
        return images

    def _place(self, path: str) -> tuple[Path, str, int]:
        settings, inside = self._access.place(path)
        return corpus_of(settings or self._settings), inside, self._access.generation
