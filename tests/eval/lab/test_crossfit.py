"""Choices of constants, and what they score where they had no part."""

from __future__ import annotations

import numpy as np
import pytest

from eval.lab.crossfit import choose, cross_fit, interval_by_group, numbered

pytestmark = pytest.mark.unit


def test_numbered_counts_groups_as_they_are_first_seen() -> None:
    assert numbered(["b", "a", "b", "c"]).tolist() == [0, 1, 0, 2]


def test_choose_prefers_a_plateau_to_a_lone_peak() -> None:
    grid = np.array([0.9, 0.1, 0.6, 0.7, 0.65])
    assert choose(grid[:, None]) == (4,)
    assert choose(np.array([[0.1, 0.2], [0.3, 0.9]])[..., None]) == (1, 1)


def test_cross_fit_scores_each_item_by_what_the_others_chose() -> None:
    scores = np.array([[1.0, 1.0, 0.0, 0.0], [0.5, 0.5, 0.5, 0.5], [0.0, 0.0, 1.0, 1.0]])
    found, chosen = cross_fit(scores, np.array([0, 0, 1, 1]))
    assert chosen == [(2,), (0,)]
    assert found.tolist() == [0.0, 0.0, 0.0, 0.0]


def test_interval_by_group_is_wider_where_items_of_a_group_are_alike() -> None:
    differences = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    assert interval_by_group(differences, np.array([0, 0, 0, 1, 1, 1])) == (0.0, 1.0)
    found = interval_by_group(differences, np.arange(6))
    assert found == pytest.approx((1 / 6, 5 / 6))
