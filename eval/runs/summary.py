"""The summary of a run, and its table for the terminal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.measures.answers import abstention, risk_coverage
from eval.measures.registry import METRICS
from eval.runs.outcome import outcome_of

# Points of a risk-coverage curve that are kept.
_POINTS = 100

Record = Mapping[str, Any]
Summary = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Repeats, wall time and memory of a run.

    `total` are seconds of asking and scoring, `engine` those of answers alone. `judge` describes
    the support check.
    """

    times: int
    total: float
    engine: float
    peak_memory_mb: float | None
    judge: Mapping[str, object]


def summarise(gold: str, records: Sequence[Record], info: RunInfo) -> Summary:
    """Means over the questions to which each measure applies; None where there is none.

    `n` is the number of questions (for `exact_quotes`: citations) behind a metric.
    """
    measures = _measures(records)
    answerable = sum(record["answerable"] for record in records)
    failed = [record for record in records if record["error"]]
    differing = [record["id"] for record in records if record["differs"]]
    return {
        "gold": gold,
        "questions": len(records),
        "answerable": answerable,
        "unanswerable": len(records) - answerable,
        "failed": [{"id": record["id"], "error": record["error"]} for record in failed],
        "measures": {name: value for name, (value, _) in measures.items()},
        "n": {name: count for name, (_, count) in measures.items()},
        "faults": dict(sorted(Counter(r["fault"] for r in records if r["fault"]).items())),
        "kinds": dict(_by_kind(records)),
        "tags": dict(_by_tag(records)),
        "risk_coverage": _risk_coverage(records),
        "judge": info.judge,
        "repeats": {"times": info.times, "differing": differing},
        "seconds": _seconds(records, info),
        "stages": dict(_stages(records)),
        "peak_memory_mb": info.peak_memory_mb,
    }


Measured = tuple[float | None, int]


def _measures(records: Sequence[Record]) -> dict[str, Measured]:
    return {
        **{metric.name: _mean(records, metric.field) for metric in METRICS.values()},
        **_citations(records),
        **_refusals(records),
    }


def _mean(records: Iterable[Record], field: str) -> Measured:
    # A run that an older version began lacks the metrics that are new.
    values = [value for one in records if (value := one["scores"].get(field)) is not None]
    return _share(sum(values), len(values))


def _citations(records: Iterable[Record]) -> dict[str, Measured]:
    """Of all citations: those whose quote is exact; and made-up labels for each answer."""
    answered = [one["scores"] for one in records if one["scores"]["refused"] is False]
    citations = sum(scores["citations"] for scores in answered)
    return {
        "exact_quotes": _share(sum(scores["exact"] for scores in answered), citations),
        "stray_labels": _share(sum(scores["stray"] for scores in answered), len(answered)),
    }


def _refusals(records: Sequence[Record]) -> dict[str, Measured]:
    # A question that failed was not refused: a crash must not look like caution.
    refused = [record["scores"]["refused"] is True for record in records]
    answerable = [record["answerable"] for record in records]
    found = abstention(refused, answerable)
    as_expected = sum(no is not can for no, can in zip(refused, answerable, strict=True))
    shares = {
        "refusal_precision": (found.precision, sum(refused)),
        "refusal_recall": (found.recall, len(records) - sum(answerable)),
        "refusal_f1": (found.f1, len(records)),
        "over_refusal": (found.over_refusal, sum(answerable)),
        # AvNA of SQuAD 2.0: answered or refused as it should be.
        "answered_or_not": (as_expected / len(records) if records else None, len(records)),
    }
    return {name: (_rounded(value), count) for name, (value, count) in shares.items()}


def _by_tag(records: Sequence[Record]) -> Iterator[tuple[str, Summary]]:
    for tag in sorted({tag for record in records for tag in record["tags"]}):
        tagged = [record for record in records if tag in record["tags"]]
        measures = {name: value for name, (value, _) in _measures(tagged).items()}
        yield tag, {"questions": len(tagged), "measures": measures}


def _by_kind(records: Sequence[Record]) -> Iterator[tuple[str, Summary]]:
    for kind in sorted({kind for record in records if (kind := record.get("kind"))}):
        of_kind = [record for record in records if record.get("kind") == kind]
        measures = {name: value for name, (value, _) in _measures(of_kind).items()}
        right = sum(is_right(record) for record in of_kind)
        yield kind, {"questions": len(of_kind), "right": right, "measures": measures}


def is_right(record: Record) -> bool:
    """Whether a question was answered right or rightly refused."""
    return outcome_of(
        answerable=record["answerable"],
        refused=record["refusal"] is not None,
        failed=record["error"] is not None,
        scores=record["scores"],
    ).good


def _risk_coverage(records: Sequence[Record]) -> Summary | None:
    """The curve over the `n` questions whose answers are known to be right or wrong."""
    judged = [
        one for one in records if one["scores"]["contains"] is not None or not one["answerable"]
    ]
    answered = [
        (one["confidence"], one["scores"]["contains"] == 1)
        for one in judged
        if one["scores"]["refused"] is False and one["confidence"] is not None
    ]
    found = risk_coverage(answered, len(judged))
    if found is None:
        return None
    step = math.ceil(len(found.points) / _POINTS)
    points = [*found.points[::-step]][::-1]
    return {
        "points": [[_rounded(coverage), _rounded(risk)] for coverage, risk in points],
        "aurc": _rounded(found.aurc),
        "at_risk_5": _rounded(found.at_risk_5),
        "n": len(judged),
    }


