"""The support check: does what a statement cites say what the statement says?

A score is fitted to how much of the statement the cited sentences contain, and to contradictions (a
number that they lack, a name in another's place, a lost negation), which lower the verdict as well.
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
from rag.verification.evidence import (
    CitedEvidence,
    Words,
    compared_words,
    contains_word,
    languages_of,
    read_pair,
    without_opener,
)
from rag.verification.grammar import GRAMMARS
from rag.verification.words import parse_words


@dataclass(frozen=True, slots=True)
class SupportWeights:
    """A logistic regression over the support features, and thresholds.

    A score from `supported` on is supported, in a statement of fewer than `short` words that count
    from `supported_short` on, one from `weak` on weak. Scores are capped at `most`,
    as no paraphrase is as sure as the sentence itself. Whatever the score, a minor contradiction
    leaves a statement weak at most, a severe one unsupported.
    """

    # Fitted by `footnote eval support` on the claims of WiCE at even places. `weak` is where half
    # of the words are there and none contradicts. MiniLM's similarity of sentences as one more
    # feature adds at most 0.01 to the AUC on WiCE, so no text is embedded here.
    features: tuple[float, ...] = (2.65, 1.76, -1.02, -0.39)
    bias: float = -2.65
    weak: float = 0.39
    # On the claims at even places no other has a balanced accuracy that is better by 0.01; of those
    # that are as good it is the highest. Without a contradiction 0.7 of the words are needed.
    supported: float = 0.61
    # Chosen by hand: of a short statement more than three quarters; one word may be the matter.
    supported_short: float = 0.66
    short: int = 8
    most: float = 0.9


SUPPORT_WEIGHTS = SupportWeights()
_ORDER = (Support.UNSUPPORTED, Support.WEAK, Support.SUPPORTED)


@dataclass(frozen=True, slots=True)
class SupportVerdict:
    """How well a statement is supported, as a level and as a score, 0..1."""

    support: Support
    score: float

    def at_most(self, support: Support) -> SupportVerdict:
        """The same score with a level that is no better than this one."""
        return SupportVerdict(min(self.support, support, key=_ORDER.index), self.score)


SupportCheck = Callable[[str, Sequence[Quote]], SupportVerdict]
# The probability, 0..1, that quoted words (first) entail a statement (second).
EntailmentModel = Callable[[str, str], float]


def check_support(
    statement: str, quotes: Sequence[Quote], entailment: EntailmentModel | None = None
) -> SupportVerdict:
    """How well quotes support a statement; a verbatim sentence or quote always is supported.

    Only verbatim words are, in a language without a grammar, or in another one than the quotes'.
    `entailment` replaces the score that is fitted to words.
    """
    if not quotes:
        return verdict_of(0.0)
    if any(statement == " ".join(quote.text.split()) for quote in quotes):
        return verdict_of(1.0)
    said, cited = languages_of(statement, quotes)
    language = cited if cited in GRAMMARS else "en"
    if not compared_words(parse_words(statement, language)):
        return verdict_of(0.0)
    words, evidence = read_pair(statement, quotes, language)
    lows = [word.low for word in words]
    whole = [*evidence.sentences, *(parse_words(quote.text) for quote in quotes)]
    if any(lows == [word.low for word in other] for other in whole):
        return verdict_of(1.0)
    shorter = without_opener(statement, said)
    if shorter != statement:
        return check_support(shorter, quotes, entailment)
    if said != cited and entailment is None:
        return _translated(words, evidence)
    found = contradictions(words, evidence)
    if entailment is None:
        probability = support_probability(_features(words, evidence, *found))
    else:
        probability = entailment(" ".join(quote.text for quote in quotes), statement)
    verdict = _capped(min(probability, SUPPORT_WEIGHTS.most), words).at_most(most_of(*found))
    measured = said in GRAMMARS or entailment is not None
    return verdict if measured else verdict.at_most(Support.WEAK)


def _capped(score: float, words: Words) -> SupportVerdict:
    """The verdict for a score of a statement with these words, which is weak at most if it is
    short and the score isn't high.
    """
    is_short = len(compared_words(words)) < SUPPORT_WEIGHTS.short
    few = is_short and score < SUPPORT_WEIGHTS.supported_short
    return verdict_of(score).at_most(Support.WEAK) if few else verdict_of(score)


def _translated(words: Words, evidence: CitedEvidence) -> SupportVerdict:
    """The verdict on a statement in another language than its evidence: weak if all its numbers
    are there and some name or number is, for names may be written otherwise.
    """
    numbers = [word for word in words if word.number]
    names = [word for word in words if word.name and not word.number]
    missing = any(not contains_word(word, evidence.words) for word in numbers)
    alike = bool(numbers) or any(contains_word(word, evidence.words) for word in names)
    return verdict_of(SUPPORT_WEIGHTS.weak if alike and not missing else 0.0)


def support_of(statement: str, quotes: Sequence[Quote]) -> Support:
    """How well quotes support a statement."""
    return check_support(statement, quotes).support


def verdict_of(score: float) -> SupportVerdict:
    """The verdict for a score."""
    if score >= SUPPORT_WEIGHTS.supported:
        return SupportVerdict(Support.SUPPORTED, score)
    return SupportVerdict(
        Support.WEAK if score >= SUPPORT_WEIGHTS.weak else Support.UNSUPPORTED, score
    )


def support_features(statement: Words, evidence: CitedEvidence) -> tuple[float, ...]:
    """The features of the score: the share of the statement's words in the evidence or the headings
    above it, 0..1, that in the best two sentences, whether a severe contradiction was found, 0 or
    1, and how many minor ones. Names and numbers count double.
    """
    return _features(statement, evidence, *contradictions(statement, evidence))


def _features(
    statement: Words, evidence: CitedEvidence, severe: bool, minor: int
) -> tuple[float, ...]:
    words = compared_words(statement)
    weights = [2 if word.exact else 1 for word in words]
    holds = [[contains_word(word, sentence) for word in words] for sentence in evidence.sentences]

    def share(rows: Sequence[Sequence[bool]]) -> float:
        columns = zip(weights, *rows, strict=True)
        held_weight = sum(weight for weight, *row in columns if any(row))
        return float(held_weight / sum(weights))

    above = [*evidence.context, *evidence.headings]
    before = [contains_word(word, above) for word in words]
    best_two = max(map(share, combinations(holds, min(2, len(holds)))), default=0.0)
    return share([*holds, before]), best_two, float(severe), float(minor)


def support_probability(values: Sequence[float]) -> float:
    """The fitted probability, 0..1, that a statement with these features is supported."""
    pairs = zip(SUPPORT_WEIGHTS.features, values, strict=True)
    total = SUPPORT_WEIGHTS.bias + sum(weight * value for weight, value in pairs)
    return 1 / (1 + math.exp(-total))


def contradictions(statement: Words, evidence: CitedEvidence) -> tuple[bool, int]:
    """Whether a severe contradiction was found, and how many kinds of minor ones."""
    severe = any(contradicts(statement, evidence) for contradicts in SEVERE)
    return severe, sum(contradicts(statement, evidence) for contradicts in MINOR)


def most_of(severe: bool, minor: int) -> Support:
    """The best level that contradictions leave."""
    if severe:
        return Support.UNSUPPORTED
    return Support.WEAK if minor else Support.SUPPORTED


def support_checker(settings: Settings) -> SupportCheck:
    """The support check of the settings; a model is loaded at the first statement."""
    if not settings.support_model:
        return check_support
    return partial(check_support, entailment=Entailment(settings.support_model).probability)


class Entailment:
    """A cross-encoder from a folder or the local model cache; nothing is fetched at run time."""

    def __init__(self, model: str) -> None:
        self._loaded = ModelHandle(model, "support model")

    def probability(self, quoted: str, statement: str) -> float:
        """The probability, 0..1, that quoted words entail a statement. Raises ConfigError."""
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
