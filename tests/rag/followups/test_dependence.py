"""Whether a question depends on the ones before it, by its words."""

from __future__ import annotations

import pytest

from rag.followups.dependence import (
    BIAS,
    dependence_features,
    dependence_probability,
    load_dependence,
)

pytestmark = pytest.mark.unit


def test_dependence_features_are_function_words_the_first_one_and_counts() -> None:
    assert dependence_features("And what does the Pump cost?") == [
        *("and", "what", "does", "the"),
        *("^and", "#2", "##6", BIAS),
    ]
    assert dependence_features("Pumps") == ["^*", "#1", "##1", BIAS]
    assert dependence_features("?") == ["^*", "#0", "##0", BIAS]


def test_dependence_probability_of_known_features_is_logistic() -> None:
    weights = load_dependence()
    assert weights[BIAS] < 0
    assert dependence_probability("?") == pytest.approx(
        1 / (1 + 2.718281828 ** -sum(weights.get(name, 0) for name in ("^*", "#0", "##0", BIAS)))
    )


@pytest.mark.parametrize(
    "question", ["Where did he go?", "And in summer?", "why was that?", "what about them?"]
)
def test_dependence_probability_of_a_question_that_points_back_is_high(question: str) -> None:
    assert dependence_probability(question) > 0.5


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of Peru?",
        "How many employees did Contoso have in 2024?",
        "Which offices does Contoso have in Spain?",
    ],
)
def test_dependence_probability_of_a_question_that_names_its_subject_is_low(question: str) -> None:
    assert dependence_probability(question) < 0.2
