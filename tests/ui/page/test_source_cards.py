"""Cards of sources: rows are shown as a table, and all citations of one table in one card."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from index.types import Document, Hit, Passage, Table, TableRow
from rag.types import Answer, Citation, Quote, Statement, Support
from tests.helpers.serving import FakeEngine
from ui.page.source_cards import sources_html, tables_of
from ui.service.history import Exchange

pytestmark = pytest.mark.unit

TEXT = "| berth | fee |\n|---|---|\n| North | 120 |\n| South <b> | 90 |\n\nNo boats in May."
HEADER = (0, 15)
ROWS = tuple(
    TableRow(start, end, ((start + 2, middle), (middle + 3, end - 2)))
    for start, middle, end in ((26, 33, 41), (42, 53, 60))
)
TABLE = Table(("berth", "fee"), ROWS, HEADER, "Fees")
PASSAGE = Passage("f#1", "fees.md", "Fees", "", TEXT, 0, len(TEXT), None, "now")
HITS = (Hit(PASSAGE, 0.9, 1),)


def exchange(*spans: tuple[int, int]) -> Exchange:
    citations = tuple(
        Citation(label, Quote(PASSAGE, *span)) for label, span in enumerate(spans, start=1)
    )
    said = (Statement("said", tuple(range(1, len(spans) + 1)), Support.SUPPORTED),)
    answer = Answer("q", "q", "said", said, citations, None, HITS, "quotes")
    return Exchange("t1", "q", HITS, "", answer)


def tables(path: str, digest: str) -> tuple[Table, ...]:
    return (TABLE,) if (path, digest) == ("fees.md", "now") else ()


def test_rows_are_shown_as_a_table_with_the_quoted_one_marked() -> None:
    html = sources_html([exchange((26, 41))], tables)
    assert "| North" not in html
    assert re.findall(r'<th scope="col">(.*?)</th>', html) == ["berth", "fee"]
    assert '<tr class="cited"><td>North</td><td>120</td></tr>' in html
    assert "<tr><td>South &lt;b&gt;</td><td>90</td></tr>" in html


def test_citations_of_one_table_are_one_card() -> None:
    html = sources_html([exchange((26, 41), (62, 78), (42, 60), HEADER)], tables)
    assert html.count("<table>") == 1
    assert html.count('<tr class="cited">') == 2
    labels = re.findall(r'class="card( joined)?" id="t1-c(\d)"', html)
    assert labels == [("", "1"), (" joined", "3"), (" joined", "4"), ("", "2")]
    rows = re.findall(r'<span class="row" dir="auto">(.*?)</span>', html)
    assert rows == ["South &lt;b&gt;", "The names of the columns"]
    assert "<mark>No boats in May.</mark>" in html


PROSE = "Boats may stay. The fee is 120. A dog is free. Ask at the gate."
FEE, DOG, BOATS = (16, 31), (32, 46), (0, 15)


def quoted(*spans: tuple[int, int]) -> Exchange:
    passage = Passage("r#1", "rules.md", "Rules", "", PROSE, 0, len(PROSE), None, "now")
    citations = tuple(Citation(n, Quote(passage, *span)) for n, span in enumerate(spans, start=1))
    answer = Answer("q", "q", "said", (), citations, None, (Hit(passage, 0.9, 1),), "quotes")
    return Exchange("t1", "q", answer.hits, "", answer)


def test_citations_of_one_passage_are_one_card_with_each_quote_marked() -> None:
    html = sources_html([quoted(FEE, BOATS, DOG)])
    words = (
        "<mark>Boats may stay.</mark> <mark>The fee is 120.</mark> <mark>A dog is free.</mark>"
        " Ask at the gate.</blockquote>"
    )
    assert html.count("<blockquote") == 1
    assert words in html
    labels = re.findall(r'class="card( joined)?" id="t1-c(\d)"', html)
    assert labels == [("", "1"), (" joined", "2"), (" joined", "3")]
    rows = re.findall(r'<span class="row" dir="auto">(.*?)</span>', html)
    assert rows == ["Boats may stay.", "A dog is free."]
    starts = re.findall(r"/documents/rules.md\?start=(\d+)", html)
    assert starts == ["16", "0", "32"]


def test_citations_that_overlap_are_marked_once() -> None:
    html = sources_html([quoted((0, 31), FEE)])
    assert "<mark>Boats may stay. The fee is 120.</mark> A dog is free." in html


def test_words_of_a_document_that_has_changed_have_a_card_each() -> None:
    outdated = {"rules.md": "has changed"}
    html = sources_html([replace(quoted(FEE, DOG), outdated=outdated)])
    assert re.findall("<mark>(.*?)</mark>", html) == ["The fee is 120.", "A dog is free."]
    assert html.count("The document has changed.") == 2
    assert "joined" not in html


def test_table_of_a_document_that_has_changed_is_shown_as_its_words() -> None:
    html = sources_html([exchange((26, 41))], lambda _path, _digest: ())
    assert "<table>" not in html
    assert "<mark>| North | 120 |</mark>" in html


def test_passage_that_is_all_rows_is_a_table_without_being_cited() -> None:
    rows = Passage("f#2", "fees.md", "Fees", "", TEXT[26:60], 26, 60, None, "now")
    found = Exchange("t1", "q", (Hit(rows, 0.5, 1),))
    assert "<td>North</td>" in sources_html([found], tables)


def test_tables_are_those_of_the_document_as_it_was_quoted() -> None:
    class Shelf(FakeEngine):
        read = 0

        def document(self, path: str) -> Document:
            Shelf.read += 1
            return Document(path, "", TEXT, "now", tables=(TABLE,))

    found = tables_of(Shelf())
    assert found("fees.md", "now") == (TABLE,)
    assert found("fees.md", "now") == (TABLE,)
    assert found("fees.md", "old") == ()
    assert Shelf.read == 2


@pytest.mark.parametrize(
    ("quoted", "words"),
    [
        ("Rates hold all year.", "<mark>Rates hold all year.</mark> Ask at the gate. …"),
        ("Ask at the gate.", "Rates hold all year. <mark>Ask at the gate.</mark> …"),
        ("No boats", "… <mark>No boats</mark> in May."),
    ],
)
def test_words_around_a_quote_end_where_a_table_begins(quoted: str, words: str) -> None:
    before = "Rates hold all year. Ask at the gate.\n\n"
    text, shift = before + TEXT, len(before)
    passage = Passage("f#3", "fees.md", "Fees", "", text, 0, len(text), None, "now")
    table = TABLE.mapped(lambda place: place + shift)
    start = text.index(quoted)
    citation = Citation(1, Quote(passage, start, start + len(quoted)))
    answer = Answer("q", "q", "said", (), (citation,), None, HITS, "quotes")
    html = sources_html(
        [Exchange("t1", "q", (Hit(passage, 0.9, 1),), "", answer)], lambda *_: (table,)
    )
    found = re.search(r'<blockquote class="words[^>]*>(.*?)</blockquote>', html, re.DOTALL)
    assert found
    assert found[1].strip() == words
