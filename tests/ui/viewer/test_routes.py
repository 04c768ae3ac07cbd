"""Documents' pages over HTTP: whole, beside an answer, and a PDF's pages as pictures."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from index.catalog.writer import CatalogWriter
from index.errors import UnknownDocument
from index.formats.pdf.text import parse_pdf
from index.settings import load_settings
from index.types import Document
from rag.settings import Settings
from tests.helpers.serving import FakeEngine, client_over, one_folder
from tests.index.formats.pdf.test_render import page_of, pdf
from ui.viewer.pdf_images import PageImage, PageRequest, render_page
from ui.viewer.routes import viewer_routes

pytestmark = pytest.mark.unit

TEXT = "Before it. Ada met Bo. After it."
NOTE = Document("notes/a b.md", "Notes", TEXT, "d" * 64)
MET = "start=11&end=22"
FILE = pdf(page_of(("First page.", "")), page_of(("Second page.", "")))
PARSED = parse_pdf(FILE)
PAPER = Document("p.pdf", "Paper", PARSED.text, sha256(FILE).hexdigest(), (), PARSED.page_starts)
SECOND = f"start={PARSED.page_starts[1]}&end={PARSED.page_starts[1] + 6}"


class TwoDocuments(FakeEngine):
    """An engine with two documents."""

    def document(self, path: str) -> Document:
        for document in (NOTE, PAPER):
            if document.path == path:
                return document
        raise UnknownDocument(f"no document {path!r} is indexed")


class InProcessRenderer:
    """Renders in this process, where a server has a subprocess for it."""

    def __init__(self, data: Path) -> None:
        pass

    async def render(self, corpus: Path, request: PageRequest, *_: object) -> PageImage:
        return render_page(str(corpus), request)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr("ui.viewer.routes.PageRenderer", InProcessRenderer)
    (tmp_path / "p.pdf").write_bytes(FILE)
    (tmp_path / "data").mkdir()
    catalog = CatalogWriter.create(tmp_path / "data")
    with catalog.transaction():
        catalog.set_meta("corpus", str(tmp_path))
        catalog.set_meta("generation", "1")
    catalog.close()
    settings = load_settings(Settings, data=tmp_path / "data")
    return client_over(viewer_routes(one_folder(TwoDocuments()), settings))


def test_document_is_shown_whole_with_the_quoted_words_marked(client: TestClient) -> None:
    page = client.get(f"/documents/notes/a%20b.md?{MET}&digest=dddd").text
    assert '<mark id="quote" tabindex="-1">Ada met Bo.</mark>' in page
    assert '<p class="path">notes/a b.md</p>' in page


def test_document_that_has_changed_since_is_shown_without_marks(client: TestClient) -> None:
    page = client.get(f"/documents/notes/a%20b.md?{MET}&digest=eeee").text
    assert "This document has changed since it was quoted" in page
    assert "<mark" not in page


def test_document_beside_an_answer_leaves_its_name_to_the_panel(client: TestClient) -> None:
    page = client.get(f"/documents/notes/a%20b.md?{MET}&panel=1").text
    assert '<body class="panel">' in page
    assert '<mark id="quote">Ada met Bo.</mark>' in page
    assert "<h1" not in page


@pytest.mark.parametrize("asked", ["", "?panel=1", "?picture=1"])
def test_document_that_is_not_there_is_a_404_in_a_page(client: TestClient, asked: str) -> None:
    reply = client.get(f"/documents/%3Cb%3E.md{asked}")
    assert reply.status_code == 404
    assert "no document &#x27;&lt;b&gt;.md&#x27; is indexed" in reply.text


def test_place_that_is_no_number_is_refused(client: TestClient) -> None:
    assert client.get("/documents/p.pdf?start=-1").status_code == 422


def test_pdf_beside_an_answer_is_the_picture_of_the_quoted_page(client: TestClient) -> None:
    page = client.get(f"/documents/p.pdf?{SECOND}&panel=1").text
    assert "Page 2 of p.pdf. The marked words: Second" in page
    assert '<rect id="quote"' in page
    assert "Page 1 of" not in page


def test_pdf_beside_an_answer_turns_to_another_page(client: TestClient) -> None:
    page = client.get(f"/documents/p.pdf?{SECOND}&panel=1&page=1").text
    assert "Page 1 of p.pdf" in page
    assert "<rect" not in page


def test_pdf_whose_file_cannot_be_drawn_is_shown_as_text(
    client: TestClient, tmp_path: Path
) -> None:
    (tmp_path / "p.pdf").write_bytes(b"another file")
    page = client.get(f"/documents/p.pdf?{SECOND}&panel=1").text
    assert '<mark id="quote">Second</mark>' in page
    assert "<img" not in page


def test_picture_of_a_page_is_a_png(client: TestClient) -> None:
    reply = client.get(f"/documents/p.pdf?picture=2&digest={PAPER.digest[:16]}")
    assert reply.content.startswith(b"\x89PNG\r\n")
    assert reply.headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("picture=1&digest=eeee", "The document has changed since."),
        ("picture=9", "The page cannot be drawn"),
    ],
)
def test_picture_that_there_is_not_is_a_404(client: TestClient, asked: str, message: str) -> None:
    reply = client.get(f"/documents/p.pdf?{asked}")
    assert reply.status_code == 404
    assert message in reply.text
