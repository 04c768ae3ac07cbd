"""Single questions of a report: passages with highlights, and outcomes that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from eval.runs.results import QuestionResult, RecordedCitation, RecordedPassage, RecordedSpan, Run

_PASSAGES = 5


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A stretch of a passage's text: whether the answer cites it, whether it is gold evidence."""

    text: str
    cited: bool
    gold: bool


@dataclass(frozen=True, slots=True)
class PassageView:
    """A passage of a question: its place, the labels that cite it, and its marked text."""

    place: str
    rank: int | None
    score: float | None
    labels: tuple[int, ...]
    pieces: tuple[MarkedText, ...]

    @property
    def marked(self) -> bool:
        """Whether something in it is cited or gold."""
        return any(piece.cited or piece.gold for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class OutcomeChange:
    """A question whose outcome differs between two runs."""

    before: QuestionResult
    after: QuestionResult


def flips(before: Run, after: Run) -> Mapping[str, list[OutcomeChange]]:
    """Questions that went well in one of two runs only: `fixed` and `broken`."""
    old = {result.id: result for result in before.results}
    pairs = [
        OutcomeChange(old[result.id], result)
        for result in after.results
        if result.id in old and old[result.id].question == result.question
    ]
    return {
        "fixed": [p for p in pairs if p.after.outcome.good and not p.before.outcome.good],
        "broken": [p for p in pairs if p.before.outcome.good and not p.after.outcome.good],
    }


def passages(result: QuestionResult) -> list[PassageView]:
    """The passages to show for a question: all that are cited, and the first ones if it went wrong.

    Cited words and gold evidence are marked.
    """
    cited, given = result.citations or (), result.passages or ()
    shown = []
    for passage in given:
        labels = tuple(one.label for one in cited if _within(one, passage))
        if labels or (passage.rank <= _PASSAGES and not result.outcome.good):
            pieces = _pieces(passage, cited, result.evidence)
            shown.append(PassageView(_place(passage), passage.rank, passage.score, labels, pieces))
    lone = [
        PassageView(_place(one), None, None, (one.label,), (MarkedText(one.quote, True, False),))
        for one in cited
        if not any(_within(one, passage) for passage in given)
    ]
    return [*shown, *lone]


def _place(span: RecordedPassage | RecordedCitation) -> str:
    page = f"page {span.page}" if span.page else ""
    return " · ".join(filter(None, [span.document, page, span.heading]))


def _within(span: RecordedSpan, passage: RecordedSpan) -> bool:
    same = span.document == passage.document
    return same and passage.start <= span.start and span.end <= passage.end


def _pieces(
    passage: RecordedPassage, cited: Sequence[RecordedCitation], evidence: Sequence[RecordedSpan]
) -> tuple[MarkedText, ...]:
    size = len(passage.text)
    cites, golds = (_local(spans, passage) for spans in (cited, evidence))
    edges = sorted({0, size, *(edge for span in (*cites, *golds) for edge in span)})
    return tuple(
        MarkedText(passage.text[start:end], _covers(cites, start), _covers(golds, start))
        for start, end in pairwise(edges)
    )


def _local(spans: Sequence[RecordedSpan], passage: RecordedSpan) -> list[tuple[int, int]]:
    """Spans in the passage's own characters, clipped to it."""
    clipped = [
        (max(span.start, passage.start) - passage.start, min(span.end, passage.end) - passage.start)
        for span in spans
        if span.document == passage.document
    ]
    return [(start, end) for start, end in clipped if start < end]


def _covers(spans: Sequence[tuple[int, int]], place: int) -> bool:
    return any(start <= place < end for start, end in spans)
