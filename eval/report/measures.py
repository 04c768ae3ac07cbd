"""What a report computes from a run's results: scores with intervals, slices, risk, times."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from eval.measures.answers import RiskCoverage, risk_coverage
from eval.runs.results import Outcome, Result

Part = tuple[float, float]  # what a question adds to a measure's sum, and to what it is divided by
_NONE: Part = (0.0, 0.0)
_ANSWERED = frozenset({Outcome.RIGHT, Outcome.WRONG, Outcome.INVENTED})
_STAGES = ("embed", "search", "rerank", "judge", "compose", "check", "total")


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure as the report shows it; `lower` tells that less is better."""

    name: str
    group: str
    meaning: str
    of: Callable[[Result], Part]
    lower: bool = False


@dataclass(frozen=True, slots=True)
class Score:
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


def _field(field: str, result: Result) -> Part:
    value = result.score(field)
    return _NONE if value is None else (value, 1.0)


def _quotes(result: Result) -> Part:
    return result.score("exact") or 0.0, result.score("citations") or 0.0


def _refusal_precision(result: Result) -> Part:
    return (float(not result.answerable), 1.0) if result.refused else _NONE


def _refusal_recall(result: Result) -> Part:
    return _NONE if result.answerable else (float(result.refused), 1.0)


def _refusal_f1(result: Result) -> Part:
    right = result.refused and not result.answerable
    return 2.0 * right, float(result.refused) + float(not result.answerable)


def _over_refusal(result: Result) -> Part:
    return (float(result.refused), 1.0) if result.answerable else _NONE


# A score's field -> group, name, meaning.
_FIELDS = {
    "success_1": ("Retrieval", "success@1", "the first passage holds evidence"),
    "success_5": ("Retrieval", "success@5", "one of the first five passages does"),
    "reciprocal_rank": ("Retrieval", "MRR@10", "1 ÷ rank of the first passage that does"),
    "recall_5": ("Retrieval", "recall@5", "share of the evidence in the first five"),
    "recall_10": ("Retrieval", "recall@10", "share of the evidence in the first ten"),
    "ndcg_10": ("Retrieval", "nDCG@10", "ranks of all passages with evidence, discounted"),
    "span_recall": ("Retrieval", "span recall", "evidence's characters in the passages"),
    "span_precision": ("Retrieval", "span precision", "passages' characters that are evidence"),
    "span_iou": ("Retrieval", "span IoU", "shared characters ÷ all of both"),
    "contains": ("Answers", "contains", "the answer holds a gold string"),
    "exact_match": ("Answers", "exact match", "the answer is a gold string"),
    "token_f1": ("Answers", "token F1", "words shared with the best gold string"),
    "rouge_l": ("Answers", "ROUGE-L", "longest common sequence with the gold string"),
    "citation_recall": ("Citations", "citation recall", "share of the evidence that is cited"),
    "citation_precision": ("Citations", "citation precision", "citations that touch evidence"),
    "alce_recall": ("Citations", "ALCE recall", "statements backed by all they cite"),
    "alce_precision": ("Citations", "ALCE precision", "citations that a statement needs"),
    "page_match": ("Citations", "page match", "share of the gold pages that are cited"),
}
_DERIVED = (
    Measure("exact quotes", "Citations", "citations whose quote is the document's text", _quotes),
    Measure("refusal precision", "Refusals", "refusals that were right", _refusal_precision),
    Measure("refusal recall", "Refusals", "unanswerable questions refused", _refusal_recall),
    Measure("refusal F1", "Refusals", "harmonic mean of the two", _refusal_f1),
    Measure("over-refusal", "Refusals", "answerable questions refused", _over_refusal, True),
)
_COUNTS = frozenset({"citations", "exact", "refused", "stray"})
GROUPS = ("Retrieval", "Answers", "Citations", "Refusals", "Further")


def measures(results: Sequence[Result]) -> list[Measure]:
    """The measures that the results hold, by group; scores unknown here come last."""
    fields = dict.fromkeys(field for result in results for field in result.scores)
    known = [
        Measure(name, group, meaning, partial(_field, field))
        for field, (group, name, meaning) in _FIELDS.items()
        if field in fields
    ]
    further = [
        Measure(field.replace("_", " "), "Further", "", partial(_field, field))
        for field in fields
        if field not in _FIELDS and field not in _COUNTS
    ]
    return sorted([*known, *_DERIVED, *further], key=lambda one: GROUPS.index(one.group))


def scores(results: Sequence[Result], wanted: Sequence[Measure]) -> list[Score]:
    """Each measure over the results, with its interval."""
    return [_score(measure, [measure.of(result) for result in results]) for measure in wanted]


def _score(measure: Measure, parts: Sequence[Part]) -> Score:
    parts = [part for part in parts if part[1]]
    if not parts:
        return Score(measure.name, None, None, None, 0)
    value = sum(above for above, _ in parts) / sum(below for _, below in parts)
    low, high = _interval(parts, value) or (None, None)
    return Score(measure.name, value, low, high, len(parts))


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
        return None  # the bootstrap can't tell how far what never varied might
    low, high = interval(value + (above - value * below) / below.mean())
    return max(low, 0.0), min(high, 1.0)


@dataclass(frozen=True, slots=True)
class Slice:
    """The questions of one tag: how many, how many went well, and means of some scores."""

    tag: str
    n: int
    good: float
    found: float | None
    contains: float | None
    cited: float | None


def slices(results: Sequence[Result]) -> list[Slice]:
    """A slice per tag, the worst first; untagged questions have one of their own."""
    tags: dict[str, list[Result]] = {}
    for result in results:
        for tag in result.tags or ("no tag",):
            tags.setdefault(tag, []).append(result)
    found = [
        Slice(
            tag,
            len(group),
            sum(result.outcome.good for result in group) / len(group),
            *(_mean(group, field) for field in ("success_5", "contains", "citation_recall")),
        )
        for tag, group in tags.items()
    ]
    return sorted(found, key=lambda one: (one.good, one.tag))


def _mean(results: Sequence[Result], field: str) -> float | None:
    values = [value for result in results if (value := result.score(field)) is not None]
    return sum(values) / len(values) if values else None


def risks(results: Sequence[Result]) -> RiskCoverage | None:
    """Risk by coverage as less sure answers are added; None if there are none.

    Coverage is a share of all questions.
    """
    answered = [
        (result.sureness, result.outcome.good) for result in results if result.outcome in _ANSWERED
    ]
    return risk_coverage(answered, len(results))


def stage_seconds(results: Sequence[Result]) -> Mapping[str, list[float]]:
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


def worst_first(results: Sequence[Result]) -> list[Result]:
    """Questions by what became of them, then by how little of the evidence was found and cited."""
    order = {outcome: place for place, outcome in enumerate(Outcome)}

    def key(result: Result) -> tuple[int, float, float]:
        found = result.score("reciprocal_rank")
        cited = result.score("citation_recall")
        severity = min(order[result.outcome], order[Outcome.DECLINED])
        return severity, 1.0 if cited is None else cited, 1.0 if found is None else found

    return sorted(results, key=key)
