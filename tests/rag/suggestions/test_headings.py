from __future__ import annotations

import pytest

from rag.suggestions.headings import headed, questions_in
from rag.suggestions.types import QuestionKind
from tests.helpers.documents import document_of

pytestmark = pytest.mark.unit

FAQ = b"""# Customer FAQ

## How long is the warranty?

Three years. Filters have one of 12 months.

## Do you ship to Switzerland?

No. We ship within the EU.

## How do I reset the sensor?

1. Hold the button.
2. Release it.
"""


def test_questions_in_an_faq_stand_as_they_are_with_what_answers_them() -> None:
    warranty, shipping, reset = questions_in(document_of("faq.md", FAQ))
    assert (warranty.question, warranty.kind) == ("How long is the warranty?", QuestionKind.FACT)
    assert warranty.quotes == ("Three years.",)
    assert (shipping.kind, shipping.answers) == (QuestionKind.YES_NO, ("No",))
    assert (reset.kind, reset.quotes) == (
        QuestionKind.HOW_TO,
        ("Hold the button.", "Release it."),
    )


def test_question_that_stands_in_several_sections_is_left_out() -> None:
    text = b"# A\n\n## Are there exceptions?\n\nYes.\n\n# B\n\n## Are there exceptions?\n\nNo.\n"
    assert list(questions_in(document_of("a.md", text))) == []


def test_question_in_capitals_is_written_as_people_do() -> None:
    (found,) = questions_in(document_of("a.md", b"# A\n\n## HOW DO I FILE A CLAIM?\n\nBy post.\n"))
    assert found.question == "How do I file a claim?"


@pytest.mark.parametrize(
    ("heading", "question", "kind"),
    [
        ("How to request leave", "How do I request leave?", QuestionKind.HOW_TO),
        ("How to reset your password", "How do I reset my password?", QuestionKind.HOW_TO),
        ("Why we do not allow sticks", "Why do we not allow sticks?", QuestionKind.WHY),
        ("Sick leave", "Tell me about sick leave", QuestionKind.TOPIC),
        ("The Black Forest", "Tell me about the Black Forest", QuestionKind.TOPIC),
    ],
)
def test_heading_is_turned_into_a_question(heading: str, question: str, kind: QuestionKind) -> None:
    text = f"# Handbook\n\n## {heading}\n\nThis is how it is done.\n"
    (found,) = headed(document_of("a.md", text.encode()))
    assert (found.question, found.kind) == (question, kind)
    assert found.quotes == ("This is how it is done.",)


@pytest.mark.parametrize("heading", ["Overview", "Chapter 3", "2.1", "On the page", "What is new"])
def test_heading_that_names_no_topic_is_left_out(heading: str) -> None:
    text = f"# Handbook\n\n## {heading}\n\nThis is how it is done.\n"
    assert list(headed(document_of("a.md", text.encode()))) == []


def test_headings_of_minutes_ask_for_the_meeting_above() -> None:
    text = (
        b"# Council notes\n\n## Meeting of 3 March\n\nPresent: Paul, Ewa.\n\n"
        b"### Decisions\n\nWe wait.\n\n### Actions\n\nEwa asks.\n"
    )
    found = list(headed(document_of("a.md", text)))
    assert [one.question for one in found] == [
        "Who was at the meeting of 3 March?",
        "What was decided at the meeting of 3 March?",
        "Which actions were agreed at the meeting of 3 March?",
    ]
    assert found[0].must == ("Paul", "Ewa")


def test_document_that_is_long_is_one_to_sum_up() -> None:
    text = b"# Report\n\n" + b"Much was done in this year. " * 80
    (found,) = headed(document_of("reports/a.md", text))
    assert (found.question, found.kind) == ("Summarise the document a.md", QuestionKind.SUMMARY)
