"""A run's summary and its questions in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eval.summary import Record, Summary

_LISTED = 12
_FAULTS = {
    "failed": "failed",
    "not_found": "the evidence was not found",
    "found_not_used": "the evidence was found, but not used",
    "used_not_found": "answered right, but not from the evidence",
    "used_not_right": "the evidence was used, but the answer lacks a gold string",
    "not_refused": "answered, but not answerable",
}


def table(summary: Summary) -> Iterator[str]:
    """Lines of a table; only those that begin with `seconds` or `memory` hold what varies."""
    yield (
        f"{summary['gold']}: {summary['questions']} questions, "
        f"{summary['answerable']} answerable, {summary['unanswerable']} not"
    )
    yield ""
    yield f"{'measure':<20} {'score':>7} {'n':>6}"
    for name, value in summary["measures"].items():
        if value is not None:
            yield f"{name:<20} {value:>7.3f} {summary['n'][name]:>6}"
    yield ""
    if curve := summary["risk_coverage"]:
        yield (
            f"surest answers first: mean risk {curve['aurc']:.3f}; at most 5 % wrong up to "
            f"{100 * curve['at_risk_5']:.0f} % of the {curve['n']} questions"
        )
    if summary["measures"]["alce_recall"] is not None:
        yield f"alce_* are judged by {summary['judge']['name']}: {summary['judge']['error']}"
    yield from _faults(summary)
    yield ""
    yield from _times(summary)


def _faults(summary: Summary) -> Iterator[str]:
    for fault, count in summary["faults"].items():
        yield f"{count:>6}  {_FAULTS[fault]}"
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


def to_look_at(records: Sequence[Record]) -> Iterator[str]:
    """Lines for each question that failed, then for those that went wrong, by what went wrong."""
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
        "quote not exact": [r for r, scores in asked if scores["exact"] < scores["citations"]],
        "answered otherwise when asked again": [r for r, _ in asked if r["differs"]],
    }
    for reason, found in groups.items():
        if found:
            names = ", ".join(record["id"] for record in found[:_LISTED])
            more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
            yield f"{reason} ({len(found)}): {names}{more}"
