"""False alarms and power of the gate, simulated with the scores of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from eval.console import PATH
from eval.gate.baseline import gated_metrics
from eval.gate.gate import alarms
from eval.measures.statistics import Floats
from eval.runs.results import Run, read_run
from index.console import json_option, print_json

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class PowerEstimate:
    """Shares of simulated runs: those that alarm though nothing changed, and those that do when
    one metric fell, or all of them with their questions.
    """

    false_alarms: float
    caught: Mapping[str, float]
    caught_together: float


@dataclass(frozen=True, slots=True)
class ScorePopulation:
    """The questions of a run as a population: questions x metrics, NaN where one does not apply.

    `kinds` is true for answerable questions: one whose result changes by chance gets the scores of
    another of its kind.
    """

    metrics: tuple[str, ...]
    scores: Floats
    kinds: NDArray[np.bool_]

    @staticmethod
    def of(run: Run, metrics: Sequence[str]) -> ScorePopulation:
        """The scores of a run's questions in these metrics."""
        rows = [[one.comparable.get(name, np.nan) for name in metrics] for one in run.results]
        kinds = np.array([one.answerable for one in run.results])
        return ScorePopulation(tuple(metrics), np.array(rows), kinds)

    def draw(self, questions: int, noise: float, chance: Rng) -> tuple[Floats, Floats]:
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

    def with_fall(self, metric: int, scores: Floats, drop: float, chance: Rng) -> Floats:
        """The same scores after a regression that takes `drop` off the mean of one metric.

        Questions drawn at random get 0 for it.
        """
        share = drop / np.nanmean(self.scores[:, metric])
        fallen = scores.copy()
        hit = (chance.random(len(scores)) < share) & ~np.isnan(scores[:, metric])
        fallen[hit, metric] = 0.0
        return fallen


def simulate(
    world: ScorePopulation,
    tolerances: Sequence[float],
    drop: float,
    questions: int,
    noise: float,
    times: int,
) -> PowerEstimate:
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
            fallen = world.with_fall(place, new, drop, chance)
            caught[place] += bool(alarms(fallen - old, allowed)[0][place])
        hit = chance.random(questions) < drop
        together += bool(alarms(np.where(hit[:, None], new * 0, new) - old, allowed)[0].any())
    return PowerEstimate(
        false / times,
        {world.metrics[place]: count / times for place, count in caught.items()},
        together / times,
    )


@click.command("power")
@click.argument("run", type=PATH)
@click.option(
    "--drop",
    default=0.05,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True),
    help="True fall of a metric's mean.",
)
@click.option(
    "--questions",
    default=200,
    show_default=True,
    type=click.IntRange(min=2),
    help="Questions of each simulated run.",
)
@click.option(
    "--times",
    default=2000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Runs to simulate.",
)
@click.option(
    "--noise",
    default=0.05,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Share of questions that come out otherwise without getting better or worse.",
)
@click.option(
    "--tolerance",
    default=0.02,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="What a metric may fall by.",
)
@json_option
def power(
    run: Path,
    drop: float,
    questions: int,
    times: int,
    noise: float,
    tolerance: float,
    as_json: bool,
) -> None:
    """Simulate the gate with the scores that the questions have in the run folder RUN.

    Prints how often it alarms though nothing got worse, and how often it catches a true fall: of
    one metric alone, and of a share of the questions that lose all of their scores.
    """
    recorded = read_run(run)
    metrics = gated_metrics(recorded)
    world = ScorePopulation.of(recorded, metrics)
    found = simulate(world, [tolerance] * len(metrics), drop, questions, noise, times)
    if as_json:
        print_json(asdict(found))
        return
    click.echo(
        f"{times} simulated runs of {questions} questions, {noise:.1%} of which come out otherwise "
        f"by chance; tolerance {tolerance:.3f}\n\n"
        f"false alarms, over {len(metrics)} metrics  {found.false_alarms:.3f}\n"
        f"caught, a true fall of {drop:.3f} in"
    )
    for name, share in found.caught.items():
        click.echo(f"  {name:<32} {share:.3f}")
    click.echo(f"  {'all, with their questions':<32} {found.caught_together:.3f}")
