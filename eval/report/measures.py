"""Statistics of a run for its report: scores with intervals, groups, risk by coverage, times."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from eval.measures.answers import RiskCoverage, risk_coverage
from eval.measures.registry import CITATIONS, COUNTS, GROUPS, METRICS, OTHER, REFUSALS
from eval.runs.outcome import Outcome
from eval.runs.results import QuestionResult

Part = tuple[float, float]  # what a question adds to a measure's sum, and to what it is divided by
_NONE: Part = (0.0, 0.0)
_ANSWERED = frozenset({Outcome.RIGHT, Outcome.WRONG, Outcome.INVENTED})
_STAGES = ("embed", "search", "rerank", "judge", "compose", "check", "total")


@dataclass(frozen=True, slots=True)
class ReportMetric:
    """A metric of the report; `lower` is true if less is better."""

    name: str
    group: str
    meaning: str
    of: Callable[[QuestionResult], Part]
    lower: bool = False


@dataclass(frozen=True, slots=True)
class MetricScore:
    """A measure over a run: its value, its 95 % interval, and the questions it applies to.

    None where it applies to no question; no interval where it is the same for each.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def text(self) -> str:
        """The score in words."""
        if self.value is None:
            return "not measured"
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f}, 95\u2009% interval {self.low:.3f} to {self.high:.3f}"


def _field(field: str, result: QuestionResult) -> Part:
    value = result.score(field)
    return _NONE if value is None else (value, 1.0)


def _quotes(result: QuestionResult) -> Part:
    return result.score("exact") or 0.0, result.score("citations") or 0.0


def _refusal_precision(result: QuestionResult) -> Part:
    return (float(not result.answerable), 1.0) if result.refused else _NONE


def _refusal_recall(result: QuestionResult) -> Part:
    return _NONE if result.answerable else (float(result.refused), 1.0)


def _refusal_f1(result: QuestionResult) -> Part:
    right = result.refused and not result.answerable
    return 2.0 * right, float(result.refused) + float(not result.answerable)


def _over_refusal(result: QuestionResult) -> Part:
    return (float(result.refused), 1.0) if result.answerable else _NONE


_DERIVED = (
    ReportMetric(
        "exact quotes", CITATIONS, "citations whose quote is the document's text", _quotes
    ),
    ReportMetric("refusal precision", REFUSALS, "refusals that were right", _refusal_precision),
    ReportMetric("refusal recall", REFUSALS, "unanswerable questions refused", _refusal_recall),
    ReportMetric("refusal F1", REFUSALS, "harmonic mean of the two", _refusal_f1),
    ReportMetric("over-refusal", REFUSALS, "answerable questions refused", _over_refusal, True),
)


def measures(results: Sequence[QuestionResult]) -> list[ReportMetric]:
    """The measures that the results hold, by group; scores unknown here come last."""
    fields = dict.fromkeys(field for result in results for field in result.scores)
    known = [
        ReportMetric(metric.title, metric.group, metric.description, partial(_field, field))
        for field, metric in METRICS.items()
        if field in fields
    ]
    further = [
        ReportMetric(field.replace("_", " "), OTHER, "", partial(_field, field))
        for field in fields
        if field not in METRICS and field not in COUNTS
    ]
    return sorted([*known, *_DERIVED, *further], key=lambda one: GROUPS.index(one.group))


def scores(results: Sequence[QuestionResult], wanted: Sequence[ReportMetric]) -> list[MetricScore]:
    """Each measure over the results, with its interval."""
    return [_score(measure, [measure.of(result) for result in results]) for measure in wanted]


def _score(measure: ReportMetric, parts: Sequence[Part]) -> MetricScore:
    parts = [part for part in parts if part[1]]
    if not parts:
        return MetricScore(measure.name, None, None, None, 0)
    value = sum(above for above, _ in parts) / sum(below for _, below in parts)
    low, high = _interval(parts, value) or (None, None)
    return MetricScore(measure.name, value, low, high, len(parts))


