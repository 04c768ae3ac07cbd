"""Cross-validation of fitted constants, and confidence intervals by group."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eval.measures.statistics import RESAMPLES, Floats
from index.embedding.model_files import supports_language
from rag.followups.condense import yielded
from rag.retrieval.answer_type import expected_answer_type
from rag.retrieval.hybrid import SearchQuery, SearchResult, dense_weight_for, probe_scores, search
from rag.retrieval.weights import RANKING_WEIGHTS, RankingWeights

Places = NDArray[np.int64]


def numbered(groups: Sequence[Hashable]) -> Places:
    """The number of each item's group, groups numbered by first occurrence."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    return np.array([numbers[group] for group in groups])


def choose(scores: Floats) -> tuple[int, ...]:
    """The grid point with the best mean score of itself and its neighbours on each axis.

    The best single point of a grid is often a lucky one.

    `scores` has the grid's axes first and items last.
    """
    grid = scores.mean(axis=-1)
    around = {place: _around(grid, place) for place in product(*map(range, grid.shape))}
    return max(around, key=lambda place: (round(around[place], 9), place))


def _around(grid: Floats, place: tuple[int, ...]) -> float:
    near = [grid[place]]
    for axis, at in enumerate(place):
        near += [
            grid[(*place[:axis], step, *place[axis + 1 :])]
            for step in (at - 1, at + 1)
            if 0 <= step < grid.shape[axis]
        ]
    return float(np.mean(near))


def cross_fit(scores: Floats, folds: Places) -> tuple[Floats, list[tuple[int, ...]]]:
    """The score of each item at the grid point chosen on the other folds, and these points."""
    found, chosen = np.empty(scores.shape[-1]), []
    for fold in np.unique(folds):
        chosen.append(choose(scores[..., folds != fold]))
        found[folds == fold] = scores[chosen[-1]][folds == fold]
    return found, chosen


def interval_by_group(
    differences: Floats, groups: Places, level: float = 0.95
) -> tuple[float, float]:
    """Percentile interval of the mean by a cluster bootstrap over groups."""
    sums, sizes = np.bincount(groups, differences), np.bincount(groups)
    drawn = np.random.default_rng(0).integers(0, len(sums), size=(RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


if TYPE_CHECKING:
    from index.snapshots import Index, Snapshot
    from rag.followups.condense import CondensedQuery
    from rag.retrieval.hybrid import ScoreProbe
    from rag.settings import Settings


class EngineRanking:
    """The engine's searches in one generation of an index, without the reranker."""

    def __init__(self, settings: Settings, index: Index, snapshot: Snapshot) -> None:
        self._settings, self._index, self._snapshot = settings, index, snapshot

    def look(self, text: str) -> ScoreProbe:
        """The engine's score probe for a follow-up."""
        weight, _ = self._weight(text)
        return probe_scores(self._snapshot, text, self._index.embed_query(text), weight)

    def search(
        self,
        asked: CondensedQuery,
        k: int,
        scoring: RankingWeights = RANKING_WEIGHTS,
        weight: float | None = None,
    ) -> SearchResult:
        """The k best passages; `weight` is that of the cosine if it is not the settings'."""
        own, read = self._weight(asked.query)
        vector, kind = self._index.embed_query(asked.query), expected_answer_type(asked.question)
        dense = own if weight is None else weight
        query = SearchQuery(asked.query, vector, kind, dense, asked.bias, read)
        return search(self._snapshot, query, k, self._index.embed_sentences, scoring=scoring)

    def chosen(self, asked: CondensedQuery, k: int) -> SearchResult:
        """What the engine takes: the search, or that for the question alone if it yields to it."""
        found = self.search(asked, k)
        if not asked.uses_previous:
            return found
        alone = self.search(replace(asked, query=asked.question, bias={}), k)
        kind, passages = expected_answer_type(asked.question), self._snapshot.passage_count
        return yielded(asked, found, alone, kind, passages)

    def _weight(self, text: str) -> tuple[float, bool]:
        """The weight of cosines for a text, and whether the model is taught its language."""
        read = supports_language(self._settings.embedding_model, self._snapshot.language(text))
        return dense_weight_for(self._settings.dense_weight, read), read
