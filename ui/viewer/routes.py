"""The documents' pages over HTTP: whole, beside an answer, and a PDF's pages as pictures."""

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
from ui.viewer.document import document_page, fault_page, is_changed, panel_page, quoted
from ui.viewer.pdf import pictures_page, spots
from ui.viewer.pdf_images import NoPicture, Pictures, Spot

Place = Annotated[int, Query(ge=0)]
# A picture's address holds the digest of what it shows.
_CACHED = {"Cache-Control": "private, max-age=86400, immutable"}


def reader_routes(engine: Answers, settings: Settings) -> APIRouter:
    """The routes under `/documents`."""
    reader = _Reader(engine, settings)
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
    ) -> Response:
        try:
            found = engine.document(path)
            if picture:
                return reader.picture(found, picture, digest)
            if panel:
                return HTMLResponse(reader.panel(found, start, end, digest, page))
            return HTMLResponse(document_page(found, start, end, digest))
        except FootnoteError as error:
            return HTMLResponse(fault_page(str(error)), status_of(error))

    return router


class _Reader:
    """What the routes share: where the documents' files are, and what draws their pages."""

    def __init__(self, engine: Answers, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._pictures = Pictures()

    def picture(self, document: Document, page: int, digest: str) -> Response:
        """A page's picture. Raises UnknownDocument if there is none as it was."""
        if is_changed(document, digest):
            raise UnknownDocument("The document has changed since.")
        spot = Spot(document.path, document.digest, page)
        try:
            drawn = self._pictures.picture(self._corpus(), spot)
        except NoPicture as error:
            raise UnknownDocument(str(error)) from None
        return Response(drawn.png, media_type="image/png", headers=_CACHED)

    def panel(self, document: Document, start: int, end: int, digest: str, page: int) -> str:
        """The page beside an answer: pictures of a PDF's pages if they can be drawn, else text."""
        if document.path.lower().endswith(".pdf") and document.page_starts:
            span = quoted(document, start, end, digest)
            try:
                wanted = spots(document, span, page)
                drawn = [(spot, self._pictures.picture(self._corpus(), spot)) for spot in wanted]
            except NoPicture:
                drawn = []
            if drawn:
                return pictures_page(document, drawn, start, end, digest)
        return panel_page(document, start, end, digest)

    def _corpus(self) -> Path:
        return corpus_of(self._settings)
