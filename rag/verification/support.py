"""The support check: does what a statement cites say what the statement says?

A score is fitted to how much of the statement stands in the cited sentences, and a fault that is
found (a number that is not there, a name in another's place, a negation lost) lowers it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations

import numpy as np

from index.errors import ConfigError
from rag.retrieval.cross_encoder import ModelHandle
from rag.settings import Settings
from rag.types import Quote, Support
from rag.verification.contradictions import MINOR, SEVERE
from rag.verification.evidence import CitedEvidence, Words, compared_words, contains_word, read_pair
from rag.verification.words import parse_words

# Fitted by `footnote eval support` on the claims of WiCE at even places and on the even-numbered
# articles of XQuAD English, as is WEAK: the lowest cut that tells WiCE's supported claims from the
# others about as well as the best. The similarity of sentences by MiniLM as one more feature adds
# at most 0.01 to the AUC on WiCE, so no text is embedded here.
WEIGHTS = (3.61, 2.16)
BIAS = -4.18
WEAK = 0.24
# Chosen by hand: a statement without a fault needs about three quarters of its words.
SUPPORTED = 0.55
# No other wording is as sure as the sentence itself. What a fault leaves of the most is less than
# SUPPORTED after a light one and less than WEAK after a grave one.
_MOST = 0.9
_LIGHT_LEAVES = 0.6
_GRAVE_LEAVES = 0.25


@dataclass(frozen=True, slots=True)
class SupportVerdict:
    """How well a statement is backed: in a word, and as a score, 0..1."""

    support: Support
    score: float


SupportCheck = Callable[[str, Sequence[Quote]], SupportVerdict]
EntailmentModel = Callable[
    [str, str], float
]  # of quoted words and a statement: do they entail it, 0..1


def check_support(
    statement: str, quotes: Sequence[Quote], chance: EntailmentModel | None = None
) -> SupportVerdict:
    """How well quotes back a statement; a whole sentence or quote of them always is backed.

    `chance` takes the place of what is fitted to words.
    """
    if not quotes or not compared_words(parse_words(statement)):
        return verdict_of(0.0)
    if any(statement == " ".join(quote.text.split()) for quote in quotes):
        return verdict_of(1.0)
    said, evidence = read_pair(statement, quotes)
    lows = [word.low for word in said]
    whole = [*evidence.sentences, *(parse_words(quote.text) for quote in quotes)]
    if any(lows == [word.low for word in words] for words in whole):
        return verdict_of(1.0)
    if chance is None:
        likely = support_probability(support_features(said, evidence))
    else:
        likely = chance(" ".join(quote.text for quote in quotes), statement)
    return verdict_of(min(likely, _MOST) * contradiction_factor(said, evidence))


def support_of(statement: str, quotes: Sequence[Quote]) -> Support:
    """How well quotes back a statement, in a word."""
    return check_support(statement, quotes).support


def verdict_of(score: float) -> SupportVerdict:
    """The verdict that a score amounts to."""
    if score >= SUPPORTED:
        return SupportVerdict(Support.SUPPORTED, score)
    return SupportVerdict(Support.WEAK if score >= WEAK else Support.UNSUPPORTED, score)


def support_features(said: Words, evidence: CitedEvidence) -> tuple[float, float]:
    """What the score is fitted to, each 0..1: the share of the statement's words that the evidence
    holds, and the share that the best two sentences hold. Names and numbers weigh double.
    """
    words = compared_words(said)
    weights = [2 if word.exact else 1 for word in words]
    holds = [[contains_word(word, sentence) for word in words] for sentence in evidence.sentences]

    def share(rows: Sequence[Sequence[bool]]) -> float:
        columns = zip(weights, *rows, strict=True)
        held_weight = sum(weight for weight, *row in columns if any(row))
        return float(held_weight / sum(weights))

    before = [contains_word(word, evidence.context) for word in words]
    return share([*holds, before]), max(
        map(share, combinations(holds, min(2, len(holds)))), default=0.0
    )


def support_probability(values: Sequence[float]) -> float:
    """The fitted chance, 0..1, that a statement with these features is backed."""
    total = BIAS + sum(weight * value for weight, value in zip(WEIGHTS, values, strict=True))
    return 1 / (1 + math.exp(-total))


def contradiction_factor(said: Words, evidence: CitedEvidence) -> float:
    """The share of a score that the faults of a statement leave, 1 if it has none."""
    if any(fault(said, evidence) for fault in SEVERE):
        return _GRAVE_LEAVES
    return _LIGHT_LEAVES if any(fault(said, evidence) for fault in MINOR) else 1.0


def support_checker(settings: Settings) -> SupportCheck:
    """The support check that settings lead to; a model is loaded at the first statement."""
    if not settings.support_model:
        return check_support
    return partial(check_support, chance=Entailment(settings.support_model).chance)


class Entailment:
    """A cross-encoder from a folder or the local model cache; nothing is fetched at run time."""

    def __init__(self, model: str) -> None:
        self._loaded = ModelHandle(model, "support model")

    def chance(self, quoted: str, statement: str) -> float:
        """How likely it is, 0..1, that what is quoted entails a statement. Raises ConfigError."""
        scores = self._loaded.model.predict(
            [(quoted, statement)], apply_softmax=len(self._labels) > 1, show_progress_bar=False
        )
        return float(np.ravel(scores)[self._place])

    @cached_property
    def _labels(self) -> list[str]:
        labels = getattr(self._loaded.model.config, "id2label", None) or {}
        return [str(labels[place]).lower() for place in sorted(labels)]

    @cached_property
    def _place(self) -> int:
        """Which of the model's labels is entailment; a model with one label scores just that."""
        found = [place for place, label in enumerate(self._labels) if label.startswith("entail")]
        if not found and len(self._labels) > 1:
            raise ConfigError(
                f"support model {self._loaded.name!r} has the labels {', '.join(self._labels)}, "
                "none of them entailment; name an NLI cross-encoder"
            )
        return found[0] if found else 0
