"""Words and kinds of question."""

import pytest

from rag.retrieval.answer_type import AnswerType, expected_answer_type, matches_answer_type
from rag.verification.words import parse_words, stems

pytestmark = pytest.mark.unit


def test_stems_cut_endings_and_leave_stop_words_out() -> None:
    assert stems("The directors' talks were held in Paris") == ["director", "talk", "hold", "pari"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("33 hostages", ["33"]),
        ("1,190 questions and 3.5 percent", ["1190", "3.5"]),
        ("three phases in May 03", ["3", "3"]),
        ("twenty-three of one hundred and five", ["23", "105"]),
        ("2.5 million in three thousand", ["2500000", "3000"]),
        ("a score of 24–10", ["24", "10"]),
        ("the 19th century", ["19th"]),
        ("in the 1990s, Ends in 2018.", ["1990", "2018"]),
        ("one of the first, no figure", []),
    ],
)
def test_numbers_are_read_as_digits(text: str, expected: list[str]) -> None:
    assert [word.number for word in parse_words(text) if word.number] == expected


def test_ordinals_are_no_numbers_but_exact() -> None:
    first, second = (parse_words(text)[-1] for text in ("the third", "the 3rd"))
    assert (first.number, first.stem, first.exact) == ("", "3th", True)
    assert first.stem == second.stem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Talks resumed. Officials of Qatar met William J. Burns.", "qatar william j burns"),
        ("Egypt led, and the U.S. agreed", "egypt us"),
        ("Earlier rounds were in Cairo", "cairo"),
        ("David Barnea came", "david barnea"),
    ],
)
def test_names_are_capitals_that_no_sentence_explains(text: str, expected: str) -> None:
    assert " ".join(word.low for word in parse_words(text) if word.name) == expected


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("They do not meet envoys in person", "meet"),
        ("They don't meet", "meet"),
        ("It is not, however, signed", "signed"),
        ("They failed to agree", "agree"),
        ("It is not true that Egypt led", "true egypt"),
        ("Not only Egypt came", ""),
        ("They met in Nottingham", ""),
    ],
)
def test_denied_words_are_those_next_after_a_negation(text: str, denied: str) -> None:
    found = [word.low for word in parse_words(text) if word.denied == 1 and word.key]
    assert " ".join(found) == denied


@pytest.mark.parametrize(
    ("text", "hedged"),
    [
        ("It could help", "help"),
        ("Diplomats aim to restart talks", "restart"),
        ("Diplomats aim high", ""),
        ("In May 2024 they met", ""),
        ("Rumours say that Egypt led", "say egypt"),
    ],
)
def test_hedged_words_are_those_next_after_a_could_be(text: str, hedged: str) -> None:
    found = [word.low for word in parse_words(text) if word.hedged == 1 and word.key]
    assert " ".join(found) == hedged


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many hostages are there?", AnswerType.COUNT),
        ("How old is he?", AnswerType.AGE),
        ("How many days would it last?", AnswerType.SPAN),
        ("What will it cost to rebuild it?", AnswerType.MONEY),
        ("On what date did it begin?", AnswerType.DATE),
        ("How long did it last?", AnswerType.NUMBER),
        ("When did it start?", AnswerType.TIME),
        ("In what year was it?", AnswerType.TIME),
        ("Who led it?", AnswerType.NAME),
        ("Which newspaper wrote of it?", AnswerType.PROPER),
        ("Where was it?", AnswerType.NAME),
        ("Why did it fail?", AnswerType.ANY),
        ("How many remain, and how many are dead?", AnswerType.ANY),
        ("Which city hosted it and who paid?", AnswerType.ANY),
        ("Which city and country hosted it?", AnswerType.PROPER),
    ],
)
def test_kind_wanted_follows_the_question_word(question: str, kind: AnswerType) -> None:
    assert expected_answer_type(question) is kind


def test_match_kind_wants_a_name_that_the_question_does_not_hold() -> None:
    question = "Who led the talks in Cairo?"
    assert matches_answer_type(AnswerType.NAME, question, "The talks in Cairo failed.") == -1.0
    assert matches_answer_type(AnswerType.NAME, question, "The talks were led by Egypt.") == 1.0
    assert matches_answer_type(AnswerType.ANY, question, "The talks were led by Egypt.") == 0.0


@pytest.mark.parametrize(
    ("kind", "sentence", "expected"),
    [
        (AnswerType.AGE, "Burns, 68, directs the CIA.", 1.0),
        (AnswerType.AGE, "Burns directs the CIA.", -1.0),
        (AnswerType.SPAN, "The truce would last six weeks.", 1.0),
        (AnswerType.SPAN, "The deal has three phases.", -1.0),
        (AnswerType.COUNT, "The deal has three phases.", 1.0),
        (AnswerType.COUNT, "The deal has phases.", -1.0),
        (AnswerType.DATE, "The talks were held over a weekend.", -1.0),
        (AnswerType.DATE, "The talks were held on 4 May.", 1.0),
        (AnswerType.TIME, "The talks were held over a weekend.", 1.0),
    ],
)
def test_match_kind_wants_a_thing_of_the_kind(
    kind: AnswerType, sentence: str, expected: float
) -> None:
    assert matches_answer_type(kind, "question", sentence) == expected
