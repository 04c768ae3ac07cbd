"""Words, kinds of question and the support check: what a statement may claim."""

import pytest

from index.passages import Passage
from rag.answers import Quote, Support
from rag.support import support
from rag.wants import Kind, kind_wanted, match_kind
from rag.words import names, negated, numbers, stems

pytestmark = pytest.mark.unit

TEXT = "In the latest round, Egypt led the talks in Cairo, and 33 hostages were discussed."


def quote(text: str = TEXT) -> Quote:
    passage = Passage("d#1", "d.txt", "d", "", text, 0, len(text), None, "digest")
    return Quote(passage, 0, len(text))


def test_stems_cut_endings_and_leave_stop_words_out() -> None:
    assert stems("The directors' talks were held in Paris") == ["director", "talk", "held", "pari"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("33 hostages", {"33"}),
        ("1,190 questions and 3.5 percent", {"1190", "3.5"}),
        ("three phases", {"3"}),
        ("no figure", set()),
        ("Ends in 2018.", {"2018"}),
    ],
)
def test_numbers_are_read_as_digits(text: str, expected: set[str]) -> None:
    assert numbers(text) == expected


def test_names_leave_out_the_start_of_a_sentence() -> None:
    assert names("Talks resumed. Officials of Qatar met William Burns.") == {
        "qatar",
        "william",
        "burn",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("They do not meet", True),
        ("They don't meet", True),
        ("Nobody met", True),
        ("They met in Nottingham", False),
    ],
)
def test_negation_is_seen(text: str, expected: bool) -> None:
    assert negated(text) is expected


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many hostages are there?", Kind.COUNT),
        ("How old is he?", Kind.AGE),
        ("How many days would it last?", Kind.SPAN),
        ("What will it cost to rebuild it?", Kind.MONEY),
        ("On what date did it begin?", Kind.DATE),
        ("How long did it last?", Kind.NUMBER),
        ("When did it start?", Kind.TIME),
        ("In what year was it?", Kind.TIME),
        ("Who led it?", Kind.NAME),
        ("Which newspaper wrote of it?", Kind.PROPER),
        ("Where was it?", Kind.NAME),
        ("Why did it fail?", Kind.ANY),
        ("How many remain, and how many are dead?", Kind.ANY),
        ("Which city hosted it and who paid?", Kind.ANY),
        ("Which city and country hosted it?", Kind.PROPER),
    ],
)
def test_kind_wanted_follows_the_question_word(question: str, kind: Kind) -> None:
    assert kind_wanted(question) is kind


def test_match_kind_wants_a_name_that_the_question_does_not_hold() -> None:
    question = "Who led the talks in Cairo?"
    assert match_kind(Kind.NAME, question, "The talks in Cairo failed.") == -1.0
    assert match_kind(Kind.NAME, question, "The talks were led by Egypt.") == 1.0
    assert match_kind(Kind.ANY, question, "The talks were led by Egypt.") == 0.0


@pytest.mark.parametrize(
    ("kind", "sentence", "expected"),
    [
        (Kind.AGE, "Burns, 68, directs the CIA.", 1.0),
        (Kind.AGE, "Burns directs the CIA.", -1.0),
        (Kind.SPAN, "The truce would last six weeks.", 1.0),
        (Kind.SPAN, "The deal has three phases.", -1.0),
        (Kind.COUNT, "The deal has three phases.", 1.0),
        (Kind.COUNT, "The deal has phases.", -1.0),
        (Kind.DATE, "The talks were held over a weekend.", -1.0),
        (Kind.DATE, "The talks were held on 4 May.", 1.0),
        (Kind.TIME, "The talks were held over a weekend.", 1.0),
    ],
)
def test_match_kind_wants_a_thing_of_the_kind(kind: Kind, sentence: str, expected: float) -> None:
    assert match_kind(kind, "question", sentence) == expected


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        (TEXT, Support.SUPPORTED),
        ("Egypt led the talks in Cairo", Support.SUPPORTED),
        ("In the latest round 33 hostages were discussed.", Support.SUPPORTED),
        ("In the latest round, 34 hostages were discussed.", Support.UNSUPPORTED),
        ("In the latest round, Egypt led the talks in Doha.", Support.WEAK),
        ("Egypt did not lead the talks in Cairo in the latest round.", Support.WEAK),
        ("Norway's capital is Oslo.", Support.UNSUPPORTED),
        ("", Support.UNSUPPORTED),
    ],
)
def test_support_judges_a_statement_by_its_quote(statement: str, verdict: Support) -> None:
    assert support(statement, [quote()]) is verdict


def test_support_without_a_quote_is_unsupported() -> None:
    assert support("Egypt led the talks.", []) is Support.UNSUPPORTED
