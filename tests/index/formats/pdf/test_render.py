"""Boxes of quotes on pages: their ink is inside, whatever the page's rotation and crop."""

from __future__ import annotations

import io
import random
import re
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from index.formats.base import Unreadable
from index.formats.pdf import ocr
from index.formats.pdf.render import Box, boxes, render
from index.formats.pdf.text import open_pdf, parse_pdf

pytestmark = pytest.mark.unit
SHARED = Path(__file__).parents[4].parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
QUOTE = "The quoted words go over two lines."


def page_of(*lines: tuple[str, str], top: int = 700) -> Callable[[Canvas], None]:
    """Lines of a page, each black words and the red ones after them, which are the quote."""

    def draw(canvas: Canvas) -> None:
        for number, (black, red) in enumerate(lines):
            canvas.setFillColorRGB(0, 0, 0)
            canvas.drawString(100, top - 16 * number, black)
            canvas.setFillColorRGB(1, 0, 0)
            canvas.drawString(100 + canvas.stringWidth(black), top - 16 * number, red)

    return draw


def pdf(*pages: Callable[[Canvas], None]) -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(600, 800))
    for page in pages:
        canvas.setFont("Helvetica", 12)
        page(canvas)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


TWO_LINES = page_of(
    ("Before it. ", "The quoted words"), ("", "go over two lines."), ("After it, in black.", "")
)


def changed(data: bytes, rotation: int = 0, crop: tuple[int, int, int, int] | None = None) -> bytes:
    document = open_pdf(data)
    document[0].set_rotation(rotation)
    if crop:
        document[0].set_cropbox(*crop)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def ink(data: bytes, page: int, found: list[Box]) -> tuple[float, float]:
    """Shares of the red ink and of the black ink of a page that are inside boxes."""
    colours = np.asarray(Image.open(io.BytesIO(render(data, page, 1200))).convert("RGB"), int)
    red = (colours[..., 0] > 200) & (colours[..., 1] < 120)
    black = colours.max(axis=2) < 100
    inside = np.zeros(red.shape, bool)
    rows, columns = red.shape
    for box in found:
        inside[
            round(box.top * rows) : round(box.bottom * rows),
            round(box.left * columns) : round(box.right * columns),
        ] = True
    return (red & inside).sum() / red.sum(), (black & inside).sum() / max(black.sum(), 1)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (50, 600, 400, 780)])
def test_boxes_hold_the_ink_of_the_quote_and_no_other(
    rotation: int, crop: tuple[int, int, int, int] | None
) -> None:
    data = changed(pdf(TWO_LINES), rotation, crop)
    found = boxes(data, 1, QUOTE)
    assert len(found) == 2
    red, black = ink(data, 1, found)
    assert red > 0.995
    assert black < 0.01


def test_boxes_of_a_quote_are_shares_of_the_page() -> None:
    first, second = boxes(pdf(TWO_LINES), 1, QUOTE)
    assert first.left == pytest.approx((100 + 53.4) / 600, abs=0.005)
    assert second.left == pytest.approx(100 / 600, abs=0.003)
    assert first.top < (800 - 700 - 8) / 800
    assert (800 - 700) / 800 < first.bottom < (800 - 690) / 800
    assert second.top - first.top == pytest.approx(16 / 800, abs=0.001)


@pytest.mark.parametrize("quote", ["Nowhere on it.", "", "...", "The quoted words go nowhere."])
def test_boxes_quote_that_is_not_on_the_page_gives_none(quote: str) -> None:
    assert boxes(pdf(TWO_LINES), 1, quote) == []


def test_boxes_divided_word_is_found_as_it_reads() -> None:
    data = pdf(page_of(("An ", "exam-"), ("", "ple."), ("Text", "")))
    found = boxes(data, 1, "example.")
    red, black = ink(data, 1, found)
    assert (len(found), black) == (2, 0.0)
    assert red > 0.9  # the hyphen is no part of the word


@pytest.mark.parametrize(("start", "line"), [(0, 0), (4, 0), (40, 1), (99, 1)])
def test_boxes_of_several_places_the_nearest_to_the_start_is_taken(start: int, line: int) -> None:
    data = pdf(page_of(("Same words. Then others.", ""), ("Same words.", "")))
    (found,) = boxes(data, 1, "Same words.", start)
    assert found.top == pytest.approx((800 - 700 + 16 * line - 11) / 800, abs=0.006)


def test_boxes_sentence_over_the_edge_gives_its_part_on_each_page() -> None:
    foot = page_of(("Page 1", ""), top=40)

    def first(canvas: Canvas) -> None:
        page_of(("Some words. ", "The sentence begins"), top=100)(canvas)
        foot(canvas)

    data = pdf(first, page_of(("", "and ends here."), ("Then more.", "")))
    quote = "The sentence begins and ends here."
    for page in (1, 2):
        found = boxes(data, page, quote)
        red, black = ink(data, page, found)
        assert (len(found), black) == (1, 0.0)
        assert red > 0.995


def test_boxes_beginning_in_the_middle_of_a_page_is_not_taken_for_the_quote() -> None:
    data = pdf(page_of(("The sentence begins", ""), *[("Other text.", "")] * 5))
    assert boxes(data, 1, "The sentence begins and ends elsewhere.") == []


def test_render_gives_a_picture_of_the_width() -> None:
    image = Image.open(io.BytesIO(render(changed(pdf(TWO_LINES), 90), 1, 400)))
    assert (image.format, image.size) == ("PNG", (400, 300))


@pytest.mark.parametrize("page", [0, 2])
def test_render_page_that_is_not_there_is_refused(page: int) -> None:
    with pytest.raises(Unreadable, match=rf"^there is no page {page}, it has 1$"):
        render(pdf(TWO_LINES), page, 400)


def dark(data: bytes, page: int, found: list[Box]) -> list[float]:
    """How dark the darkest pixel of each box is, from 0 for white to 1."""
    shades = np.asarray(Image.open(io.BytesIO(render(data, page, 1000))).convert("L"), float)
    rows, columns = shades.shape
    return [
        1
        - shades[
            int(box.top * rows) : int(box.bottom * rows) + 1,
            int(box.left * columns) : int(box.right * columns) + 1,
        ].min()
        / 255
        for box in found
    ]


@pytest.mark.slow
@needs_shared
@pytest.mark.parametrize("sentences_of_each", [6, pytest.param(18, marks=pytest.mark.full)])
def test_boxes_sentences_of_real_files_are_all_found(
    sentences_of_each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    choice = random.Random(7)
    tried = missed = 0
    for file in sorted((SHARED / "northwind").glob("*.pdf")):
        data = file.read_bytes()
        parsed = parse_pdf(data)
        sentences = list(re.finditer(r"\S[^\n]{25,}?[.!?](?=\s)", parsed.text))
        for match in choice.sample(sentences, min(sentences_of_each, len(sentences))):
            page = bisect_right(parsed.page_starts, match.start())
            start = match.start() - parsed.page_starts[page - 1]
            found = boxes(data, page, match.group(), start)
            tried += 1
            missed += not found or min(dark(data, page, found)) < 0.3
    assert tried > 5 * sentences_of_each
    assert missed == 0


@needs_shared
def test_boxes_right_to_left_lines_go_from_edge_to_edge() -> None:
    data = (SHARED / "formats" / "right_to_left_01.pdf").read_bytes()
    quote = "إجراء تحليلات معقدة بطريقة سريعة وفعالة. إذا كان لديك عقلية تحليلية"
    (found,) = boxes(data, 1, quote)
    assert found.right == pytest.approx(0.852, abs=0.01)
    assert found.left < 0.45
