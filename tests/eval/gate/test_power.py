from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from eval.cli import group
from eval.gate.power import ScorePopulation, simulate
from tests.helpers.run_folders import run_of

pytestmark = pytest.mark.unit


def world(right: int, wrong: int) -> ScorePopulation:
    """One metric; so many questions that score 1, and so many that score 0."""
    scores = np.repeat([1.0, 0.0], [right, wrong])[:, None]
    return ScorePopulation(("contains",), scores, np.ones(right + wrong, dtype=np.bool_))


def test_draw_without_noise_gives_the_same_scores_again() -> None:
    old, new = world(70, 30).draw(50, 0.0, np.random.default_rng(1))
    assert old.shape == (50, 1)
    assert np.array_equal(old, new)


def test_draw_with_noise_moves_questions_both_ways_alike() -> None:
    old, new = world(70, 30).draw(200_000, 0.5, np.random.default_rng(1))
    # Half are drawn again, of which 2 * 0.7 * 0.3 come out otherwise.
    assert (old != new).mean() == pytest.approx(0.21, abs=0.005)
    assert (new - old).mean() == pytest.approx(0.0, abs=0.005)


def test_draw_keeps_answerable_questions_apart_from_the_others() -> None:
    both = ScorePopulation(
        ("contains", "refusal_recall"),
        np.array([[1.0, np.nan], [0.0, np.nan], [np.nan, 1.0], [np.nan, 0.0]]),
        np.array([True, True, False, False]),
    )
    old, new = both.draw(500, 1.0, np.random.default_rng(1))
    assert np.array_equal(np.isnan(old), np.isnan(new))


def test_fall_of_takes_the_drop_off_the_mean() -> None:
    population = world(80, 20)
    chance = np.random.default_rng(1)
    old, _ = population.draw(200_000, 0.0, chance)
    fallen = population.with_fall(0, old, 0.05, chance)
    assert (old - fallen).mean() == pytest.approx(0.05, abs=0.003)


def test_simulate_without_noise_never_alarms_and_catches_what_can_be_told() -> None:
    found = simulate(world(90, 10), [0.02], 0.05, 200, 0.0, 300)
    assert found.false_alarms == 0.0
    # At least five of 200 questions must break, where ten do on average: a binomial gives 0.97.
    assert found.caught["contains"] == pytest.approx(0.97, abs=0.03)


def test_simulate_with_noise_alarms_in_at_most_one_of_twenty() -> None:
    assert simulate(world(80, 20), [0.0], 0.05, 200, 0.3, 600).false_alarms <= 0.068


def test_simulate_leaves_out_a_metric_that_cannot_fall_so_far() -> None:
    assert simulate(world(1, 99), [0.02], 0.05, 50, 0.0, 5).caught == {}


def test_power_prints_the_same_figures_each_time(tmp_path: Path) -> None:
    run = run_of(tmp_path, 40, 4)
    arguments = ["power", str(run), "--times", "50", "--questions", "60", "--noise", "0"]
    first, second = (CliRunner().invoke(group, arguments) for _ in range(2))
    assert first.exit_code == 0
    assert first.stdout == second.stdout
    assert "50 simulated runs of 60 questions" in first.stdout
    assert "false alarms, over 4 metrics  0.000\n" in first.stdout
