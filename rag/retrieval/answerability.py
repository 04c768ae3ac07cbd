"""Answerability of a question from what was found: signals, and a calibrated confidence."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

from rag.retrieval.answer_type import REQUIRED_TYPES, AnswerType, matches_answer_type
from rag.retrieval.hybrid import SearchResult
from rag.retrieval.sentences import select_sentences

_TOP_HITS = 3
# Sentences of which one must contain the expected type of answer, where it is required.
_TOP_SENTENCES = 2
# What is near by chance gets nearer the more passages there are, but not for ever: the size is
# clipped at what the weights were fitted with.
_MAX_PASSAGES = 240


@dataclass(frozen=True, slots=True)
class AnswerabilityWeights:
    """A logistic regression over the signals, in their order."""

    # Fitted by `python -m eval.lab.refusal_fit`, as is the setting `refuse_below`.
    signals: tuple[float, ...] = (5.63, 4.94, 3.52, 4.80, -0.87)
    bias: float = -6.51


ANSWERABILITY_WEIGHTS = AnswerabilityWeights()


@dataclass(frozen=True, slots=True)
class AnswerabilitySignals:
    """Features of whether the documents answer a question.

    `first_cosine` is the cosine to the query of the best sentence, and `best_cosine` the highest
    one of those to quote. `passage_coverage` is the share of the query's terms in the best of the
    first passages, and `sentence_coverage` that in the best sentence, 0..1, unweighted: in a small
    folder an ordinary word that happens to be missing would weigh as much as a name. `log_size` is
    the decimal logarithm of the number of passages. `has_answer_type` is whether what would be
    quoted contains the expected type of answer, where it must.
    """

    first_cosine: float
    best_cosine: float
    passage_coverage: float
    sentence_coverage: float
    log_size: float
    has_answer_type: bool

    @property
    def values(self) -> tuple[float, ...]:
        """The signals that are weighted."""
        return astuple(self)[:-1]


def answerability_signals(
    found: SearchResult, answer_type: AnswerType, passages: int
) -> AnswerabilitySignals | None:
    """The signals of a question to an index of so many passages; None where nothing was found."""
    sentences, terms = found.sentences, found.terms
    if not sentences or terms is None:
        return None
    chosen = select_sentences(sentences)
    return AnswerabilitySignals(
        first_cosine=sentences[0].cosine,
        best_cosine=max(sentence.cosine for sentence in chosen),
        passage_coverage=max(map(terms.coverage, found.matched_terms[:_TOP_HITS])),
        sentence_coverage=terms.coverage(sentences[0].matched_terms),
        log_size=math.log10(min(passages, _MAX_PASSAGES)),
        has_answer_type=answer_type not in REQUIRED_TYPES
        or any(
            matches_answer_type(answer_type, found.query, s.quote.text) > 0
            for s in sentences[:_TOP_SENTENCES]
        ),
    )


def answer_confidence(signals: AnswerabilitySignals | None) -> float:
    """The probability, 0..1, that the question is answered; 0 without a required answer type."""
    if signals is None or not signals.has_answer_type:
        return 0.0
    pairs = zip(ANSWERABILITY_WEIGHTS.signals, signals.values, strict=True)
    return 1 / (
        1 + math.exp(-ANSWERABILITY_WEIGHTS.bias - sum(weight * value for weight, value in pairs))
    )
