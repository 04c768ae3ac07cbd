"""What a passage's score gains from what surrounds it: its document, and what reads alike."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from index.snapshots import Text
from index.types import Vectors
from rag.retrieval.sentences import Terms
from rag.retrieval.weights import SCORING, Scoring

# Passages that are likened to, and how fast their say falls with their distance from the best.
_FIRST = 10
_FALL = 0.1


def with_surroundings(
    scores: Mapping[str, float],
    texts: Mapping[str, Text],
    held: Mapping[str, frozenset[str]],
    terms: Terms,
    scoring: Scoring = SCORING,
) -> dict[str, float]:
    """Scores with what surrounds each passage added, all by key; at most by `most_of`.

    `held` are the query's terms that each holds.
    """
    documents = {key: text.passage.document for key, text in texts.items()}
    vectors = {key: text.vector for key, text in texts.items() if text.vector is not None}
    covered = cover(documents, held, terms)
    return with_likeness(with_documents(scores, documents, covered, scoring), vectors, scoring)


def most_of(score: float, scoring: Scoring = SCORING) -> float:
    """What the highest score becomes at most."""
    return score * (1 + scoring.next_best) + scoring.covered + scoring.like


def cover(
    documents: Mapping[str, str], held: Mapping[str, frozenset[str]], terms: Terms
) -> dict[str, float]:
    """For each document the share of the query's terms that its passages hold together, 0..1."""
    together = defaultdict[str, set[str]](set)
    for key, document in documents.items():
        together[document] |= held[key]
    return {document: terms.share(frozenset(found)) for document, found in together.items()}


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
    weights = [math.exp((scores[key] - scores[first[0]]) / _FALL) for key in first]
    mean = np.average([vectors[key] for key in first], axis=0, weights=weights)
    mean /= np.linalg.norm(mean) or 1.0
    known = [key for key in keys if key in vectors]
    like = np.einsum("ij,j->i", np.stack([vectors[key] for key in known]), mean).tolist()
    added = {key: scoring.like * cosine for key, cosine in zip(known, like, strict=True)}
    return {key: score + added.get(key, 0.0) for key, score in scores.items()}
