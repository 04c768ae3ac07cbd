"""Choices that are measured where they had no part: cross-fitting, and intervals by group."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from eval.stats import RESAMPLES, Floats

Places = NDArray[np.int64]


def numbered(groups: Sequence[Hashable]) -> Places:
    """For each item the number of its group, in the order in which groups are first seen."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    return np.array([numbers[group] for group in groups])


def choose(scores: Floats) -> tuple[int, ...]:
    """The place in a grid whose scores are best on average, those next to it on each axis counted
    alike: a grid's best point by itself is often one that was lucky.

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
    """The score of each item at the place chosen on all other folds, and the places chosen."""
    found, chosen = np.empty(scores.shape[-1]), []
    for fold in np.unique(folds):
        chosen.append(choose(scores[..., folds != fold]))
        found[folds == fold] = scores[chosen[-1]][folds == fold]
    return found, chosen


def interval_by_group(
    differences: Floats, groups: Places, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean over items, whole groups drawn at a time."""
    sums, sizes = np.bincount(groups, differences), np.bincount(groups)
    drawn = np.random.default_rng(0).integers(0, len(sums), size=(RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
