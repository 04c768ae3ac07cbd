from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats  # type: ignore[import-untyped]

from eval.measures.statistics import (
    EXACT_QUESTIONS,
    Floats,
    detectable,
    fall_p_values,
    holm,
    interval,
    randomisation_p,
    sign_flips,
)

pytestmark = pytest.mark.unit


def noise(count: int, shift: float = 0.0, seed: int = 5) -> Floats:
    return np.random.default_rng(seed).choice([-1.0, 0.0, 0.0, 0.5, 1.0], size=count) + shift


@pytest.mark.parametrize("shift", [0.0, 0.05, -0.2])
def test_interval_equals_scipys_percentile_bootstrap(shift: float) -> None:
    differences = noise(150, shift)
    expected = scipy_stats.bootstrap(
        (differences,), np.mean, n_resamples=20_000, method="percentile", rng=3
    ).confidence_interval
    assert interval(differences) == pytest.approx((expected.low, expected.high), abs=0.006)


def test_interval_of_equal_differences_is_a_point() -> None:
    assert interval(np.full(7, 0.25)) == (0.25, 0.25)


@pytest.mark.parametrize(("count", "seed"), [(3, 1), (8, 2), (EXACT_QUESTIONS, 3)])
def test_randomisation_p_of_few_differences_equals_scipys_exact_test(count: int, seed: int) -> None:
    differences = np.random.default_rng(seed).normal(0.4, 1, size=count)
    expected = scipy_stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert randomisation_p(differences) == pytest.approx(expected, abs=1e-9)
    assert randomisation_p(np.append(differences, np.zeros(40))) == randomisation_p(differences)


@pytest.mark.parametrize(("broken", "fixed"), [(20, 5), (16, 9), (15, 15)])
def test_randomisation_p_of_many_flips_is_close_to_the_sign_tests(broken: int, fixed: int) -> None:
    differences = np.repeat([-1.0, 1.0], [broken, fixed])
    expected = scipy_stats.binomtest(broken, broken + fixed).pvalue
    assert randomisation_p(differences) == pytest.approx(expected, abs=0.01)


def test_randomisation_p_of_five_broken_and_none_fixed_is_one_in_sixteen() -> None:
    assert randomisation_p(np.array([-1.0] * 5 + [0.0] * 60)) == 1 / 16


def test_randomisation_p_when_nothing_differs_is_one() -> None:
    assert randomisation_p(np.zeros(30)) == 1.0


def test_holm_equals_scipys_rank_by_rank_bound() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_fall_p_values_of_one_measure_is_the_one_sided_sign_test() -> None:
    differences = np.array([[-1.0]] * 6 + [[1.0]] * 2 + [[0.0]] * 20)
    expected = scipy_stats.binomtest(6, 8, alternative="greater").pvalue
    assert fall_p_values(differences)[0] == pytest.approx(expected, abs=1e-9)


def test_fall_p_values_of_measures_that_move_together_are_those_of_one() -> None:
    one = np.array([-1.0] * 6 + [1.0] + [0.0] * 20)
    several = np.column_stack([one, one / 2, one, one * 0.1])
    assert fall_p_values(several) == pytest.approx([fall_p_values(one[:, None])[0]] * 4)


def test_fall_p_values_of_a_measure_that_did_not_move_is_one_and_costs_the_others_nothing() -> None:
    one = np.array([-1.0] * 6 + [0.0] * 20)
    assert fall_p_values(np.column_stack([np.zeros(26), one])).tolist() == [1.0, 1 / 64]


def test_fall_p_values_of_separate_measures_are_higher_than_each_alone() -> None:
    fell = np.array([-1.0] * 6 + [0.0] * 14)
    other = np.array([0.0] * 6 + [-1.0] * 7 + [1.0] * 7)
    ps = fall_p_values(np.column_stack([fell, other]))
    assert 1 / 64 < ps[0] < 2 / 64
    assert ps[1] > 0.5


def test_fall_p_values_of_a_rise_is_one_or_near_it() -> None:
    assert fall_p_values(np.ones((8, 1)))[0] == 1.0


def test_fall_p_values_alarm_in_at_most_one_of_twenty_when_nothing_changed() -> None:
    chance = np.random.default_rng(11)
    alarms = 0
    for _ in range(400):
        common = chance.choice([-1, 0, 0, 0, 1], size=(90, 1))
        own = chance.choice([-1, 0, 0, 0, 0, 0, 1], size=(90, 4))
        alarms += bool((fall_p_values(np.clip(common + own, -1.0, 1.0)) < 0.05).any())
    assert alarms <= 28  # 400 draws at 5 %: 20, and 8 are two standard errors


def test_detectable_is_found_in_four_of_five_samples() -> None:
    chance = np.random.default_rng(7)
    shift = detectable(chance.normal(size=400))
    found = [randomisation_p(chance.normal(shift, 1, size=400)) < 0.05 for _ in range(200)]
    assert 0.72 <= sum(found) / 200 <= 0.88


def test_detectable_of_no_difference_is_zero_and_of_one_question_infinite() -> None:
    assert detectable(np.zeros(9)) == 0.0
    assert detectable(np.ones(1)) == math.inf


def test_flips_of_few_are_all_of_them_and_of_many_the_same_each_time() -> None:
    assert sorted(map(tuple, sign_flips(2))) == [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    assert sign_flips(EXACT_QUESTIONS + 5).shape == (10_000, EXACT_QUESTIONS + 5)
    assert np.array_equal(sign_flips(EXACT_QUESTIONS + 5), sign_flips(EXACT_QUESTIONS + 6)[:, :-1])
