"""Hybrid search: dense vectors and BM25, fused into one ranking.

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
from rag.retrieval.answer_type import AnswerType
from rag.retrieval.cross_encoder import Reranker
from rag.retrieval.neighbours import add_context_scores, max_context_score
from rag.retrieval.sentences import (
    QueryTerms,
    RankedSentence,
    SentenceScores,
    heading_match,
    is_history,
    quotes_of,
    rank_sentences,
    score_sentences,
)
from rag.retrieval.weights import RANKING_WEIGHTS, RankingWeights

# Candidates taken from each ranking, at least, and of both the first ones that are read; more than
# is ever shown, so that a passage that only one of them ranks high is seen.
_CANDIDATES = 50
# First passages that a reranker sees, and those whose sentences may be quoted.
_RERANKED = 20
_QUOTABLE = 5
# Share of the cosine where the embedding model does not know the language, chosen with
# `RankingWeights.sentence_unread`.
_UNKNOWN_LANGUAGE_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class ScoreProbe:
    """Fused scores (0..1) of the index's candidates for a text, by key, and the best cosine."""

    scores: Mapping[str, float]
    best_cosine: float


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A query: its text and unit vector, the expected type of answer, the share of the cosine in
    the fused score, a bias of scores by key, and whether the embedding model was trained on its
    language.
    """

    text: str
    vector: Vectors
    answer_type: AnswerType
    dense_weight: float
    bias: Mapping[str, float] = field(default_factory=dict)
    known_language: bool = True


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The result of a search: hits, best first, for each its cosine to the query, the scores of its
    sentences and the query's terms that it contains; the sentences of the first hits, best first;
    the query's terms; and the paths of the documents of all candidates, best first.
    """

    query: str
    vector: Vectors
    hits: tuple[Hit, ...]
    cosines: tuple[float, ...]
    sentence_scores: tuple[SentenceScores, ...] = ()
    matched_terms: tuple[frozenset[str], ...] = ()
    sentences: tuple[RankedSentence, ...] = ()
    terms: QueryTerms | None = None
    documents: tuple[str, ...] = ()


class SearchableIndex(Protocol):
    """An index that gives candidates: a snapshot, or texts of an evaluation."""

    def search_words(self, query: str, k: int) -> list[tuple[str, float]]: ...  # noqa: D102
    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]: ...  # noqa: D102
    def vectors(self, keys: Sequence[str]) -> dict[str, Vectors]: ...  # noqa: D102
    def language(self, text: str) -> str: ...  # noqa: D102


def search(
    snapshot: Snapshot,
    query: SearchQuery,
    k: int,
    embed: Callable[[Sequence[str]], Vectors],
    reranker: Reranker | None = None,
    scoring: RankingWeights = RANKING_WEIGHTS,
) -> SearchResult:
    """The k best passages for a query; of passages that read the same, the first by id.

    Scores, 0..1, combine cosine and BM25, each scaled over the candidates, the best sentence, and
    the context of the passage; or they are the reranker's. `embed` is for sentences whose vectors
    are not stored.
    """
    limit = max(_CANDIDATES, k)
    cosines, fused = score_candidates(snapshot, query.text, query.vector, limit, query.dense_weight)
    fused_scores = {key: value + query.bias.get(key, 0.0) for key, value in fused.items()}
    keys = sorted(fused_scores, key=lambda key: (-fused_scores[key], key))[:limit]
    texts = snapshot.texts(keys)
    terms, weight = QueryTerms(snapshot, query.text), scoring.sentence_weight(query.known_language)
    scored = _score_all_sentences(texts, query, terms, embed, scoring)
    matched = {
        key: terms.matched(text.heading).union(*scored[key].matched_terms)
        for key, text in texts.items()
    }
    best = {key: fused_scores[key] + weight * scored[key].best for key in keys}
    best = _add_headings(best, texts, terms, scoring, query.answer_type)
    scores = add_context_scores(best, texts, matched, terms, scoring)
    ranked = sorted(keys, key=lambda key: (-scores[key], key))
    alone = 1 + weight * scoring.max_sentence_score(bool(terms.figures)) + scoring.own_heading
    most = max_context_score(alone, scoring)
    if reranker:
        most, scores = 1.0, _rerank_scores(reranker, query.text, texts, ranked[: max(k, _RERANKED)])
        ranked = sorted(scores, key=lambda key: (-scores[key], key))
    documents = dict.fromkeys(texts[key].passage.document for key in ranked)
    del ranked[k:]
    shown = [min(1.0, max(0.0, scores[key] / most)) for key in ranked]
    hits = tuple(Hit(texts[key].passage, shown[i], i + 1) for i, key in enumerate(ranked))
    first = zip(hits, ranked[:_QUOTABLE], strict=False)
    return SearchResult(
        query.text,
        query.vector,
        hits,
        tuple(cosines[key] for key in ranked),
        tuple(scored[key] for key in ranked),
        tuple(matched[key] for key in ranked),
        rank_sentences(((hit, fused_scores[key], scored[key]) for hit, key in first), scoring),
        terms,
        tuple(documents),
    )


