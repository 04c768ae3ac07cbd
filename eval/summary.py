"""Rows of a run to its summary, and the summary to a table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eval.metrics import abstention
from eval.run import Row

# Measure -> the field of Scores that is averaged.
MEANS = {
    "success@1": "success_1",
    "success@5": "success_5",
    "mrr@10": "reciprocal_rank",
    "contains": "contains",
    "citation_precision": "citation_precision",
    "citation_recall": "citation_recall",
}
_LISTED = 12

Summary = Mapping[str, Any]


def summarise(gold: str, rows: Sequence[Row]) -> Summary:
    """Means over the questions to which each measure applies; None where there is none.

    `n` tells over how many questions (for `exact_quotes`: citations) a measure was taken.
    """
    measures: dict[str, float | None] = {}
    counts: dict[str, int] = {}
    for name, field in MEANS.items():
        values = [value for row in rows if (value := getattr(row.scores, field)) is not None]
        measures[name], counts[name] = _share(sum(values), len(values)), len(values)
    citations = sum(row.scores.citations for row in rows)
    exact = sum(row.scores.exact for row in rows)
    measures["exact_quotes"], counts["exact_quotes"] = _share(exact, citations), citations
    _add_refusals(measures, counts, rows)
    answerable = sum(row.item.answerable for row in rows)
    return {
        "gold": gold,
        "questions": len(rows),
        "answerable": answerable,
        "unanswerable": len(rows) - answerable,
        "failed": [{"id": row.item.id, "error": row.error} for row in rows if row.error],
        "measures": measures,
        "n": counts,
        "seconds": _seconds([row.seconds for row in rows if not row.error]),
    }


def _add_refusals(
    measures: dict[str, float | None], counts: dict[str, int], rows: Sequence[Row]
) -> None:
    # A question that failed was not refused: a crash must not look like caution.
    refused = [row.scores.refused is True for row in rows]
    answerable = [row.item.answerable for row in rows]
    found = abstention(refused, answerable)
    for name, value, count in (
        ("refusal_precision", found.precision, sum(refused)),
        ("refusal_recall", found.recall, len(rows) - sum(answerable)),
        ("refusal_f1", found.f1, len(rows)),
        ("over_refusal", found.over_refusal, sum(answerable)),
    ):
        measures[name] = None if value is None else round(value, 4)
        counts[name] = count


def _share(total: float, count: int) -> float | None:
    return round(total / count, 4) if count else None


def _seconds(values: Sequence[float]) -> dict[str, float | None]:
    if not values:
        return {"total": 0.0, "median": None, "p95": None}
    ordered = sorted(values)

    def at(share: float) -> float:
        return round(ordered[math.ceil(share * len(ordered)) - 1], 4)

    return {"total": round(sum(ordered), 3), "median": at(0.5), "p95": at(0.95)}


def table(summary: Summary) -> Iterator[str]:
    """Lines of a table for people; only the last one holds times."""
    yield (
        f"{summary['gold']}: {summary['questions']} questions, "
        f"{summary['answerable']} answerable, {summary['unanswerable']} not"
    )
    yield ""
    yield f"{'measure':<20} {'score':>7} {'n':>6}"
    for name, value in summary["measures"].items():
        score = "-" if value is None else f"{value:.3f}"
        yield f"{name:<20} {score:>7} {summary['n'][name]:>6}"
    yield ""
    seconds = summary["seconds"]
    if seconds["median"] is not None:
        yield (
            f"seconds per answer: median {seconds['median']:.3f}, 95 % within {seconds['p95']:.3f}"
        )


def to_look_at(rows: Sequence[Row]) -> Iterator[str]:
    """Lines for each question that failed, then for those that went wrong, by what went wrong."""
    yield from (f"failed: {row.item.id}: {row.error}" for row in rows if row.error)
    asked = [row for row in rows if not row.error]
    groups = {
        "no evidence in the first 5": [row for row in asked if row.scores.success_5 == 0],
        "refused, but answerable": [
            row for row in asked if row.item.answerable and row.scores.refused
        ],
        "answered without a gold string": [
            row for row in asked if row.scores.contains == 0 and not row.scores.refused
        ],
        "answered, but not answerable": [
            row for row in asked if not row.item.answerable and not row.scores.refused
        ],
        "quote not exact": [row for row in asked if row.scores.exact < row.scores.citations],
    }
    for reason, found in groups.items():
        if found:
            names = ", ".join(row.item.id for row in found[:_LISTED])
            more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
            yield f"{reason} ({len(found)}): {names}{more}"
