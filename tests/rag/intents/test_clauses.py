"""Questions of several parts are cut where another question begins, and nowhere else."""

from __future__ import annotations

import pytest

from rag.intents.clauses import clauses_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("question", "clauses"),
    [
        ("Who founded it, and when?", ("Who founded it", "when?")),
        ("How long is a leave and is it paid?", ("How long is a leave", "is it paid?")),
        ("Can I bring my dog, and who do I ask?", ("Can I bring my dog", "who do I ask?")),
        ("What does it cost? Where can I buy one?", ("What does it cost", "Where can I buy one?")),
        (
            "Who runs it, what is it called and where is it?",
            ("Who runs it, what is it called", "where is it?"),
        ),
    ],
)
def test_clauses_of_several_questions_are_each(question: str, clauses: tuple[str, ...]) -> None:
    assert clauses_of(question) == clauses


@pytest.mark.parametrize(
    "question",
    [
        "What are the rules for cats and dogs?",
        "Which machines are cleaned daily and are used by apprentices?",
        "I am ill and can't come. What do I do?",
        "Compare Rome and Paris",
        "Is Rome larger and older than Paris?",
        "",
    ],
)
def test_clauses_of_one_question_are_itself(question: str) -> None:
    assert clauses_of(question) == (question,)
