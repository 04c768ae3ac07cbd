"""Pages of PDFs beside an answer: rendered in a subprocess, words marked, text as a fallback."""

from __future__ import annotations

import asyncio
import io
import re
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from index.formats.pdf.render import Box
from index.formats.pdf.text import parse_pdf
from index.types import Document
from tests.index.formats.pdf.test_render import page_of, pdf
from ui.viewer.pdf import page_requests, pdf_page
from ui.viewer.pdf_images import PageImage, PageRenderer, PageRequest, RenderError, render_page

pytestmark = pytest.mark.unit

DATA = pdf(page_of(("First page. It ends in", "")), page_of(("the middle of it. ", "More of it.")))
PARSED = parse_pdf(DATA)
DOCUMENT = Document(
    "a b.pdf", "Pages", PARSED.text, sha256(DATA).hexdigest(), (), PARSED.page_starts
)
START = PARSED.text.index("More")
END = START + len("More of it.")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "a b.pdf").write_bytes(DATA)
    return tmp_path


def quote_request() -> PageRequest:
    (found,) = page_requests(DOCUMENT, (START, END))
    return found


def test_page_requests_of_a_quote_are_its_page_and_its_place_there() -> None:
    assert quote_request() == PageRequest(
        "a b.pdf", DOCUMENT.digest, 2, "More of it.", START - DOCUMENT.page_starts[1]
    )


def test_page_requests_of_a_quote_over_two_pages_are_both() -> None:
    start = PARSED.text.index("It ends")
    assert [each.page for each in page_requests(DOCUMENT, (start, END))] == [1, 2]


def test_page_requests_of_a_page_that_is_asked_for_have_no_words_of_another() -> None:
    assert page_requests(DOCUMENT, (START, END), 1) == [PageRequest("a b.pdf", DOCUMENT.digest, 1)]
    assert page_requests(DOCUMENT, (START, END), 3) == []
    assert [each.page for each in page_requests(DOCUMENT, None)] == [1]


def test_render_page_gives_an_image_and_the_boxes_of_the_words(corpus: Path) -> None:
    image = render_page(str(corpus), quote_request())
    assert Image.open(io.BytesIO(image.png)).size == (image.width, image.height)
    (box,) = image.boxes
    assert 0.3 < box.left < box.right < 0.5


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"path": "../x.pdf"}, "cannot be read"),
        ({"path": "none.pdf"}, "cannot be read"),
        ({"digest": "0" * 64}, "has changed"),
        ({"page": 9}, "cannot be drawn"),
    ],
)
def test_render_page_of_what_cannot_be_rendered_says_why(
    corpus: Path, change: dict[str, str | int], says: str
) -> None:
    with pytest.raises(RenderError, match=says):
        render_page(str(corpus), replace(quote_request(), **change))  # type: ignore[arg-type]


async def stays() -> bool:
    return False


@pytest.mark.slow
def test_images_are_rendered_in_a_subprocess_and_cached(corpus: Path, tmp_path: Path) -> None:
    renderer = PageRenderer(tmp_path / "data")

    async def render(request: PageRequest) -> PageImage:
        return await renderer.render(corpus, request, 1, stays)

    async def run() -> None:
        image = await render(quote_request())
        assert image == render_page(str(corpus), quote_request())
        (corpus / "a b.pdf").unlink()
        assert await render(quote_request()) == image
        bare = await render(PageRequest("a b.pdf", DOCUMENT.digest, 2))
        assert (bare.png, bare.boxes) == (image.png, ())
        with pytest.raises(RenderError, match="cannot be read"):
            await render(PageRequest("a b.pdf", DOCUMENT.digest, 1))

    asyncio.run(run())


def page(*boxes: Box) -> str:
    image = PageImage(b"", 1000, 2000, boxes)
    return pdf_page(DOCUMENT, [(quote_request(), image)], START, END, DOCUMENT.digest)


def test_page_marks_the_boxes_and_folds_the_text_away() -> None:
    html = page(Box(0.1, 0.2, 0.3, 0.25), Box(0.1, 0.3, 0.2, 0.35))
    assert re.findall("<rect(.*?)/>", html) == [
        ' id="quote" x="100.0" y="400.0" width="200.0" height="100.0" rx="3"',
        ' x="100.0" y="600.0" width="100.0" height="100.0" rx="3"',
    ]
    assert 'alt="Page 2 of a b.pdf. The marked words: More of it."' in html
    assert "/documents/a%20b.pdf?picture=2&amp;digest=" in html
    assert "<details><summary>" in html
    assert html.count('id="quote"') == 1
    assert "<script" not in html


def test_page_without_boxes_shows_the_text_with_the_words_marked() -> None:
    html = page()
    assert "<details open>" in html
    assert '<mark id="quote" tabindex="-1">More of it.</mark>' in html


def test_page_leads_to_the_pages_around() -> None:
    html = page()
    assert "← Page 1</a>" in html
    assert "Page 2 of 2" in html
    assert "Page 3" not in html


def test_page_of_a_changed_document_marks_nothing_and_says_so() -> None:
    html = pdf_page(DOCUMENT, [(quote_request(), PageImage(b"", 10, 10, ()))], START, END, "0000")
    assert "has changed since it was quoted" in html
    assert "<mark" not in html
