"""What a passage's score gains from what surrounds it: its document, and what reads alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from index.passages import Passage, Vectors
from rag.rank import Marked, Terms

# Share of the score of the document's next best passage, and weight of the squared share of the
# query's terms that its passages hold together: what counts are documents that hold nearly all.
# Chosen on XQuAD English, its even-numbered articles: success@1 0.957 against 0.956 without (on
# the odd ones 0.981 against 0.979). They help where whole documents are about the question: on
# SciFact's claims nDCG@10 is 0.755 against 0.748; and cost where they are not: on MTRAG nDCG@5 is
# 0.691 against 0.701.
NEXT = 0.05
COVERED = 0.5
# Weight of the likeness to the best passages. Chosen of 0, 0.3, 0.6 and 1 on the questions of the
# chunking set: recall of five passages 0.852 against 0.848 without, 0.846 and 0.839 with more.
LIKE = 0.3
# Passages that are likened to, and how fast their say falls with their distance from the best.
_FIRST = 10
_FALL = 0.1


def with_surroundings(
    scores: Mapping[str, float],
    passages: Mapping[str, Passage],
    marked: Mapping[str, Sequence[Marked]],
    vectors: Mapping[str, Vectors],
    terms: Terms,
) -> dict[str, float]:
    """Scores with what surrounds each passage added, all by key; at most by `most_of`."""
    documents = {key: passage.document for key, passage in passages.items()}
    covered = cover(passages, marked, terms)
    return with_likeness(with_documents(scores, documents, covered), vectors)


def most_of(score: float) -> float:
    """What the highest score becomes at most."""
    return score * (1 + NEXT) + COVERED + LIKE


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
    scores: Mapping[str, float], documents: Mapping[str, str], covered: Mapping[str, float]
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
        + NEXT * next_best[documents[key]].get(score, 0.0)
        + COVERED * covered[documents[key]] ** 2
        for key, score in scores.items()
    }


def _others(ordered: Sequence[float]) -> dict[float, float]:
    """For each score the best one among the others, which the single one of a document lacks."""
    if len(ordered) < 2:
        return {}
    return {score: ordered[0] for score in ordered} | {ordered[0]: ordered[1]}


def with_likeness(scores: Mapping[str, float], vectors: Mapping[str, Vectors]) -> dict[str, float]:
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
        key: score + LIKE * (float(vectors[key] @ mean) if key in vectors else 0.0)
        for key, score in scores.items()
    }