def _interval(parts: Sequence[Part], value: float) -> tuple[float, float] | None:
    """Wilson's interval for shares, else the bootstrap over questions.

    A bootstrap of 58 questions that are all right would claim that nothing can go wrong. A ratio
    of sums is resampled as the mean of its linear part, what each question moves it by.
    """
    import numpy as np
    from scipy.stats import binomtest  # type: ignore[import-untyped]

    from eval.measures.statistics import interval

    above, below = np.array(parts).T
    if set(below) == {1.0} and set(above) <= {0.0, 1.0}:
        found = binomtest(int(above.sum()), len(parts)).proportion_ci(method="wilson")
        return float(found.low), float(found.high)
    if not (above - value * below).any():
        return None  # without variation, the bootstrap gives no interval
    low, high = interval(value + (above - value * below) / below.mean())
    return max(low, 0.0), min(high, 1.0)


@dataclass(frozen=True, slots=True)
class QuestionGroup:
    """The questions of one tag or kind: how many, the share that went well, and mean scores."""

    name: str
    n: int
    good: float
    found: float | None
    contains: float | None
    cited: float | None


def groups_by_tag(results: Sequence[QuestionResult]) -> list[QuestionGroup]:
    """A group per tag, the worst first; untagged questions have one of their own."""
    tags: dict[str, list[QuestionResult]] = {}
    for result in results:
        for tag in result.tags or ("no tag",):
            tags.setdefault(tag, []).append(result)
    return _question_groups(tags)


def groups_by_kind(results: Sequence[QuestionResult]) -> list[QuestionGroup]:
    """A group per kind of question, the worst first; none if no question has a kind."""
    kinds: dict[str, list[QuestionResult]] = {}
    for result in results:
        if result.kind:
            kinds.setdefault(result.kind, []).append(result)
    return _question_groups(kinds)


def _question_groups(groups: Mapping[str, Sequence[QuestionResult]]) -> list[QuestionGroup]:
    found = [
        QuestionGroup(
            name,
            len(group),
            sum(result.outcome.good for result in group) / len(group),
            *(_mean(group, field) for field in ("success_5", "contains", "citation_recall")),
        )
        for name, group in groups.items()
    ]
    return sorted(found, key=lambda one: (one.good, one.name))


def _mean(results: Sequence[QuestionResult], field: str) -> float | None:
    values = [value for result in results if (value := result.score(field)) is not None]
    return sum(values) / len(values) if values else None


def risks(results: Sequence[QuestionResult]) -> RiskCoverage | None:
    """Risk by coverage as less sure answers are added; None if there are none.

    Coverage is a share of all questions.
    """
    answered = [
        (result.effective_confidence, result.outcome.good)
        for result in results
        if result.outcome in _ANSWERED
    ]
    return risk_coverage(answered, len(results))


def stage_seconds(results: Sequence[QuestionResult]) -> Mapping[str, list[float]]:
    """Seconds of each stage over the questions that have it, in the order of the stages."""
    found: dict[str, list[float]] = {}
    for result in results:
        for stage, seconds in (result.stages or {}).items():
            found.setdefault(stage, []).append(seconds)
    order = {stage: place for place, stage in enumerate(_STAGES)}
    return dict(sorted(found.items(), key=lambda pair: order.get(pair[0], 5)))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of them does not exceed (nearest rank)."""
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


def worst_first(results: Sequence[QuestionResult]) -> list[QuestionResult]:
    """Questions by what became of them, then by how little of the evidence was found and cited."""
    order = {outcome: place for place, outcome in enumerate(Outcome)}

    def key(result: QuestionResult) -> tuple[int, float, float]:
        found = result.score("reciprocal_rank")
        cited = result.score("citation_recall")
        severity = min(order[result.outcome], order[Outcome.DECLINED])
        return severity, 1.0 if cited is None else cited, 1.0 if found is None else found

    return sorted(results, key=key)
