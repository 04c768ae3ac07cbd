"""From a statement to the exact words that back it."""

import pytest

from index.types import Passage
from rag.citations.attribution import find_quote, supporting_quotes

pytestmark = pytest.mark.unit

TEXT = (
    "Egypt led the latest round, and officials from Qatar attended it. It took place in Cairo.\n"
    "In the latest round, the release of 33 hostages was discussed. Most of them were women."
)


def passage(text: str = TEXT, start: int = 100, name: str = "a.md") -> Passage:
    return Passage(f"{name}#1", name, "A", "", text, start, start + len(text), None, "d")


@pytest.mark.parametrize(
    ("statement", "quoted"),
    [
        ("It took place in Cairo.", "It took place in Cairo."),
        ("it took  place in CAIRO", "It took place in Cairo."),
        ("officials from Qatar attended", TEXT[:65]),
        ("It took place in Cairo. In the latest round", TEXT[66:152]),
        (
            "The release of 33 hostages was talked about.",
            "In the latest round, the release of 33 hostages was discussed.",
        ),
        ("Qatar's officials were there.", TEXT[:65]),
        ("The latest round, led by Egypt, was in Cairo, a place.", TEXT[:89]),
    ],
)
def test_locate_finds_the_sentence_with_the_statements_words(statement: str, quoted: str) -> None:
    found = find_quote(statement, passage())
    assert found
    assert found.text == quoted
    assert TEXT[found.start - 100 : found.end - 100] == quoted


@pytest.mark.parametrize("statement", ["", "…", "Norway has fjords.", "It is what it is."])
def test_locate_finds_nothing_where_nothing_is(statement: str) -> None:
    assert find_quote(statement, passage()) is None


def test_locate_passage_without_words_holds_nothing() -> None:
    assert find_quote("Egypt led.", passage(" \n ")) is None


ROUND = passage("Egypt led the latest round of talks.", 0, "round.md")
GAZA = passage("More than 120 hostages remain in Gaza.", 0, "gaza.md")
PARIS = passage("Three men met in Paris for preliminary talks.", 0, "paris.md")
PACKED = [ROUND, GAZA, PARIS]


def backing(statement: str, *labelled: Passage) -> list[str]:
    return [quote.passage.document for quote in supporting_quotes(statement, labelled, PACKED)]


def test_back_a_right_label_is_kept() -> None:
    assert backing("Egypt led the latest round.", ROUND) == ["round.md"]


def test_back_a_wrong_label_gives_way_to_the_passage_that_backs() -> None:
    assert backing("Egypt led the latest round.", GAZA) == ["round.md"]


def test_back_a_missing_label_is_found() -> None:
    assert backing("More than 120 hostages remain in Gaza.") == ["gaza.md"]


def test_back_two_labels_that_are_both_needed_are_kept() -> None:
    statement = "Egypt led the latest round, and three men met in Paris."
    assert backing(statement, ROUND, PARIS) == ["round.md", "paris.md"]


def test_back_a_label_beside_the_point_is_dropped() -> None:
    assert backing("More than 120 hostages remain in Gaza.", GAZA, ROUND) == ["gaza.md"]


def test_back_an_invented_statement_without_label_gets_nothing() -> None:
    assert backing("Norway has many fjords.") == []


def test_back_a_label_that_leads_to_no_support_is_dropped() -> None:
    assert backing("More than 500 hostages remain in Gaza.", GAZA) == []
    assert backing("More than 500 hostages remain in Gaza.") == []
