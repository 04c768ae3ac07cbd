"""What a question about a thing by name expects: a sentence that says what it is."""

from __future__ import annotations

import pytest

from rag.retrieval.answer_type import AnswerType, expected_answer_type, matches_answer_type

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is httpx?", AnswerType.DEFINITION),
        ("what's a sabbatical", AnswerType.DEFINITION),
        ("What are event hooks?", AnswerType.DEFINITION),
        ("What does VAT mean?", AnswerType.DEFINITION),
        ("What is the entry fee?", AnswerType.ANY),
        ("What is new in 3.2?", AnswerType.ANY),
        ("What is my notice period?", AnswerType.ANY),
        ("What is part of the package?", AnswerType.ANY),
        ("Which is it?", AnswerType.ANY),
    ],
)
def test_expected_answer_type_of_what_a_name_stands_for_is_a_definition(
    question: str, expected: AnswerType
) -> None:
    assert expected_answer_type(question) is expected


@pytest.mark.parametrize(
    ("sentence", "match"),
    [
        ("HTTPX is a fully featured HTTP client.", 1.0),
        ("`httpx` (with HTTP/2) is a client.", 1.0),
        ("As HTTPX usage grows, there is a community.", -1.0),
        ("Install httpx.", -1.0),
        ("It grew. HTTPX is a client.", -1.0),
    ],
)
def test_matches_answer_type_definition_opens_with_the_term(sentence: str, match: float) -> None:
    assert matches_answer_type(AnswerType.DEFINITION, "What is httpx?", sentence) == match


def test_matches_answer_type_definition_of_several_things_is_of_one_too() -> None:
    question = "What are event hooks?"
    assert matches_answer_type(AnswerType.DEFINITION, question, "An event hook is a call.") == 1.0