def _share(total: float, count: int) -> Measured:
    return (_rounded(total / count) if count else None), count


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _seconds(records: Iterable[Record], info: RunInfo) -> dict[str, float | None]:
    return {
        "total": round(info.total, 3),
        "engine": round(info.engine, 3),
        "share": _rounded(info.engine / info.total) if info.total else None,
        **_percentiles([record["seconds"] for record in records if not record["error"]]),
    }


def _stages(records: Iterable[Record]) -> Iterator[tuple[str, dict[str, float | None]]]:
    """Median and 95th percentile of each stage, in the order of the stages."""
    stages = dict[str, list[float]]()
    for record in records:
        for name, seconds in (record["stages"] or {}).items():
            stages.setdefault(name, []).append(seconds)
    for name, values in stages.items():
        yield name, _percentiles(values)


def _percentiles(values: Iterable[float]) -> dict[str, float | None]:
    ordered = sorted(values)
    if not ordered:
        return {"median": None, "p95": None}

    def at(share: float) -> float:
        return round(ordered[math.ceil(share * len(ordered)) - 1], 4)

    return {"median": at(0.5), "p95": at(0.95)}


_LISTED = 12
_FAILURES = {
    "failed": "failed",
    "not_found": "the evidence was not found",
    "found_not_used": "the evidence was found, but not used",
    "used_not_found": "answered right, but not from the evidence",
    "used_not_right": "the evidence was used, but the answer lacks a gold string",
    "not_refused": "answered, but not answerable",
}


def table(summary: Summary) -> Iterator[str]:
    """The summary as lines; only those that begin with `seconds` or `memory` vary between runs."""
    yield (
        f"{summary['gold']}: {summary['questions']} questions, "
        f"{summary['answerable']} answerable, {summary['unanswerable']} not"
    )
    yield ""
    yield f"{'measure':<20} {'score':>7} {'n':>6}"
    for name, value in summary["measures"].items():
        if value is not None:
            yield f"{name:<20} {value:>7.3f} {summary['n'][name]:>6}"
    yield from _kinds(summary)
    yield ""
    if curve := summary["risk_coverage"]:
        yield (
            f"surest answers first: mean risk {curve['aurc']:.3f}; at most 5 % wrong up to "
            f"{100 * curve['at_risk_5']:.0f} % of the {curve['n']} questions"
        )
    if summary["measures"]["alce_recall"] is not None:
        yield f"alce_* are judged by {summary['judge']['name']}: {summary['judge']['error']}"
    yield from _failure_lines(summary)
    yield ""
    yield from _times(summary)


def _kinds(summary: Summary) -> Iterator[str]:
    """A line per kind of question, if the gold set has kinds."""
    if not summary["kinds"]:
        return
    yield ""
    yield f"{'kind':<20} {'right':>7} {'n':>6}"
    for kind, found in summary["kinds"].items():
        yield f"{kind:<20} {found['right']:>7} {found['questions']:>6}"
    right = sum(found["right"] for found in summary["kinds"].values())
    questions = sum(found["questions"] for found in summary["kinds"].values())
    yield f"{'all kinds':<20} {right:>7} {questions:>6}"


def _failure_lines(summary: Summary) -> Iterator[str]:
    for fault, count in summary["faults"].items():
        yield f"{count:>6}  {_FAILURES[fault]}"
    if summary["repeats"]["times"] > 1:
        times, differing = summary["repeats"]["times"], summary["repeats"]["differing"]
        yield f"{len(differing):>6}  answered otherwise when asked {times} times"


def _times(summary: Summary) -> Iterator[str]:
    seconds = summary["seconds"]
    if seconds["share"] is not None:
        yield f"seconds: {seconds['total']:.1f}, {100 * seconds['share']:.1f} % the engine's"
    for name, spread in {"answer": seconds, **summary["stages"]}.items():
        if spread["median"] is not None:
            median, p95 = spread["median"], spread["p95"]
            yield f"seconds, {name}: median {median:.3f}, 95 % within {p95:.3f}"
    if summary["peak_memory_mb"] is not None:
        yield f"memory: {summary['peak_memory_mb']:.0f} MB at its peak"


def problem_lines(records: Sequence[Record]) -> Iterator[str]:
    """A line per failed question, then per kind of problem the questions that have it."""
    yield from (f"failed: {one['id']}: {one['error']}" for one in records if one["error"])
    asked = [(one, one["scores"]) for one in records if not one["error"]]
    groups = {
        "no evidence in the first 5": [r for r, scores in asked if scores["success_5"] == 0],
        "refused, but answerable": [r for r, s in asked if r["answerable"] and s["refused"]],
        "answered without a gold string": [
            r for r, scores in asked if scores["contains"] == 0 and not scores["refused"]
        ],
        "answered, but not answerable": [
            r for r, scores in asked if not r["answerable"] and not scores["refused"]
        ],
        "not as wanted": [r for r, scores in asked if scores.get("as_wanted") == 0],
        "quote not exact": [r for r, scores in asked if scores["exact"] < scores["citations"]],
        "answered otherwise when asked again": [r for r, _ in asked if r["differs"]],
    }
    for reason, found in groups.items():
        if found:
            names = ", ".join(record["id"] for record in found[:_LISTED])
            more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
            yield f"{reason} ({len(found)}): {names}{more}"
