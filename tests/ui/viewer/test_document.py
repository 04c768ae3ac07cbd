"""A document's page: the whole text, the quoted words marked, nothing of it run or linked."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain

import pytest

from index.types import Document, Heading
from ui.service.links import document_url
from ui.viewer.document import document_page, error_page

pytestmark = pytest.mark.unit

TEXT = "# Title\n\nFirst words.\n\n## Part <b>two</b>\nMore words here.\nPage two starts."
DOCUMENT = Document(
    path="a/b c.md",
    title="Title",
    text=TEXT,
    digest="abcdef0123456789" * 4,
    headings=(Heading(0, 1, "Title"), Heading(TEXT.index("##"), 2, "Part <b>two</b>")),
    page_starts=(0, TEXT.index("Page two")),
)


def marks(page: str) -> list[str]:
    return re.findall(r"<mark[^>]*>(.*?)</mark>", page, re.DOTALL)


def test_page_of_a_span_marks_exactly_its_words_and_anchors_them() -> None:
    start = TEXT.index("More")
    page = document_page(DOCUMENT, start, start + 10, DOCUMENT.digest[:16])
    assert marks(page) == ["More words"]
    assert page.count('id="quote"') == 1


def test_page_of_a_span_over_two_pages_marks_both_parts_and_anchors_the_first() -> None:
    start = TEXT.index("here")
    page = document_page(DOCUMENT, start, len(TEXT))
    assert [part.strip() for part in marks(page)] == ["here.", "Page two starts."]
    assert page.count('id="quote"') == 1


def test_page_shows_headings_without_their_signs_and_the_title_once() -> None:
    page = document_page(DOCUMENT)
    assert ">Part &lt;b&gt;two&lt;/b&gt;</h3>" in page
    assert page.count(">Title<") == 1
    assert marks(page) == []


def test_page_numbers_the_pages() -> None:
    assert re.findall(r'id="page-(\d+)"', document_page(DOCUMENT)) == ["1", "2"]


def test_page_of_a_changed_document_marks_nothing_and_says_so() -> None:
    page = document_page(DOCUMENT, 0, 5, digest="0000")
    assert marks(page) == []
    assert "has changed since it was quoted" in page


@pytest.mark.parametrize(("start", "end"), [(5, 5), (9, 4), (0, len(TEXT) + 1)])
def test_page_of_a_span_outside_the_document_marks_nothing(start: int, end: int) -> None:
    assert marks(document_page(DOCUMENT, start, end)) == []


def test_page_of_a_long_document_is_its_parts_which_lead_to_each_other() -> None:
    lines = [f"Line {number} of a long document." for number in range(20_000)]
    long = replace(DOCUMENT, text="\n\n".join(lines), headings=(), page_starts=(), tables=())
    pages = [document_page(long, part=number) for number in (1, 2, 3, 4)]
    shown = [re.findall(r"Line \d+ of a long document\.", page) for page in pages]
    assert [*chain(*shown)] == lines
    assert max(map(len, pages)) < 210_000
    assert [re.findall(r"part=(\d)", page)[:2] for page in pages] == [
        ["2", "2"],
        ["1", "3"],
        ["2", "4"],
        ["3", "3"],
    ]
    start = long.text.index(lines[15_000])
    assert marks(document_page(long, start, start + 10)) == ["Line 15000"]
    assert document_page(long, part=9) == pages[3]


def test_page_has_no_script_and_no_markup_of_the_document() -> None:
    nasty = Document("x.txt", "<script>t</script>", '<img src=x onerror=1>"', "d")
    page = document_page(nasty)
    assert "<script" not in page
    assert "<img" not in page


def test_url_escapes_the_path_and_leads_to_the_quote() -> None:
    assert document_url("a/b c?.md") == "/documents/a/b%20c%3F.md"
    assert document_url("a.md", 3, 9, "0123456789abcdefXYZ") == (
        "/documents/a.md?start=3&end=9&digest=0123456789abcdef#quote"
    )


def test_error_page_escapes_its_message() -> None:
    assert "&lt;b&gt;" in error_page("no document '<b>'")
