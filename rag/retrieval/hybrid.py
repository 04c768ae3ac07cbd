"""Search: embedding and words, fused into one ranking.

A convex combination of scores is better than reciprocal rank fusion: XQuAD success@1 0.958 against
0.939, SciFact training claims nDCG@10 0.740 against 0.728 (`footnote eval ablate`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

import numpy as np

from index.embedding.pooling import Packed, cosines
from index.snapshots import Snapshot, Text
from index.types import Hit, Vectors
from rag.followups.condense import Look
from rag.retrieval.answer_type import AnswerType
from rag.retrieval.cross_encoder import Reranker
from rag.retrieval.neighbours import most_of, with_surroundings
from rag.retrieval.sentences import (
    Marks,
    Sentence,
    Terms,
    mark_sentences,
    quotes_of,
    rank_sentences,
)
from rag.retrieval.weights import SCORING, Scoring

# Candidates taken from each ranking, at least, and of both the first ones that are read; more than
# is ever shown, so that a passage that only one of them ranks high is seen.
_CANDIDATES = 50
# First passages that a reranker sees, and those whose sentences may be quoted.
_RERANKED = 20
_QUOTED = 5
# Share of the cosine where the embedding model does not know the language, chosen with
# `Scoring.sentence_unread`.
_UNREAD = 0.5


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for: words, their unit vector, the kind of answer that is wanted, the share
    of the cosine in a score, what is added to scores by key, and whether the embedding model reads
    the language.
    """

    text: str
    vector: Vectors
    kind: AnswerType
    dense_weight: float
    bias: Mapping[str, float] = field(default_factory=dict)
    read: bool = True


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search gave: hits, best first, for each its cosine similarity to the query, its
    sentences in order and the query's terms that it holds, the sentences of the first hits, best
    first, and the query's terms.
    """

    query: str
    vector: Vectors
    hits: tuple[Hit, ...]
    cosines: tuple[float, ...]
    marks: tuple[Marks, ...] = ()
    held: tuple[frozenset[str], ...] = ()
    sentences: tuple[Sentence, ...] = ()
    terms: Terms | None = None


class Searched(Protocol):
    """What candidates come from: a snapshot of the index, or texts of an evaluation."""

    def search_words(self, query: str, k: int) -> list[tuple[str, float]]: ...  # noqa: D102
    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]: ...  # noqa: D102
    def vectors(self, keys: Sequence[str]) -> dict[str, Vectors]: ...  # noqa: D102
    def language(self, text: str) -> str: ...  # noqa: D102


def search(
    snapshot: Snapshot,
    query: Query,
    k: int,
    embed: Callable[[Sequence[str]], Vectors],
    reranker: Reranker | None = None,
    scoring: Scoring = SCORING,
) -> SearchResult:
    """The k best passages for a query; of passages that read the same, the first by id.

    Scores are 0..1: cosine and BM25, each scaled by the candidates, the best sentence, and what
    surrounds the passage; or what the reranker says of the first ones. `embed` is for sentences
    whose vectors are not stored.
    """
    limit = max(_CANDIDATES, k)
    cosines, fused = score(snapshot, query.text, query.vector, limit, query.dense_weight)
    shares = {key: value + query.bias.get(key, 0.0) for key, value in fused.items()}
    keys = sorted(shares, key=lambda key: (-shares[key], key))[:limit]
    texts = snapshot.texts(keys)
    terms, weight = Terms(snapshot, query.text), scoring.sentence_weight(query.read)
    marks = _marks(texts, query, terms, embed, scoring)
    held = {key: terms.held(text.heading).union(*marks[key].held) for key, text in texts.items()}
    best = {key: shares[key] + weight * marks[key].best for key in keys}
    scores = with_surroundings(best, texts, held, terms, scoring)
    ranked = sorted(keys, key=lambda key: (-scores[key], key))
    most = most_of(1 + weight * scoring.best_mark, scoring)
    if reranker:
        most, scores = 1.0, _reranked(reranker, query.text, texts, ranked[: max(k, _RERANKED)])
        ranked = sorted(scores, key=lambda key: (-scores[key], key))
    del ranked[k:]
    shown = [min(1.0, max(0.0, scores[key] / most)) for key in ranked]
    hits = tuple(Hit(texts[key].passage, shown[i], i + 1) for i, key in enumerate(ranked))
    first = zip(hits, ranked[:_QUOTED], strict=False)
    return SearchResult(
        query.text,
        query.vector,
        hits,
        tuple(cosines[key] for key in ranked),
        tuple(marks[key] for key in ranked),
        tuple(held[key] for key in ranked),
        rank_sentences(((hit, shares[key], marks[key]) for hit, key in first), scoring),
        terms,
    )


def _reranked(
    reranker: Reranker, query: str, texts: Mapping[str, Text], keys: Sequence[str]
) -> dict[str, float]:
    """What the reranker says of keys, 0..1."""
    read = [texts[key].passage.embedding_text for key in keys]
    return dict(zip(keys, reranker.scores(query, read), strict=True))


def _marks(
    texts: Mapping[str, Text],
    query: Query,
    terms: Terms,
    embed: Callable[[Sequence[str]], Vectors],
    scoring: Scoring,
) -> dict[str, Marks]:
    inside = (_inside(text, embed) for text in texts.values() if text.sentences)
    each, trust = iter(cosines(inside, query.vector)), float(query.read)
    return {
        key: mark_sentences(
            text, list(islice(each, len(text.sentences))), terms, query.kind, trust, scoring
        )
        for key, text in texts.items()
    }


def _inside(text: Text, embed: Callable[[Sequence[str]], Vectors]) -> Packed:
    if text.inside is not None and len(text.inside.rows) == len(text.sentences):
        return text.inside
    vectors = embed([quote.text for quote in quotes_of(text)])
    return Packed(vectors, np.ones(len(vectors), dtype=np.float32))


def look_at(snapshot: Searched, query: str, vector: Vectors, dense_weight: float) -> Look:
    """What the candidates for a query score; there must be passages."""
    cosines, scores = score(snapshot, query, vector, _CANDIDATES, dense_weight)
    return Look(scores, max(cosines.values()))


def score(
    snapshot: Searched, query: str, vector: Vectors, limit: int, dense_weight: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Cosine similarities and fused scores (0..1) of the candidates for a query, by key."""
    words = dict(snapshot.search_words(query, limit))
    cosines = dict(snapshot.nearest(vector, limit))
    # A candidate found by its words alone is scored by its stored vector, not taken for 0.
    for key, stored in snapshot.vectors(sorted(words.keys() - cosines.keys())).items():
        cosines[key] = float(np.dot(stored, vector))
    return cosines, fuse(cosines, words, dense_weight)


def weight_of_vectors(dense_weight: float, read: bool) -> float:
    """The weight of cosines for a query, less in a language that the embedding model is not taught.

    They still tell something: names and numbers are alike in many languages.
    """
    return dense_weight if read else min(dense_weight, _UNREAD)


def fuse(
    cosines: Mapping[str, float], words: Mapping[str, float], dense_weight: float
) -> dict[str, float]:
    """Convex combination of cosine similarities, scaled from least to most, and BM25 scores,
    scaled from 0 to most; 0..1. A key without a BM25 score shares no word and gets 0 for it.
    """
    if not cosines:
        return {}
    low, high = min(cosines.values()), max(cosines.values())
    spread = (high - low) or 1.0
    top = max(words.values(), default=0.0) or 1.0
    return {
        key: dense_weight * (cosine - low) / spread + (1 - dense_weight) * words.get(key, 0.0) / top
        for key, cosine in cosines.items()
    }
