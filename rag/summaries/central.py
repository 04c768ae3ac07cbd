"""Central sentences: those near the middle of what a text says, spread over its sections.

The score of a sentence is its cosine to the text's centroid, as in centroid-based summarisation
(Radev et al. 2004), with a bonus for opening its section and a loss for what was said already
(maximal marginal relevance, Carbonell and Goldstein 1998).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from index.types import Vectors
from rag.types import Quote

# Chosen on documents that were written for it; no published set was used.
_OPENING = 0.15
_SAID = 0.6
# Sentences this much alike say the same; those that many repeat are boilerplate.
_SAME = 0.92
_BOILERPLATE = 3
_FEWEST_WORDS = 4
_MOST_SENTENCES = 400


@dataclass(frozen=True, slots=True)
class SummarySentence:
    """A sentence that may stand in a summary: its quote, unit vector, and section's number.

    `opening` tells that it is the first one of its section.
    """

    quote: Quote
    vector: Vectors
    section: int
    opening: bool


def central_sentences(
    sentences: Sequence[SummarySentence], words: int, topic: Vectors | None = None
) -> list[SummarySentence]:
    """Sentences of about so many words in all that say most, in their given order.

    Sections take turns: none gets a second sentence before each has had its chance. `topic` is the
    unit vector of what is asked about, if it is one thing.
    """
    kept = [one for one in sentences if len(one.quote.text.split()) >= _FEWEST_WORDS]
    kept = kept[:_MOST_SENTENCES] or list(sentences)
    if not kept:
        return []
    vectors = np.stack([one.vector for one in kept])
    alike = vectors @ vectors.T
    scores = _scores(kept, vectors, alike, topic)
    chosen, taken = list[int](), 0
    turns = defaultdict[int, int](int)
    open_places = set(range(len(kept)))
    while open_places and taken < words:
        least = min(turns[kept[place].section] for place in open_places)
        turn = [place for place in open_places if turns[kept[place].section] == least]
        best = max(turn, key=lambda place: (_gain(scores, alike, chosen, place), -place))
        open_places.discard(best)
        turns[kept[best].section] += 1
        if chosen and max(alike[best][chosen]) > _SAME:
            continue
        length = len(kept[best].quote.text.split())
        if chosen and taken + length > words * 1.15:
            continue
        chosen.append(best)
        taken += length
    return [kept[place] for place in sorted(chosen)]


def _scores(
    kept: Sequence[SummarySentence], vectors: Vectors, alike: Vectors, topic: Vectors | None
) -> list[float]:
    repeats = (alike > _SAME).sum(axis=1)
    plain = repeats < _BOILERPLATE
    centroid = vectors[plain].mean(axis=0) if plain.any() else vectors.mean(axis=0)
    centroid = centroid / (float(np.linalg.norm(centroid)) or 1.0)
    central = vectors @ centroid
    if topic is not None:
        central = (central + vectors @ topic) / 2
    return [
        float(central[place]) + _OPENING * one.opening - 1.0 * (repeats[place] >= _BOILERPLATE)
        for place, one in enumerate(kept)
    ]


def _gain(scores: Sequence[float], alike: Vectors, chosen: Sequence[int], place: int) -> float:
    said = max((float(alike[place][other]) for other in chosen), default=0.0)
    return scores[place] - _SAID * max(0.0, said)
