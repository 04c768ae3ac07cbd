"""The HTTP routes of documents: whole pages, panels beside an answer, images of PDF pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse

from index.errors import FootnoteError, UnknownDocument
from index.types import Document
from rag.settings import Settings
from rag.types import Answers
from ui.http.errors import status_of
from ui.service.background_sync import corpus_of
from ui.viewer.document import document_page, error_page, has_changed, panel_page, valid_span
from ui.viewer.pdf import page_requests, pdf_page
from ui.viewer.pdf_images import PageRenderer, PageRequest, RenderError
from ui.viewer.reading import reading_page

Place = Annotated[int, Query(ge=0)]
# An image's URL holds the digest of what it shows.
_CACHED = {"Cache-Control": "private, max-age=86400, immutable"}


def viewer_routes(engine: Answers, settings: Settings) -> APIRouter:
    """The routes under `/documents`."""
    viewer = _Viewer(engine, settings)
    router = APIRouter()

    @router.get("/documents/{path:path}", include_in_schema=False)
    def document(
        path: str,
        start: Place = 0,
        end: Place = 0,
        digest: str = "",
        panel: bool = False,
        page: Place = 0,
        picture: Place = 0,
        reading: bool = False,
    ) -> Response:
        try:
            found = engine.document(path)
            if picture:
                return viewer.image(found, picture, digest)
            if reading:
                return HTMLResponse(reading_page(found))
            if panel:
                return HTMLResponse(viewer.panel(found, start, end, digest, page))
            return HTMLResponse(document_page(found, start, end, digest))
        except FootnoteError as error:
            return HTMLResponse(error_page(str(error)), status_of(error))

    return router


class _Viewer:
    """Makes the replies of the routes."""

    def __init__(self, engine: Answers, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._renderer = PageRenderer()

    def image(self, document: Document, page: int, digest: str) -> Response:
        """A page's image. Raises UnknownDocument if it cannot be rendered, or has changed."""
        if has_changed(document, digest):
            raise UnknownDocument("The document has changed since.")
        request = PageRequest(document.path, document.digest, page)
        try:
            image = self._renderer.render(self._corpus(), request)
        except RenderError as error:
            raise UnknownDocument(str(error)) from None
        return Response(image.png, media_type="image/png", headers=_CACHED)

    def panel(self, document: Document, start: int, end: int, digest: str, page: int) -> str:
        """The page beside an answer: images of a PDF's pages if they can be rendered, else text."""
        if document.path.lower().endswith(".pdf") and document.page_starts:
            span = valid_span(document, start, end, digest)
            try:
                requests = page_requests(document, span, page)
                images = [(each, self._renderer.render(self._corpus(), each)) for each in requests]
            except RenderError:
                images = []
            if images:
                return pdf_page(document, images, start, end, digest)
        return panel_page(document, start, end, digest)

    def _corpus(self) -> Path:
        return corpus_of(self._settings)