def _add_headings(
    scores: Mapping[str, float],
    texts: Mapping[str, Text],
    terms: QueryTerms,
    scoring: RankingWeights,
    answer_type: AnswerType,
) -> dict[str, float]:
    """Scores plus how much each passage's own heading and the query are the same, all by key; what
    is history counts less, unless the query asks for a time.
    """
    asks_time = answer_type in {AnswerType.TIME, AnswerType.DATE}
    return {
        key: score
        + scoring.own_heading * heading_match(texts[key], terms)
        - scoring.history * (not asks_time and is_history(texts[key], terms))
        for key, score in scores.items()
    }


def _rerank_scores(
    reranker: Reranker, query: str, texts: Mapping[str, Text], keys: Sequence[str]
) -> dict[str, float]:
    """The reranker's scores by key, 0..1."""
    read = [texts[key].passage.embedding_text for key in keys]
    return dict(zip(keys, reranker.scores(query, read), strict=True))


def _score_all_sentences(
    texts: Mapping[str, Text],
    query: SearchQuery,
    terms: QueryTerms,
    embed: Callable[[Sequence[str]], Vectors],
    scoring: RankingWeights,
) -> dict[str, SentenceScores]:
    inside = (_sentence_vectors(text, embed) for text in texts.values() if text.sentences)
    each, trust = iter(cosines(inside, query.vector)), float(query.known_language)
    return {
        key: score_sentences(
            text, list(islice(each, len(text.sentences))), terms, query.answer_type, trust, scoring
        )
        for key, text in texts.items()
    }


def _sentence_vectors(text: Text, embed: Callable[[Sequence[str]], Vectors]) -> Packed:
    if text.inside is not None and len(text.inside.rows) == len(text.sentences):
        return text.inside
    vectors = embed([quote.text for quote in quotes_of(text)])
    return Packed(vectors, np.ones(len(vectors), dtype=np.float32))


def probe_scores(
    snapshot: SearchableIndex, query: str, vector: Vectors, dense_weight: float
) -> ScoreProbe:
    """The scores of the candidates for a query; there must be passages."""
    cosines, scores = score_candidates(snapshot, query, vector, _CANDIDATES, dense_weight)
    return ScoreProbe(scores, max(cosines.values()))


def score_candidates(
    snapshot: SearchableIndex, query: str, vector: Vectors, limit: int, dense_weight: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Cosine similarities and fused scores (0..1) of the candidates for a query, by key."""
    words = dict(snapshot.search_words(query, limit))
    cosines = dict(snapshot.nearest(vector, limit))
    # A candidate found by its words alone is scored by its stored vector, not as 0.
    for key, stored in snapshot.vectors(sorted(words.keys() - cosines.keys())).items():
        cosines[key] = float(np.dot(stored, vector))
    return cosines, fuse_scores(cosines, words, dense_weight)


def dense_weight_for(dense_weight: float, known_language: bool) -> float:
    """The weight of cosines, lower in a language that the embedding model was not trained on.

    It is not 0: names and numbers are alike in many languages.
    """
    return dense_weight if known_language else min(dense_weight, _UNKNOWN_LANGUAGE_WEIGHT)


def fuse_scores(
    cosines: Mapping[str, float], words: Mapping[str, float], dense_weight: float
) -> dict[str, float]:
    """Convex combination, 0..1, of cosines, scaled from minimum to maximum, and BM25 scores, scaled
    from 0 to maximum. A key without a BM25 score shares no word with the query: its score is 0.
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
