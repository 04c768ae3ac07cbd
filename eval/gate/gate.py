"""The gate: does a run score worse than its baseline, by more than chance and by what matters?

A metric regressed if its mean fell by more than its tolerance and its adjusted p (`fall_ps`, max T)
is below 0.05. Chosen by simulation with the scores of XQuAD English, eight metrics, 200 questions
drawn 1,000 times, tolerance 0.02. Noise is the share of questions that come out otherwise although
nothing got worse: 1 % of them did when the embedding's weight went from 0.5 to 0.55. Alarms
without a change | a true fall of 5 points in one metric alone caught, the worst of the eight:

    noise                         2 %            5 %            10 %           30 %
    tolerance and max T      0.000 | 0.94   0.001 | 0.90   0.005 | 0.83   0.031 | 0.53
    tolerance and Holm       0.000 | 0.73   0.000 | 0.67   0.000 | 0.55   0.007 | 0.33
    tolerance alone          0.000 | 0.96   0.001 | 0.96   0.013 | 0.95   0.113 | 0.90

The tolerance alone would do for 200 questions; for the 82 of the seeds it alarms 0.13 and 0.31 of
the time at 5 and 10 % noise, where max T does 0.002 and 0.012. A tolerance of 0.03 catches 0.84
at 5 % noise. Where whole paragraphs come out otherwise, with all of their questions, alarms are
0.04 at 5 % noise and 0.06 at 10 %: the test takes questions to be independent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eval.gate.baseline import (
    Baseline,
    MadeWith,
    Scores,
    check_must_pass,
    check_same_gold,
    rounded,
)
from eval.gate.compare import ALPHA, Change, change
from eval.measures.statistics import Floats, fall_ps
from eval.runs.folder import Asked, Recorded, settings_changed
from index.errors import ConfigError

PASSED, REGRESSION, INCOMPLETE = 0, 1, 3
_EQUAL = 1e-9


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric against its baseline, over the questions that have it in both.

    `p` is one-sided and adjusted for the number of metrics; `fell` are the questions that scored
    less, those that lost most first.
    """

    metric: str
    questions: int
    baseline: float
    now: float
    tolerance: float
    p: float
    fell: tuple[Change, ...]
    rose: int
    regressed: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the gate found.

    `must_pass` are the questions of that list which are wrong, `incomplete` tells what failed,
    `made` what else is otherwise than when the baseline was made.
    """

    gold: str
    questions: int
    measured: tuple[Measured, ...]
    must_pass: tuple[Change, ...]
    incomplete: tuple[str, ...]
    made: tuple[str, ...]

    @property
    def regressions(self) -> tuple[Measured, ...]:
        """The metrics that fell."""
        return tuple(one for one in self.measured if one.regressed)

    @property
    def broken(self) -> tuple[Change, ...]:
        """The questions behind a regression, those that lost most first."""
        blamed = [*self.must_pass, *(one for metric in self.regressions for one in metric.fell)]
        different = {one.id: one for one in blamed}
        return tuple(sorted(different.values(), key=lambda one: -one.loss))

    @property
    def exit_code(self) -> int:
        """Incomplete before all else: where questions failed, the others' scores prove little."""
        if self.incomplete:
            return INCOMPLETE
        return REGRESSION if self.regressions or self.must_pass else PASSED


def alarms(differences: Floats, tolerances: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Which metrics regressed, and the adjusted p of each.

    `differences` is questions x metrics, new less old, NaN where a metric does not apply.
    """
    applies = ~np.isnan(differences)
    known = np.where(applies, differences, 0.0)
    falls = -known.sum(axis=0) / np.maximum(applies.sum(axis=0), 1)
    ps = fall_ps(known)
    return (falls > tolerances + _EQUAL) & (ps < ALPHA), ps


def judge(baseline: Baseline, run: Recorded, model: str, unread: Sequence[str] = ()) -> Judgement:
    """Set a run against its baseline; `unread` are files that could not be indexed.

    Raises ConfigError if the baseline is of other questions, or names metrics or questions that
    the run doesn't have.
    """
    check_same_gold(baseline, run.gold, run.digest)
    check_must_pass(baseline.must_pass, run)
    names = list(baseline.tolerances)
    # What the run has is no measure of that: where all is refused, nothing is cited.
    for name in names:
        if name not in baseline.metrics:
            raise ConfigError(
                f"the baseline has a tolerance for {name!r} but no scores; the metrics of "
                f"{run.gold} are: {', '.join(run.metrics)}; add the scores of one with --update"
            )
    asked = list(run.questions.values())
    then = [replace(one, scores=baseline.scores(one)) for one in asked]
    now = [replace(one, scores=_only(names, rounded(one))) for one in asked]
    scores = np.array([_row(names, one) for one in (*then, *now)]).reshape(2, len(asked), -1)
    tolerances = np.array(list(baseline.tolerances.values()))
    regressed, ps = alarms(scores[1] - scores[0], tolerances)
    changes = [change(old, new) for old, new in zip(then, now, strict=True)]
    measured = (
        _measured(name, scores[:, :, place], changes, tolerances[place], ps[place], bad)
        for place, (name, bad) in enumerate(zip(names, regressed, strict=True))
    )
    wrong = {one.id for one in asked if not one.right}.intersection(baseline.must_pass)
    return Judgement(
        run.gold,
        len(asked),
        tuple(measured),
        tuple(one for one in changes if one.id in wrong),
        (
            *(f"{one.id}: {one.outcome}" for one in asked if one.failed),
            *(f"not indexed: {line}" for line in unread),
        ),
        tuple(_made(baseline.made_with, run, model)),
    )


def _only(names: Sequence[str], scores: Scores) -> Scores:
    return {name: scores[name] for name in names if name in scores}


def _row(names: Sequence[str], asked: Asked) -> list[float]:
    return [asked.scores.get(name, math.nan) for name in names]


def _measured(
    name: str, scores: Floats, changes: Sequence[Change], tolerance: float, p: float, bad: bool
) -> Measured:
    differences = scores[1] - scores[0]
    both = ~np.isnan(differences)
    old, new = scores[:, both].mean(axis=1) if both.any() else (0.0, 0.0)
    fell = [place for place in np.argsort(differences, kind="stable") if differences[place] < 0]
    return Measured(
        name,
        int(both.sum()),
        float(old),
        float(new),
        float(tolerance),
        float(p),
        tuple(changes[place] for place in fell),
        int((differences > 0).sum()),
        bool(bad),
    )


def _made(old: MadeWith, run: Recorded, model: str) -> Iterator[str]:
    if old.footnote != run.footnote:
        yield f"footnote: {old.footnote} -> {run.footnote}"
    if old.model != model:
        yield f"embedding model: {old.model} -> {model}"
    yield from settings_changed(old.settings, run.settings)
