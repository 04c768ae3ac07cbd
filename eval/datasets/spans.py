"""Spans of documents, and the overlap of two sets of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Span = tuple[str, int, int]  # document, start, end (characters, half open)


@dataclass(frozen=True, slots=True)
class SpanScores:
    """How well what was retrieved covers the evidence, counted in characters, each 0..1."""

    recall: float
    precision: float
    iou: float


def overlap(one: Span, other: Span) -> bool:
    """Whether two spans share at least one character of one document."""
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def touches(span: Span, others: Sequence[Span]) -> bool:
    """Whether a span overlaps any of the others."""
    return any(overlap(span, other) for other in others)


def length(spans: Iterable[Span]) -> int:
    """Characters in all spans; those in several count as often."""
    return sum(end - start for _, start, end in spans)


def union(spans: Iterable[Span]) -> list[Span]:
    """The same characters in spans that neither overlap nor meet, in order."""
    merged: list[Span] = []
    for document, start, end in sorted(spans):
        if merged and merged[-1][0] == document and start <= merged[-1][2]:
            merged[-1] = (document, merged[-1][1], max(merged[-1][2], end))
        else:
            merged.append((document, start, end))
    return merged


def shared(some: Iterable[Span], others: Iterable[Span]) -> int:
    """Characters that are in both sets of spans, each counted once."""
    by_document = defaultdict[str, list[Span]](list)
    for span in union(others):
        by_document[span[0]].append(span)
    return sum(
        max(0, min(end, other_end) - max(start, other_start))
        for document, start, end in union(some)
        for _, other_start, other_end in by_document[document]
    )


def score_spans(evidence: Sequence[Span], retrieved: Sequence[Span]) -> SpanScores:
    """Recall, precision and IoU of retrieved spans (Smith and Troynikov 2024).

    What is retrieved twice counts twice in the denominators, so overlapping passages cost
    precision. Raises ValueError if there is no evidence.
    """
    wanted, got = length(union(evidence)), length(retrieved)
    if not wanted:
        raise ValueError("span measures are undefined without evidence")
    common = shared(evidence, retrieved)
    return SpanScores(
        recall=common / wanted,
        precision=common / got if got else 0.0,
        iou=common / (got + wanted - common),
    )
