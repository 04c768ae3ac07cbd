"""Quotes are drawn on their words: what PDFium reads inside the boxes is what is quoted."""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from rapidfuzz.distance import Levenshtein

from index.formats.base import Parsed
from index.formats.pdf import ocr
from index.formats.pdf.render import boxes
from index.formats.pdf.text import parse_pdf
from index.types import Span
from tests.reading.pdf_inputs import pdf_inputs

pytestmark = pytest.mark.unit
SHARED = Path(__file__).parents[2].parent / "shared" / "data"
SENTENCE = re.compile(r"\S[^\n]{25,}?[.!?](?=\s|\Z)")
ROWS, SENTENCES = 6, 8


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


def quotes(parsed: Parsed, choice: random.Random) -> Iterator[tuple[Span, str]]:
    """Sampled rows of tables and sentences, each with the letters that should be marked."""
    rows = [row for table in parsed.tables for row in table.rows]
    for row in choice.sample(rows, min(ROWS, len(rows))):
        cells = (parsed.text[slice(*cell)] for cell in row.cells if cell)
        yield (row.start, row.end), letters("".join(cells))
    prose = [match.span() for match in SENTENCE.finditer(parsed.text)]
    prose = [one for one in prose if not any(row.start <= one[0] < row.end for row in rows)]
    for span in choice.sample(prose, min(SENTENCES, len(prose))):
        yield span, letters(parsed.text[slice(*span)])


def marked(data: bytes, parsed: Parsed, span: Span) -> str:
    """The letters inside the boxes of a quote, on the page that it starts on."""
    number = bisect_right(parsed.page_starts, span[0])
    at = span[0] - parsed.page_starts[number - 1]
    page = pypdfium2.PdfDocument(data)[number - 1]
    width, height = page.get_size()
    text = page.get_textpage()
    return letters(
        "".join(
            text.get_text_bounded(
                left=box.left * width - 0.5,
                right=box.right * width + 0.5,
                top=height * (1 - box.top) + 1,
                bottom=height * (1 - box.bottom) - 1,
            )
            for box in boxes(data, number, parsed.text[slice(*span)], at)
        )
    )


def is_right(found: str, wanted: str) -> bool:
    """Whether the words are those wanted, or their part on the page where they begin."""
    # A box may touch a sign of the words beside it.
    is_near = Levenshtein.normalized_similarity(found, wanted) > 0.9
    return bool(found) and (is_near or sorted(found) == sorted(wanted) or wanted.startswith(found))


def sampled(files: list[bytes]) -> tuple[int, list[tuple[str, str]]]:
    """How many quotes were sampled, and those drawn on other words."""
    choice, tried, wrong = random.Random(11), 0, list[tuple[str, str]]()
    for data in files:
        parsed = parse_pdf(data)
        for span, wanted in quotes(parsed, choice):
            tried += 1
            found = marked(data, parsed, span)
            if not is_right(found, wanted):
                wrong.append((parsed.text[slice(*span)], found))
    return tried, wrong


def test_quotes_of_made_files_are_drawn_on_their_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    names = ("pdf-columns", "pdf-table", "pdf-spaced", "pdf-repeated", "pdf-note", "pdf-heading")
    files = [one.data for one in pdf_inputs() if one.name.startswith(names)]
    tried, wrong = sampled(files)
    assert tried >= 60
    assert len(wrong) <= tried / 50, wrong


@pytest.mark.slow
@pytest.mark.full
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_quotes_of_real_files_are_drawn_on_their_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    folders = ("northwind", "cases", "formats")
    names = [path for folder in folders for path in sorted((SHARED / folder).glob("*.pdf"))]
    # A scan has no text layer to read inside the boxes.
    names = [path for path in names if not path.stem.endswith("_scan")]
    tried, wrong = sampled([path.read_bytes() for path in names])
    assert tried >= 100
    assert len(wrong) <= tried / 50, wrong
