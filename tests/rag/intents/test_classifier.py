"""Intents: what is taken for small talk, and what never is."""

from __future__ import annotations

import pytest

from rag.intents.classifier import (
    REPLIES,
    Intent,
    classify,
    decide,
    instruction_words,
    intent_probabilities,
    word_features,
)
from tests.helpers.indexing import minilm

pytestmark = pytest.mark.model


def decided(question: str) -> Intent:
    vector = minilm().embed_queries([question])[0]
    return decide(intent_probabilities(question, vector, "minilm"), question)


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        ("Hello!", Intent.GREETING),
        ("Good morning", Intent.GREETING),
        ("Thanks a lot", Intent.THANKS),
        ("Thank you, that helped.", Intent.THANKS),
        ("Who are you?", Intent.SELF),
        ("What can you do?", Intent.SELF),
        ("Hi, who are you?", Intent.SELF),
        ("Which documents do you have?", Intent.DOCUMENTS),
        ("List all documents", Intent.DOCUMENTS),
    ],
)
def test_decide_on_what_no_document_answers_is_a_reply(question: str, intent: Intent) -> None:
    assert decided(question) is intent


@pytest.mark.parametrize(
    "question",
    [
        "What documents do I need to apply?",
        "Which documents must a new employee bring?",
        "Who thanked the mayor?",
        "What does the hello world example print?",
        "Who met in Paris?",
        "What can the night nurse do alone?",
        "Where can I park?",
        "Can the heater send alerts?",
        "lunch",
        "parking fee",
        "wifi password",
        "refund policy",
    ],
)
def test_decide_on_a_question_to_the_documents_is_no_reply(question: str) -> None:
    assert decided(question) not in REPLIES


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        ("How do I reset my password?", Intent.HOW_TO),
        ("Summarise the handbook", Intent.SUMMARY),
        ("Write an e-mail to my boss about the new rules", Intent.WRITING),
    ],
)
def test_decide_on_a_long_answer_gives_its_kind(question: str, intent: Intent) -> None:
    assert decided(question) is intent


def test_probabilities_add_up_to_one_likeliest_first_with_and_without_a_vector() -> None:
    vector = minilm().embed_queries(["Hello!"])[0]
    for found in (
        intent_probabilities("Hello!", vector, "minilm"),
        intent_probabilities("Hello!", vector, "another model"),
        intent_probabilities("Hello!", None),
    ):
        assert set(found) == set(Intent)
        assert sum(found.values()) == pytest.approx(1)
        assert list(found.values()) == sorted(found.values(), reverse=True)
        assert next(iter(found)) is Intent.GREETING
    assert classify("Hello!", None)[0] is Intent.GREETING


def test_vector_of_another_model_counts_for_nothing() -> None:
    vector = minilm().embed_queries(["Hello!"])[0]
    assert intent_probabilities("Hello!", vector, "e5") == intent_probabilities("Hello!", None)


@pytest.mark.parametrize(
    "question",
    ["When is the daily stand-up?", "What is the code of the key safe?", "and of the glove box?"],
)
def test_decide_on_a_question_that_no_word_asks_a_summary_in_is_none(question: str) -> None:
    assert decided(question) is not Intent.SUMMARY


def test_decide_needs_a_reply_to_be_sure() -> None:
    rest = dict.fromkeys(Intent, 0.0)
    unsure = {Intent.THANKS: 0.69, Intent.FACT: 0.31}
    assert (
        decide({**unsure, **{k: v for k, v in rest.items() if k not in unsure}}, "Hello")
        is Intent.FACT
    )
    sure = {Intent.THANKS: 0.7, Intent.FACT: 0.3}
    assert (
        decide({**sure, **{k: v for k, v in rest.items() if k not in sure}}, "Hello")
        is Intent.THANKS
    )


def test_word_features_have_words_pairs_opening_and_length() -> None:
    assert word_features("How do I?") == [
        "how",
        "do",
        "i",
        "^how",
        "^how do",
        "how do",
        "do i",
        "#3",
    ]
    assert word_features("?") == ["#0"]


@pytest.mark.parametrize(
    ("question", "intent", "words"),
    [
        ("List the values of the company", Intent.LIST, ["list"]),
        ("Summarise the minutes", Intent.SUMMARY, ["summarise"]),
        ("Compare the Solo and Team plans", Intent.COMPARE, ["compare", "and"]),
        ("Compare the Solo and Team plans", Intent.FACT, []),
    ],
)
def test_instruction_words_are_those_that_tell_the_intent(
    question: str, intent: Intent, words: list[str]
) -> None:
    assert instruction_words(question, intent) == words
