"""One answered question against its gold item."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from eval.datasets.evidence import Fact, Find
from eval.datasets.gold import GoldItem
from eval.measures.registry import METRICS, Grading, Scores
from eval.measures.retrieval import span_of, touches_fact
from rag.types import Answer, Citation


class FailureMode(StrEnum):
    """What went wrong with a question.

    NOT_FOUND: none of the answer's passages holds evidence. FOUND_NOT_USED: one does, but no
    citation touches the evidence. USED_NOT_FOUND: the answer is right, from other passages.
    USED_NOT_RIGHT: evidence is cited, and the answer still lacks every gold string.
    """

    FAILED = "failed"
    NOT_FOUND = "not_found"
    FOUND_NOT_USED = "found_not_used"
    USED_NOT_FOUND = "used_not_found"
    USED_NOT_RIGHT = "used_not_right"
    NOT_REFUSED = "not_refused"


def grade(grading: Grading) -> Scores:
    """The scores of an answer."""
    answer = grading.answer
    return {
        **{field: metric.score(grading) for field, metric in METRICS.items()},
        "citations": len(answer.citations),
        "exact": sum(_is_exact(citation, grading.find) for citation in answer.citations),
        "stray": answer.stray,
        "refused": answer.refusal is not None,
    }


def failed_scores(item: GoldItem, facts: Sequence[Fact]) -> Scores:
    """The scores of a question that got no answer: 0 where a metric would apply."""
    return {
        **{
            field: 0.0 if metric.zero_when(item, facts) else None
            for field, metric in METRICS.items()
        },
        **{"citations": 0, "exact": 0, "stray": 0, "refused": None},
    }


def failure_mode(
    item: GoldItem, facts: Sequence[Fact], answer: Answer, scores: Scores
) -> FailureMode | None:
    """What went wrong with a question that was answered or refused; None if nothing did."""
    refused, right = answer.refusal is not None, scores["contains"]
    if not item.answerable:
        return None if refused else FailureMode.NOT_REFUSED
    if not facts:
        return None
    passages = [span_of(hit) for hit in answer.hits]
    if not any(touches_fact(passages, fact) for fact in facts):
        return FailureMode.USED_NOT_FOUND if right else FailureMode.NOT_FOUND
    if refused or not scores["citation_recall"]:
        return FailureMode.FOUND_NOT_USED
    return FailureMode.USED_NOT_RIGHT if right == 0 else None


def _is_exact(citation: Citation, find: Find) -> bool:
    document, quote = find(citation.passage.document), citation.quote
    if document is None:
        return False
    return bool(quote.text) and document.text[quote.start : quote.end] == quote.text
