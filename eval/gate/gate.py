"""The regression gate: compares a run with a baseline, beyond a tolerance and beyond chance.

A metric regressed if its mean fell by more than its tolerance and its adjusted p
(`fall_p_values`, max T) is below 0.05. Chosen by simulation with the scores of XQuAD English, eight
metrics, 200 questions drawn 1,000 times, tolerance 0.02. Noise is the share of questions whose
result differs although nothing got worse: 1 % of them did when the embedding's weight went from 0.5
to 0.55. Alarms without a change | a true fall of 5 points in one metric alone caught, the worst of
the eight:

    noise                         2 %            5 %            10 %           30 %
    tolerance and max T      0.000 | 0.94   0.001 | 0.90   0.005 | 0.83   0.031 | 0.53
    tolerance and Holm       0.000 | 0.73   0.000 | 0.67   0.000 | 0.55   0.007 | 0.33
    tolerance alone          0.000 | 0.96   0.001 | 0.96   0.013 | 0.95   0.113 | 0.90

The tolerance alone would do for 200 questions; for the 82 of the seeds it alarms 0.13 and 0.31 of
the time at 5 and 10 % noise, where max T does 0.002 and 0.012. A tolerance of 0.03 catches 0.84
at 5 % noise. Where the results of whole paragraphs differ, with all of their questions, alarms are
0.04 at 5 % noise and 0.06 at 10 %: the test takes questions to be independent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.gate.baseline import (
    Baseline,
    MetricValues,
    Provenance,
    check_must_pass,
    check_same_gold,
    rounded,
)
from eval.gate.compare import ALPHA, QuestionChange, change_of
from eval.measures.statistics import Floats, fall_p_values
from eval.runs.results import Run, settings_changed
from index.errors import ConfigError

PASSED, REGRESSION, INCOMPLETE = 0, 1, 3
# A kind may lose one right answer or a fifth of its questions: kinds are too small for a test of
# chance, and a whole kind that breaks is lost among the others in the means.
KIND_QUESTIONS, KIND_SHARE = 1, 0.2
_EQUAL = 1e-9


@dataclass(frozen=True, slots=True)
class GatedMetric:
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
    fell: tuple[QuestionChange, ...]
    rose: int
    regressed: bool


@dataclass(frozen=True, slots=True)
class GatedKind:
    """A kind of questions against its baseline: how many are right of those there are."""

    kind: str
    questions: int
    baseline: int
    now: int
    broken: tuple[QuestionChange, ...]
    regressed: bool


@dataclass(frozen=True, slots=True)
class GateResult:
    """The result of the gate.

    `must_pass` are the questions of that list which are wrong, `incomplete` lists what failed,
    `made` what changed in version, model and settings since the baseline.
    """

    gold: str
    questions: int
    measured: tuple[GatedMetric, ...]
    must_pass: tuple[QuestionChange, ...]
    incomplete: tuple[str, ...]
    made: tuple[str, ...]
    kinds: tuple[GatedKind, ...] = ()

    @property
    def regressed_kinds(self) -> tuple[GatedKind, ...]:
        """The kinds that lost more right answers than they may."""
        return tuple(one for one in self.kinds if one.regressed)

    @property
    def regressions(self) -> tuple[GatedMetric, ...]:
        """The metrics that fell."""
        return tuple(one for one in self.measured if one.regressed)

    @property
    def broken(self) -> tuple[QuestionChange, ...]:
        """The questions behind a regression, those that lost most first."""
        blamed = [
            *self.must_pass,
            *(one for metric in self.regressions for one in metric.fell),
            *(one for kind in self.regressed_kinds for one in kind.broken),
        ]
        different = {one.id: one for one in blamed}
        return tuple(sorted(different.values(), key=lambda one: -one.loss))

    @property
    def exit_code(self) -> int:
        """Incomplete takes precedence: with failed questions, the other scores prove little."""
        if self.incomplete:
            return INCOMPLETE
        fell = self.regressions or self.must_pass or self.regressed_kinds
        return REGRESSION if fell else PASSED


def alarms(differences: Floats, tolerances: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Which metrics regressed, and the adjusted p of each.

    `differences` is questions x metrics, new less old, NaN where a metric does not apply.
    """
    applies = ~np.isnan(differences)
    known = np.where(applies, differences, 0.0)
    falls = -known.sum(axis=0) / np.maximum(applies.sum(axis=0), 1)
    ps = fall_p_values(known)
    return (falls > tolerances + _EQUAL) & (ps < ALPHA), ps


