"""Context features of a passage's score: its document, and pseudo-relevance feedback."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from index.snapshots import Text
from index.types import Vectors
from rag.retrieval.sentences import QueryTerms
from rag.retrieval.weights import RANKING_WEIGHTS, RankingWeights

# Passages in the centroid, and how fast their weight falls with their distance from the best.
_FEEDBACK_PASSAGES = 10
_FEEDBACK_DECAY = 0.1


def add_context_scores(
    scores: Mapping[str, float],
    texts: Mapping[str, Text],
    matched: Mapping[str, frozenset[str]],
    terms: QueryTerms,
    scoring: RankingWeights = RANKING_WEIGHTS,
) -> dict[str, float]:
    """Scores plus the context features of each passage, all by key; at most `max_context_score`.

    `matched` are the query's terms that each contains.
    """
    documents = {key: text.passage.document for key, text in texts.items()}
    vectors = {key: text.vector for key, text in texts.items() if text.vector is not None}
    covered = document_coverage(documents, matched, terms)
    return add_feedback_scores(
        add_document_scores(scores, documents, covered, scoring), vectors, scoring
    )


def max_context_score(score: float, scoring: RankingWeights = RANKING_WEIGHTS) -> float:
    """The upper bound of a score with its context features."""
    return score * (1 + scoring.next_best) + scoring.covered + scoring.like


def document_coverage(
    documents: Mapping[str, str], matched: Mapping[str, frozenset[str]], terms: QueryTerms
) -> dict[str, float]:
    """For each document the share of the query's terms that its passages contain together, 0..1."""
    together = defaultdict[str, set[str]](set)
    for key, document in documents.items():
        together[document] |= matched[key]
    return {
        document: terms.weighted_coverage(frozenset(found)) for document, found in together.items()
    }


def add_document_scores(
    scores: Mapping[str, float],
    documents: Mapping[str, str],
    covered: Mapping[str, float],
    scoring: RankingWeights = RANKING_WEIGHTS,
) -> dict[str, float]:
    """Scores plus the features of each passage's document, all by key.

    `covered` is for each document the share of the query's terms that its passages contain, 0..1.
    """
    best = defaultdict[str, list[float]](list)
    for key, score in scores.items():
        best[documents[key]].append(score)
    next_best = {
        document: _best_others(sorted(found, reverse=True)) for document, found in best.items()
    }
    return {
        key: score
        + scoring.next_best * next_best[documents[key]].get(score, 0.0)
        + scoring.covered * covered[documents[key]] ** 2
        for key, score in scores.items()
    }


def _best_others(ordered: Sequence[float]) -> dict[float, float]:
    """For each score the best of the others; none for the single one of a document."""
    if len(ordered) < 2:
        return {}
    return {score: ordered[0] for score in ordered} | {ordered[0]: ordered[1]}


def add_feedback_scores(
    scores: Mapping[str, float],
    vectors: Mapping[str, Vectors],
    scoring: RankingWeights = RANKING_WEIGHTS,
) -> dict[str, float]:
    """Scores plus the weighted cosine to the centroid of the best passages, all by key.

    This is pseudo-relevance feedback (Rocchio 1971), without the query, which counts already.
    """
    keys = sorted(scores, key=lambda key: (-scores[key], key))
    first = [key for key in keys[:_FEEDBACK_PASSAGES] if key in vectors]
    if not first:
        return dict(scores)
    weights = [math.exp((scores[key] - scores[first[0]]) / _FEEDBACK_DECAY) for key in first]
    mean = np.average([vectors[key] for key in first], axis=0, weights=weights)
    mean /= np.linalg.norm(mean) or 1.0
    known = [key for key in keys if key in vectors]
    like = np.einsum("ij,j->i", np.stack([vectors[key] for key in known]), mean).tolist()
    added = {key: scoring.like * cosine for key, cosine in zip(known, like, strict=True)}
    return {key: score + added.get(key, 0.0) for key, score in scores.items()}
