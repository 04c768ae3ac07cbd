"""Significance of the difference between two runs, per question, new minus old.

Randomisation by flipping signs (Fisher) and the bootstrap, both over questions, as Smucker, Allan
and Carterette 2007 compare them for retrieval; Holm 1979 and Westfall and Young 1993 for several
measures at once. Seeds are fixed: the same differences give the same figures. Questions are taken
to be independent of each other, which those about one paragraph are not quite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 10_000
# Up to so many differing questions all ways to flip signs are gone through; 2**13 is 8,192.
EXACT_QUESTIONS = 13
# Sums that differ by rounding alone count as equal.
_EQUAL = 1e-9
# Standard errors of a shift that is found, two-sided at 5 %, in 80 % of samples: 1.96 + 0.84.
_DETECTED = 2.8016


def interval(differences: Floats, level: float = 0.95) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean; at least one difference.

    Questions with the same difference are drawn together: how often each value comes up in a
    resample is multinomial.
    """
    values, counts = np.unique(differences, return_counts=True)
    total = len(differences)
    draws = np.random.default_rng(0).multinomial(total, counts / total, size=RESAMPLES)
    low, high = np.quantile(draws @ values / total, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def randomisation_p(differences: Floats) -> float:
    """Two-sided p value of a mean difference of 0 by a paired randomisation test.

    1 if nothing differs; exact for at most `EXACT_QUESTIONS` questions that differ.
    """
    differing = differences[differences != 0]
    if not len(differing):
        return 1.0
    sums = np.abs(sign_flips(len(differing)) @ differing)
    return _share(sums >= abs(differing.sum()) - _EQUAL, len(differing))


def fall_p_values(differences: Floats) -> Floats:
    """One-sided p of a fall for each measure, adjusted for there being several.

    `differences` is questions x measures, 0 where a measure does not apply. Westfall and Young's
    step-down max T: signs are flipped for all measures of a question at once, so that measures
    which move together do not count as often as there are of them.
    """
    differing = differences[np.any(differences != 0, axis=1)]
    if not len(differing):
        return np.ones(differences.shape[1])
    lengths = np.sqrt((differing**2).sum(axis=0))
    scaled = -differing / np.where(lengths > 0, lengths, 1)
    seen = scaled.sum(axis=0)
    order = np.argsort(-seen, kind="stable")
    flipped = sign_flips(len(differing)) @ scaled[:, order]
    # For each measure the greatest of its own and of those that fell less.
    greatest = np.maximum.accumulate(flipped[:, ::-1], axis=1)[:, ::-1]
    ps = [
        _share(greatest[:, place] >= seen[measure] - _EQUAL, len(differing))
        for place, measure in enumerate(order)
    ]
    adjusted = np.ones(len(order))
    adjusted[order] = np.maximum.accumulate(ps)
    return adjusted


def holm(ps: Sequence[float]) -> list[float]:
    """P values adjusted for their number (Holm's step-down), each in the place of its own."""
    order = sorted(range(len(ps)), key=lambda place: ps[place])
    adjusted, least = [1.0] * len(ps), 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(ps) - rank) * ps[place]))
        adjusted[place] = least
    return adjusted


def detectable(differences: Floats) -> float:
    """Minimum detectable effect: the smallest true difference found in 80 % of samples.

    At the 5 % level, two-sided, from how much the questions differ here; 0 if none does, infinite
    for a single question.
    """
    if len(differences) < 2:
        return math.inf
    return float(_DETECTED * differences.std(ddof=1) / math.sqrt(len(differences)))


def sign_flips(count: int) -> NDArray[np.float32]:
    """Sign flips for so many differences, a row each: all up to `EXACT_QUESTIONS`, else drawn ones.

    Of more differences `RESAMPLES` rows are drawn.
    """
    if count <= EXACT_QUESTIONS:
        return _all_sign_flips(count)
    return _drawn_sign_flips(1 << (count - 1).bit_length())[:, :count]


@cache
def _all_sign_flips(count: int) -> NDArray[np.float32]:
    bits = np.arange(1 << count)[:, None] >> np.arange(count) & 1
    return (1 - 2 * bits).astype(np.float32)


@cache
def _drawn_sign_flips(count: int) -> NDArray[np.float32]:
    drawn = np.random.default_rng(1).integers(0, 2, size=(RESAMPLES, count), dtype=np.int8)
    return (1 - 2 * drawn).astype(np.float32)


def _share(as_far: NDArray[np.bool_], differing: int) -> float:
    """Share of the flips that are as far off; drawn ones do not hold what was seen, so add it."""
    hits = int(as_far.sum())
    return hits / len(as_far) if differing <= EXACT_QUESTIONS else (1 + hits) / (1 + len(as_far))
