"""What a passage's score gains from what surrounds it: its document, and what reads alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from index.passages import Passage, Vectors
from rag.rank import Marked, Terms
from rag.weights import SCORING, Scoring

# Passages that are likened to, and how fast their say falls with their distance from the best.
_FIRST = 10
_FALL = 0.1


def with_surroundings(
    scores: Mapping[str, float],
    passages: Mapping[str, Passage],
    marked: Mapping[str, Sequence[Marked]],
    vectors: Mapping[str, Vectors],
    terms: Terms,
    scoring: Scoring = SCORING,
) -> dict[str, float]:
    """Scores with what surrounds each passage added, all by key; at most by `most_of`."""
    documents = {key: passage.document for key, passage in passages.items()}
    covered = cover(passages, marked, terms)
    return with_likeness(with_documents(scores, documents, covered, scoring), vectors, scoring)


def most_of(score: float, scoring: Scoring = SCORING) -> float:
    """What the highest score becomes at most."""
    return score * (1 + scoring.next_best) + scoring.covered + scoring.like


def cover(
    passages: Mapping[str, Passage], marked: Mapping[str, Sequence[Marked]], terms: Terms
) -> dict[str, float]:
    """For each document the share of the query's terms that its passages hold together, 0..1."""
    held = defaultdict[str, set[str]](set)
    for key, passage in passages.items():
        held[passage.document].update(*(one.held for one in marked[key]))
    for document, heading in {(one.document, one.heading) for one in passages.values()}:
        held[document] |= terms.held(heading)
    return {document: terms.share(frozenset(found)) for document, found in held.items()}


def with_documents(
    scores: Mapping[str, float],
    documents: Mapping[str, str],
    covered: Mapping[str, float],
    scoring: Scoring = SCORING,
) -> dict[str, float]:
    """Scores and what the passages of the same document add to them, all by key.

    `covered` says for each document which share of the query's terms its passages hold, 0..1.
    """
    best = defaultdict[str, list[float]](list)
    for key, score in scores.items():
        best[documents[key]].append(score)
    next_best = {document: _others(sorted(found, reverse=True)) for document, found in best.items()}
    return {
        key: score
        + scoring.next_best * next_best[documents[key]].get(score, 0.0)
        + scoring.covered * covered[documents[key]] ** 2
        for key, score in scores.items()
    }


def _others(ordered: Sequence[float]) -> dict[float, float]:
    """For each score the best one among the others, which the single one of a document lacks."""
    if len(ordered) < 2:
        return {}
    return {score: ordered[0] for score in ordered} | {ordered[0]: ordered[1]}


def with_likeness(
    scores: Mapping[str, float], vectors: Mapping[str, Vectors], scoring: Scoring = SCORING
) -> dict[str, float]:
    """Scores and what the cosine to the mean of the best passages adds to them, all by key.

    This is relevance feedback as in Rocchio 1971, without the query, which has its say already.
    """
    keys = sorted(scores, key=lambda key: (-scores[key], key))
    first = [key for key in keys[:_FIRST] if key in vectors]
    if not first:
        return dict(scores)
    weights = [np.exp((scores[key] - scores[first[0]]) / _FALL) for key in first]
    mean = np.average([vectors[key] for key in first], axis=0, weights=weights)
    mean /= np.linalg.norm(mean) or 1.0
    return {
        key: score + scoring.like * (float(vectors[key] @ mean) if key in vectors else 0.0)
        for key, score in scores.items()
    }
