from __future__ import annotations

import pytest

from rag.suggestions.sentences import facts_of
from rag.suggestions.types import QuestionKind

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("sentence", "question", "answer", "kind"),
    [
        (
            "Every full-time employee has 27 days of annual leave per year.",
            "How many days of annual leave does every full-time employee have?",
            "27",
            QuestionKind.FACT,
        ),
        (
            "Employees may work from home up to 3 days a week.",
            "How many days a week may employees work from home?",
            "3",
            QuestionKind.FACT,
        ),
        (
            "Passwords must have at least 14 characters.",
            "How many characters must passwords have?",
            "14",
            QuestionKind.FACT,
        ),
        (
            "Each employee has a training budget of 1,200 euros per year.",
            "How much is the training budget?",
            "1,200 euros",
            QuestionKind.FACT,
        ),
        (
            "All pumps have a warranty of 3 years.",
            "How long is the warranty?",
            "3 years",
            QuestionKind.FACT,
        ),
        (
            "The probation period is six months.",
            "How long is the probation period?",
            "six months",
            QuestionKind.FACT,
        ),
        (
            "The ferry takes forty minutes to cross the bay.",
            "How long does the ferry take to cross the bay?",
            "forty minutes",
            QuestionKind.FACT,
        ),
        (
            "The north lot costs EUR 40 a month.",
            "How much does the north lot cost?",
            "EUR 40",
            QuestionKind.FACT,
        ),
        (
            "The harbour employs 33 pilots in every season.",
            "How many pilots does the harbour employ?",
            "33",
            QuestionKind.FACT,
        ),
        (
            "Tuesday is the office day for everyone because team planning takes place then.",
            "Why is Tuesday the office day for everyone?",
            "because team planning takes place then",
            QuestionKind.WHY,
        ),
        (
            "If you lose your laptop, call the security hotline.",
            "What should I do if I lose my laptop?",
            "call the security hotline",
            QuestionKind.SCENARIO,
        ),
        (
            "Alcohol is not reimbursed, except at client dinners.",
            "Is alcohol reimbursed?",
            "not reimbursed",
            QuestionKind.YES_NO,
        ),
        (
            "A doctor's note is required from the fourth day of absence.",
            "When is a doctor's note required?",
            "from the fourth day of absence",
            QuestionKind.DATE,
        ),
        (
            "The old bridge was opened in 1932.",
            "When was the old bridge opened?",
            "1932",
            QuestionKind.DATE,
        ),
        (
            "We were founded in 2012 by Marta Lindqvist and Paul Osei.",
            "When were we founded?",
            "2012",
            QuestionKind.DATE,
        ),
        (
            "The headquarters are in Hamburg.",
            "Where are the headquarters?",
            "in Hamburg",
            QuestionKind.FACT,
        ),
        (
            "Ewa will inform the dealers.",
            "Who will inform the dealers?",
            "Ewa",
            QuestionKind.FACT,
        ),
        (
            "Anna Lindqvist leads the harbour office.",
            "Who leads the harbour office?",
            "Anna Lindqvist",
            QuestionKind.FACT,
        ),
        (
            "Ada Lovelace was an English writer.",
            "Who was Ada Lovelace?",
            "an English writer",
            QuestionKind.FACT,
        ),
        (
            "Our values are candour, craft and care.",
            "What are our values?",
            "candour, craft and care",
            QuestionKind.FACT,
        ),
    ],
)
def test_fact_of_a_sentence_is_asked_as_a_person_would(
    sentence: str, question: str, answer: str, kind: QuestionKind
) -> None:
    (found,) = facts_of(sentence, sentence)
    assert (found.question, found.answer, found.kind) == (question, answer, kind)


@pytest.mark.parametrize(
    "sentence",
    [
        "It was opened in 1932.",
        "They must have at least 14 characters.",
        "However, the bridge was opened in 1932.",
        "Both are included in the price.",
        "If it rains, the ferry does not run.",
        "The last one is the best.",
        "Talks failed after a long night without any result.",
        "Is alcohol reimbursed?",
    ],
)
def test_facts_of_a_sentence_that_needs_another_or_states_none_are_none(sentence: str) -> None:
    assert list(facts_of(sentence, sentence)) == []


def test_fact_keeps_the_capital_of_a_name_that_opens_a_sentence() -> None:
    text = "Alder is closed. We moved to Alder last year."
    (found,) = facts_of("Alder is closed on Sundays.", text)
    assert found.question == "Is Alder closed on Sundays?"
