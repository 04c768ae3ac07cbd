"""The guide of a document: its facts, key sentences and outline, and where they lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from index.catalog.reader import DocumentInfo
from index.errors import FootnoteError
from index.filtered import Filters
from index.types import Document, Heading, Passage
from rag.types import Answer, AskOptions, Citation, Quote, Statement, Support, Turn
from tests.helpers.serving import FakeEngine
from ui.viewer.document import document_page, panel_page
from ui.viewer.guide import guide_of, info_of, key_sentences, size_of

pytestmark = pytest.mark.unit
TEXT = "Fees\n\nBoats <b>\n\nBoats pay six.\n\nCars\n\nCars pay nine."
BOATS, CARS = TEXT.index("Boats <b>"), TEXT.index("Cars")
FEES = Document(
    "in/fees <1>.md",
    "Fees",
    TEXT,
    "d" * 64,
    headings=(Heading(0, 1, "Fees"), Heading(BOATS, 2, "Boats <b>"), Heading(CARS, 3, "Cars")),
    notes=("1 chart is left out",),
)
SIX = TEXT.index("Boats pay six."), TEXT.index("Boats pay six.") + 14
INFO = DocumentInfo("in/fees <1>.md", "Fees", 12_345, None, 2, None, 0, (), 1_700_000_000 * 10**9)
URL = "/documents/in/fees%20%3C1%3E.md"


def test_guide_tells_size_words_and_day_and_what_was_left_out() -> None:
    guide = guide_of(FEES, INFO, [])
    assert guide.facts == ["12 kB", "10 words", "changed on 14 November 2023"]
    assert guide.left_out == ("1 chart is left out",)
    assert guide_of(FEES, None, []).facts == ["10 words"]


def test_guide_of_a_whole_page_leads_to_its_headings_and_marks_key_sentences() -> None:
    guide = guide_of(FEES, INFO, [SIX])
    assert [(one.url, one.html, one.level) for one in guide.outline] == [
        (f"{URL}#h{BOATS}", "Boats &lt;b&gt;", 1),
        (f"{URL}#h{CARS}", "Cars", 2),
    ]
    (key,) = guide.key
    assert key.url == f"{URL}?start={SIX[0]}&end={SIX[1]}&digest={'d' * 16}#quote"
    assert key.html == "Boats pay six."
    page = document_page(FEES, guide=guide)
    assert f'<h3 id="h{BOATS}">Boats &lt;b&gt;</h3>' in page
    assert '<a href="/?only=in/fees%20%3C1%3E.md">Ask only this</a>' in page
    assert page.count("1 chart is left out") == 1


def test_guide_in_the_panel_stays_in_it() -> None:
    guide = guide_of(FEES, INFO, [SIX], panel=True)
    assert guide.outline[0].url == f"{URL}?panel=1#h{BOATS}"
    assert guide.key[0].url.startswith(f"{URL}?panel=1&start=")
    assert "Ask only this" not in panel_page(FEES, 0, 0, "", guide)  # the panel has a button


def test_guide_of_a_pdf_in_the_panel_leads_to_pages() -> None:
    paper = Document("p.pdf", "P", TEXT, "d" * 64, FEES.headings, (0, CARS))
    urls = [one.url for one in guide_of(paper, None, [], panel=True).outline]
    assert urls[1:] == ["/documents/p.pdf?panel=1&page=1", "/documents/p.pdf?panel=1&page=2"]


def test_guide_of_a_long_document_leads_to_its_parts_and_ends_somewhere() -> None:
    lines = "".join(f"H{number}\n\n{'word ' * 400}\n\n" for number in range(300))
    starts = [lines.index(f"H{number}\n") for number in range(300)]
    headings = tuple(Heading(at, 1, f"H{number}") for number, at in enumerate(starts))
    guide = guide_of(Document("a.md", "A", lines, "d" * 64, headings), None, [])
    assert (len(guide.outline), guide.more) == (200, 100)
    assert guide.outline[150].url == f"/documents/a.md?part=2#h{starts[150]}"


class Summing(FakeEngine):
    """Sums a document up by one sentence, or cannot be asked."""

    def __init__(self, breaks: bool = False) -> None:
        super().__init__()
        self.breaks = breaks
        self.options = AskOptions()

    def answer(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Answer:
        if self.breaks:
            raise FootnoteError("too much to do")
        self.options = options
        held = Passage("p", FEES.path, "", "", TEXT, 0, len(TEXT), None, "d")
        cited = Citation(1, Quote(held, *SIX)), Citation(2, Quote(held, *SIX))
        said = (Statement("Boats pay six.", (1, 2), Support.SUPPORTED),)
        return Answer(question, question, "Boats pay six. [1]", said, cited, None, (), "quotes")


def test_key_sentences_are_those_of_a_summary_of_this_document_alone() -> None:
    engine = Summing()
    assert key_sentences(engine, FEES) == [SIX]
    assert engine.options == AskOptions("quotes", filters=Filters((FEES.path,)))
    assert key_sentences(Summing(breaks=True), FEES) == []


def test_key_sentences_of_a_document_too_long_to_summarise_for_a_look_are_not_asked_for() -> None:
    engine = Summing()
    assert key_sentences(engine, replace(FEES, text=TEXT + "x" * 1_000_000)) == []
    assert engine.options == AskOptions()


def test_info_is_that_of_the_file() -> None:
    info = info_of(FakeEngine(), "a.md")
    assert info
    assert info.path == "a.md"
    assert info_of(FakeEngine(), "b.md") is None


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1 kB"),
        (2_340_000, "2.3 MB"),
        (45_600_000, "46 MB"),
        (7 * 10**13, "70000 GB"),
    ],
)
def test_size_is_said_as_people_do(count: int, words: str) -> None:
    assert size_of(count) == words
