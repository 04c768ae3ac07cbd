"""How often the gate would be wrong: simulated with the scores that questions have in a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.gate import alarms
from eval.recorded import Recorded
from eval.stats import Floats

Chance = np.random.Generator


@dataclass(frozen=True, slots=True)
class Power:
    """Shares of simulated runs: those that alarm though nothing changed, and those that do when
    one metric fell, or all of them with their questions.
    """

    false_alarms: float
    caught: Mapping[str, float]
    caught_together: float


@dataclass(frozen=True, slots=True)
class World:
    """The questions of a run as a population: questions x metrics, NaN where one does not apply.

    `kinds` tells the answerable from the others: a question that comes out otherwise by chance
    gets the scores of another one of its kind.
    """

    metrics: tuple[str, ...]
    scores: Floats
    kinds: NDArray[np.bool_]

    @staticmethod
    def of(run: Recorded, metrics: Sequence[str]) -> World:
        """The scores of a run's questions in these metrics."""
        asked = run.questions.values()
        rows = [[one.scores.get(name, np.nan) for name in metrics] for one in asked]
        return World(tuple(metrics), np.array(rows), np.array([one.answerable for one in asked]))

    def draw(self, questions: int, noise: float, chance: Chance) -> tuple[Floats, Floats]:
        """Scores of so many questions drawn with replacement, and again after a neutral change.

        Such a change moves a share `noise` of the questions: each gets the scores of another one
        of its kind, so that no metric rises or falls but by chance.
        """
        rows = chance.integers(len(self.scores), size=questions)
        again = rows.copy()
        moved = chance.random(questions) < noise
        for kind in (False, True):
            of_kind = moved & (self.kinds[rows] == kind)
            if of_kind.any():
                pool = np.flatnonzero(self.kinds == kind)
                again[of_kind] = chance.choice(pool, size=int(of_kind.sum()))
        return self.scores[rows], self.scores[again]

    def fall_of(self, metric: int, scores: Floats, drop: float, chance: Chance) -> Floats:
        """The same scores after a fault that takes `drop` off the mean of one metric: questions
        drawn at random get 0 for it.
        """
        share = drop / np.nanmean(self.scores[:, metric])
        fallen = scores.copy()
        hit = (chance.random(len(scores)) < share) & ~np.isnan(scores[:, metric])
        fallen[hit, metric] = 0.0
        return fallen


def simulate(
    world: World, tolerances: Sequence[float], drop: float, questions: int, noise: float, times: int
) -> Power:
    """Run the gate's rule on so many simulated runs of so many questions each.

    `drop` is the true fall of a metric's mean, 0..1; a metric whose mean is less cannot fall by so
    much and is left out. The same arguments give the same figures.
    """
    chance = np.random.default_rng(0)
    allowed = np.asarray(tolerances, dtype=np.float64)
    usable = [
        place for place in range(len(world.metrics)) if np.nanmean(world.scores[:, place]) >= drop
    ]
    false, together = 0, 0
    caught = dict.fromkeys(usable, 0)
    for _ in range(times):
        old, new = world.draw(questions, noise, chance)
        false += bool(alarms(new - old, allowed)[0].any())
        for place in usable:
            fallen = world.fall_of(place, new, drop, chance)
            caught[place] += bool(alarms(fallen - old, allowed)[0][place])
        hit = chance.random(questions) < drop
        together += bool(alarms(np.where(hit[:, None], new * 0, new) - old, allowed)[0].any())
    return Power(
        false / times,
        {world.metrics[place]: count / times for place, count in caught.items()},
        together / times,
    )
