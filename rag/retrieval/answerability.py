"""Is a question answerable from what was found? Signals, and the confidence they add up to."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

from rag.retrieval.answer_type import NEEDED, AnswerType, matches_answer_type
from rag.retrieval.hybrid import SearchResult
from rag.retrieval.sentences import choose

_HITS = 3
# Sentences of which one must hold a thing of the kind that is asked for, where it must.
_NEAREST = 2
# What is near by chance gets nearer the more passages there are, but not for ever: beyond as many
# as the weights were fitted with, the size is taken for that.
_MOST_PASSAGES = 240
# Fitted by `footnote eval refusal`, in the order of the signals, as is the setting `refuse_below`.
WEIGHTS = (5.63, 4.94, 3.52, 4.80, -0.87)
BIAS = -6.51


@dataclass(frozen=True, slots=True)
class Signals:
    """What tells whether the documents answer a question.

    `first` is the cosine to the query of the best sentence and `best` the highest one of those to
    quote. `passage` is the share of the query's terms that one of the first passages holds, and
    `sentence` the share that the best sentence holds, 0..1, each term counted alike: in a small
    folder an ordinary word that happens to be missing would weigh as much as a name. `size` is
    the decimal logarithm of the number of passages. `of_kind` is whether what would be quoted
    holds a thing of the kind that is asked for, where it must.
    """

    first: float
    best: float
    passage: float
    sentence: float
    size: float
    of_kind: bool

    @property
    def values(self) -> tuple[float, ...]:
        """The signals that are weighed."""
        return astuple(self)[:-1]


def answerability_signals(found: SearchResult, kind: AnswerType, passages: int) -> Signals | None:
    """The signals of a question to an index of so many passages; None where nothing was found."""
    sentences, terms = found.sentences, found.terms
    if not sentences or terms is None:
        return None
    chosen = choose(sentences)
    return Signals(
        first=sentences[0].cosine,
        best=max(sentence.cosine for sentence in chosen),
        passage=max(map(terms.count_share, found.held[:_HITS])),
        sentence=terms.count_share(sentences[0].held),
        size=math.log10(min(passages, _MOST_PASSAGES)),
        of_kind=kind not in NEEDED
        or any(
            matches_answer_type(kind, found.query, s.quote.text) > 0 for s in sentences[:_NEAREST]
        ),
    )


def answer_confidence(signals: Signals | None) -> float:
    """The chance, 0..1, that the question is answered; 0 without a thing of the kind it wants."""
    if signals is None or not signals.of_kind:
        return 0.0
    pairs = zip(WEIGHTS, signals.values, strict=True)
    return 1 / (1 + math.exp(-BIAS - sum(weight * value for weight, value in pairs)))
