"""The intent of a question: a fact, steps, a comparison, a summary, or no question at all.

A logistic regression over the question's embedding and its words. `python -m eval.lab.intents` fits
the numbers in `weights.json` on example questions and prints the confusion table.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.types import Vectors

_WORD = re.compile(r"\w+")
# The embedding's share in the features; words count 1 each.
EMBEDDING_SCALE = 4.0


class Intent(StrEnum):
    """What a question asks for; `fact` where nothing else is certain."""

    FACT = "fact"
    HOW_TO = "how-to"
    EXPLAIN = "explain"
    LIST = "list"
    COMPARE = "compare"
    SUMMARY = "summary"
    WRITING = "writing"
    DOCUMENTS = "documents"
    DOCUMENTS_ABOUT = "documents-about"
    SELF = "self"
    GREETING = "greeting"
    THANKS = "thanks"


REPLIES = frozenset(
    {Intent.DOCUMENTS, Intent.DOCUMENTS_ABOUT, Intent.SELF, Intent.GREETING, Intent.THANKS}
)
LONG = frozenset({Intent.HOW_TO, Intent.EXPLAIN, Intent.LIST, Intent.COMPARE, Intent.SUMMARY})


@dataclass(frozen=True, slots=True)
class IntentWeights:
    """Fitted numbers: one row a label over the features of `words`, then of the embedding.

    `vocabulary` maps a feature of the words to its column. `model` names the embedding model whose
    vectors the last columns are for; they are left out for any other one.
    """

    labels: tuple[Intent, ...]
    vocabulary: Mapping[str, int]
    with_embedding: NDArray[np.float32]
    words_alone: NDArray[np.float32]
    model: str


def word_features(question: str) -> list[str]:
    """The words of a question, its first word and its first two, each with how it opens."""
    words = _WORD.findall(question.lower())
    opening = [f"^{words[0]}", f"^{' '.join(words[:2])}"] if words else []
    pairs = [f"{one} {two}" for one, two in pairwise(words)]
    length = [f"#{min(len(words), 6)}"]
    return [*dict.fromkeys([*words, *opening, *pairs, *length])]


def feature_row(
    question: str, vocabulary: Mapping[str, int], vector: Vectors | None
) -> NDArray[np.float32]:
    """Features of a question, shape (words + dimension + 1,); the last one is the bias's 1."""
    row = np.zeros(len(vocabulary), dtype=np.float32)
    for feature in word_features(question):
        if (column := vocabulary.get(feature)) is not None:
            row[column] = 1.0
    parts = [row] if vector is None else [row, EMBEDDING_SCALE * vector]
    return np.concatenate([*parts, np.ones(1, dtype=np.float32)])


def intent_probabilities(
    question: str, vector: Vectors | None, model: str = ""
) -> dict[Intent, float]:
    """The probability of each intent, likeliest first; `vector` is the question's, by `model`."""
    weights = load_weights()
    known = vector is not None and model == weights.model
    matrix = weights.with_embedding if known else weights.words_alone
    row = feature_row(question, weights.vocabulary, vector if known else None)
    return _softmax(weights.labels, (matrix @ row).tolist())


def classify(question: str, vector: Vectors | None, model: str = "") -> tuple[Intent, float]:
    """The likeliest intent of a question and its probability, 0..1."""
    return next(iter(intent_probabilities(question, vector, model).items()))


def _softmax(labels: Iterable[Intent], logits: Sequence[float]) -> dict[Intent, float]:
    top = max(logits)
    exponents = [math.exp(logit - top) for logit in logits]
    total = sum(exponents)
    found = {label: value / total for label, value in zip(labels, exponents, strict=True)}
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


# A word that makes an intent so much likelier than a fact, in logits, is an instruction.
_INSTRUCTION = 1.0


def instruction_words(question: str, intent: Intent, least: float = _INSTRUCTION) -> list[str]:
    """The words that tell the intent and not its topic, such as "list" or "summarise": each makes
    it likelier than a fact by so many logits at least. None of a fact.
    """
    weights = load_weights()
    if intent is Intent.FACT:
        return []
    rows = weights.words_alone
    gains = rows[weights.labels.index(intent)] - rows[weights.labels.index(Intent.FACT)]
    known = ((word, weights.vocabulary.get(word)) for word in _WORD.findall(question.lower()))
    return [word for word, at in known if at is not None and gains[at] >= least]


@cache
def load_weights() -> IntentWeights:
    """The fitted numbers that ship with the package."""
    text = (files("rag.intents") / "weights.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return IntentWeights(
        tuple(Intent(label) for label in data["labels"]),
        {feature: column for column, feature in enumerate(data["vocabulary"])},
        np.array(data["with_embedding"], dtype=np.float32),
        np.array(data["words_alone"], dtype=np.float32),
        data["model"],
    )


_TALK = (Intent.SELF, Intent.GREETING, Intent.THANKS)
# A reply instead of a search needs to be this sure, and so does another length than a fact's. Where
# no word tells talk, the embedding alone decides, and it takes every short question for talk: of
# 1,500 pairs of words of documents ("parking fee") 412 at 0.7, and 96 with both limits.
_SURE_REPLY = 0.7
_SURE_TALK = 0.85
_SURE_LENGTH = 0.45
_SURE_SUMMARY = 0.35


def decide(probabilities: Mapping[Intent, float], question: str) -> Intent:
    """The intent to act on: a reply or writing if that is sure, else a summary if a word tells it,
    else what wants a long answer if these together are likely enough, else a fact.
    """
    intent, probability = next(iter(probabilities.items()))
    least = _SURE_REPLY
    if intent in _TALK:
        # "Hi, who are you?" is a greeting as well, and what is said to either fits.
        probability = sum(probabilities[one] for one in _TALK)
        told = any(instruction_words(question, one) for one in _TALK)
        least = _SURE_REPLY if told else _SURE_TALK
    if (intent in REPLIES or intent is Intent.WRITING) and probability >= least:
        return intent
    is_told = bool(instruction_words(question, Intent.SUMMARY))
    if probabilities[Intent.SUMMARY] >= (_SURE_SUMMARY if is_told else _SURE_REPLY):
        return Intent.SUMMARY
    long = [one for one in probabilities if one in LONG and one is not Intent.SUMMARY]
    total = sum(probabilities[one] for one in LONG)
    return long[0] if total >= _SURE_LENGTH else Intent.FACT
