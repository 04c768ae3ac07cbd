"""The reading report: what was left out, each block, and pages beside those of a PDF."""

from __future__ import annotations

import re

import pytest

from index.types import Document, Heading, Table, TableRow
from ui.viewer.document import document_page
from ui.viewer.reading import reading_page

pytestmark = pytest.mark.unit
TEXT = "Fees\n\nBoats <b> pay.\n\n- one\n- two\n\nm: 6; Fee: 22"
ROW = TEXT.index("m: 6")
FEES = Document(
    "fees.pdf",
    "Fees",
    TEXT,
    "d" * 64,
    headings=(Heading(0, 1, "Fees"),),
    page_starts=(0, len(TEXT), len(TEXT)),
    hidden=1200,
    notes=("1 chart is left out",),
    tables=(
        Table(
            ("m", "Fee"), (TableRow(ROW, len(TEXT), ((ROW + 3, ROW + 4), (ROW + 11, ROW + 13))),)
        ),
    ),
)


def kinds(page: str) -> list[str]:
    return re.findall(r'<span class="kind">([^<]*)</span>', page)


def test_reading_page_has_each_block_with_what_it_was_taken_for() -> None:
    page = reading_page(FEES)
    assert kinds(page) == ["heading 1", "paragraph", "list", "table"]
    assert "Boats &lt;b&gt; pay." in page
    assert '<th scope="col">Fee</th>' in page
    assert "<td>22</td>" in page
    assert "1 × table" in page


def test_reading_page_tells_what_was_left_out() -> None:
    page = reading_page(FEES)
    assert "<li>1,200 characters of hidden text left out</li><li>1 chart is left out</li>" in page
    assert "Nothing was left out that the reader knows of." in reading_page(
        Document("a.md", "A", "One.", "d" * 64)
    )


def test_reading_page_shows_pages_of_a_pdf_beside_their_text() -> None:
    page = reading_page(FEES)
    assert re.findall(r'<img src="([^"]*)"', page) == [
        f"/documents/fees.pdf?picture=1&amp;digest={'d' * 16}"
    ]
    assert "<img" not in reading_page(Document("a.md", "A", "One.", "d" * 64))


def test_document_page_leads_to_its_reading_and_tells_what_is_not_there() -> None:
    page = document_page(FEES)
    assert '<a href="/documents/fees.pdf?reading=1">How it was read</a>' in page
    assert "<li>1 chart is left out</li>" in page