def check_run(baseline: Baseline, run: Run, model: str, unread: Sequence[str] = ()) -> GateResult:
    """Compare a run with its baseline; `unread` are files that could not be indexed.

    Raises ConfigError if the baseline is of other questions, or names metrics or questions that
    the run doesn't have.
    """
    check_same_gold(baseline, run.gold, run.digest)
    check_must_pass(baseline.must_pass, run)
    names = list(baseline.tolerances)
    # Not the run's own metrics: where all is refused, nothing is cited.
    for name in names:
        if name not in baseline.metrics:
            raise ConfigError(
                f"the baseline has a tolerance for {name!r} but no scores; the metrics of "
                f"{run.gold} are: {', '.join(run.metrics)}; add the scores of one with --update"
            )
    results = run.results
    then = [baseline.scores(one) for one in results]
    now = [_selected(names, rounded(one)) for one in results]
    scores = np.array([_row(names, one) for one in (*then, *now)]).reshape(2, len(results), -1)
    tolerances = np.array(list(baseline.tolerances.values()))
    regressed, ps = alarms(scores[1] - scores[0], tolerances)
    changes = [change_of(*three) for three in zip(results, then, now, strict=True)]
    measured = (
        _measured(name, scores[:, :, place], changes, tolerances[place], ps[place], bad)
        for place, (name, bad) in enumerate(zip(names, regressed, strict=True))
    )
    wrong = {one.id for one in results if not one.outcome.good}
    must_pass = wrong.intersection(baseline.must_pass)
    return GateResult(
        run.gold,
        len(results),
        tuple(measured),
        tuple(one for one in changes if one.id in must_pass),
        (
            *(f"{one.id}: {one.response}" for one in results if one.error is not None),
            *(f"not indexed: {line}" for line in unread),
        ),
        tuple(_provenance_changes(baseline.made_with, run, model)),
        tuple(_kinds(baseline, run, changes)),
    )


def _kinds(baseline: Baseline, run: Run, changes: Sequence[QuestionChange]) -> Iterator[GatedKind]:
    pairs = list(zip(run.results, changes, strict=True))
    for kind, old in baseline.kinds.items():
        of_kind = [(result, change) for result, change in pairs if result.kind == kind]
        now = sum(result.outcome.good for result, _ in of_kind)
        wrong = [change for result, change in of_kind if not result.outcome.good]
        broken = tuple(change for change in wrong if change.loss > 0)
        lost = old.right - now
        regressed = lost > max(KIND_QUESTIONS, KIND_SHARE * old.questions)
        yield GatedKind(kind, old.questions, old.right, now, broken, regressed)


def _selected(names: Sequence[str], scores: MetricValues) -> MetricValues:
    return {name: scores[name] for name in names if name in scores}


def _row(names: Sequence[str], scores: MetricValues) -> list[float]:
    return [scores.get(name, math.nan) for name in names]


def _measured(
    name: str,
    scores: Floats,
    changes: Sequence[QuestionChange],
    tolerance: float,
    p: float,
    bad: bool,
) -> GatedMetric:
    differences = scores[1] - scores[0]
    both = ~np.isnan(differences)
    old, new = scores[:, both].mean(axis=1) if both.any() else (0.0, 0.0)
    fell = [place for place in np.argsort(differences, kind="stable") if differences[place] < 0]
    return GatedMetric(
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


def _provenance_changes(old: Provenance, run: Run, model: str) -> Iterator[str]:
    if old.footnote != run.footnote:
        yield f"footnote: {old.footnote} -> {run.footnote}"
    if old.model != model:
        yield f"embedding model: {old.model} -> {model}"
    yield from settings_changed(old.settings, run.settings)
