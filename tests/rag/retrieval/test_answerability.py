"""What tells whether a question is answered, and the kinds of answer that questions want."""

from __future__ import annotations

import math

import pytest

from rag.retrieval.answer_type import (
    AnswerType,
    expected_answer_type,
    matches_answer_type,
)
from rag.retrieval.answerability import (
    ANSWERABILITY_WEIGHTS,
    AnswerabilitySignals,
    answer_confidence,
)

pytestmark = pytest.mark.unit


def signals(
    first: float = 0.6,
    share: float = 1.0,
    missing_names: float = 0.0,
    lacks_type: float = 0.0,
    lead: float = 0.1,
) -> AnswerabilitySignals:
    return AnswerabilitySignals(
        first, first, first, share, share, 2.0, missing_names, lacks_type, lead
    )


def test_answer_confidence_is_the_logistic_of_the_weighted_signals() -> None:
    found = signals()
    total = ANSWERABILITY_WEIGHTS.bias + sum(
        weight * value
        for weight, value in zip(ANSWERABILITY_WEIGHTS.signals, found.values, strict=True)
    )
    confidence = answer_confidence(found)
    assert total == pytest.approx(math.log(confidence / (1 - confidence)))


def test_answer_confidence_grows_with_similarity_and_matched_words() -> None:
    assert answer_confidence(signals(0.7)) > answer_confidence(signals(0.3)) > 0
    assert answer_confidence(signals(share=1.0)) > answer_confidence(signals(share=0.2))


def test_answer_confidence_grows_with_the_lead_of_the_nearest_sentence() -> None:
    assert answer_confidence(signals(lead=0.3)) > answer_confidence(signals(lead=0.0))


def test_answer_confidence_falls_with_missing_names_but_is_never_forced_to_zero() -> None:
    assert answer_confidence(signals()) > answer_confidence(signals(missing_names=1.0)) > 0


def test_answer_confidence_falls_without_the_expected_type_but_is_never_forced_to_zero() -> None:
    assert answer_confidence(signals()) > answer_confidence(signals(lacks_type=1.0)) > 0


def test_matches_answer_type_knows_currencies_by_code_and_name() -> None:
    price = "The north lot costs 40 {} a month."
    for word in ("EUR", "€", "rupees", "CHF"):
        assert matches_answer_type(AnswerType.MONEY, "q", price.format(word)) == 1.0
    assert matches_answer_type(AnswerType.MONEY, "q", price.format("spaces")) == -1.0


def test_answer_confidence_without_sentences_is_zero() -> None:
    assert answer_confidence(None) == 0.0


@pytest.mark.parametrize(
    ("question", "kind", "right", "wrong"),
    [
        (
            "Who leads Hezbollah?",
            AnswerType.ROLE,
            "Hezbollah, led by a cleric, fights.",
            "Hezbollah is a Lebanese militia that fights Israel.",
        ),
        (
            "Who is the head of Mossad?",
            AnswerType.ROLE,
            "David Barnea is Mossad's director.",
            "David Barnea met the envoys of Mossad.",
        ),
        (
            "In which hospital are they treated?",
            AnswerType.SITE,
            "They are in Ely Hospital.",
            "They are treated in Cairo.",
        ),
        (
            "What river flows through it?",
            AnswerType.SITE,
            "It lies on the River Cam.",
            "It lies in Ely.",
        ),
        (
            "Which country was meant?",
            AnswerType.PROPER,
            "It meant the UK.",
            "It meant none of them.",
        ),
        (
            "On what day is it held?",
            AnswerType.DATE,
            "It is held on Wednesdays.",
            "It is held at noon.",
        ),
    ],
)
def test_kind_that_is_needed_is_told_from_what_is_none(
    question: str, kind: AnswerType, right: str, wrong: str
) -> None:
    assert expected_answer_type(question) is kind
    assert matches_answer_type(kind, question, right) == 1.0
    assert matches_answer_type(kind, question, wrong) == -1.0


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who led the attack in 1565?", AnswerType.NAME),
        ("Who runs the CIA?", AnswerType.NAME),
        ("Which team won?", AnswerType.PROPER),
        ("Who is he, and where does he live?", AnswerType.ANY),
    ],
)
def test_kind_that_is_told_in_many_ways_is_not_asked_for_by_a_role(
    question: str, kind: AnswerType
) -> None:
    assert expected_answer_type(question) is kind
