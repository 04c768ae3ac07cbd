"""The gate: does a run score worse than its baseline, by more than chance and by what matters?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eval.baseline import (
    Baseline,
    MadeWith,
    Scores,
    check_names,
    check_same_gold,
    rounded,
)
from eval.compare import ALPHA, Change, change
from eval.recorded import Asked, Recorded, settings_changed
from eval.stats import Floats, fall_ps

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
    check_names(baseline.tolerances, baseline.must_pass, run)
    names = list(baseline.tolerances)
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
