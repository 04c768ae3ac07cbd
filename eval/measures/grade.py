"""One answered question against its gold item."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from eval.datasets.evidence import Fact, Find
from eval.datasets.gold import GoldItem
from eval.datasets.spans import Span, score_spans, shared
from eval.measures.answers import contains, exact_match, rouge_l, token_f1
from eval.measures.citations import Backs, alce_scores, gold_scores, page_match
from eval.measures.retrieval import ranks, score_ranking, span_of, touches_fact
from index.types import Hit
from rag.types import Answer, Citation

_MARKER = re.compile(r"\s*\[\d+\]")


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of one question, 0..1; None where a measure does not apply.

    `refused` is None for a question that failed. `citations` counts citations, `exact` those
    whose quote is the document's text from start to end, and `stray` labels that were made up.
    """

    success_1: float | None = None
    success_5: float | None = None
    recall_5: float | None = None
    recall_10: float | None = None
    reciprocal_rank: float | None = None
    ndcg_10: float | None = None
    span_recall: float | None = None
    span_precision: float | None = None
    span_iou: float | None = None
    exact_match: float | None = None
    token_f1: float | None = None
    contains: float | None = None
    rouge_l: float | None = None
    citation_precision: float | None = None
    citation_recall: float | None = None
    alce_precision: float | None = None
    alce_recall: float | None = None
    page_match: float | None = None
    citations: int = 0
    exact: int = 0
    stray: int = 0
    refused: bool | None = None


class Fault(StrEnum):
    """What went wrong with a question: the search's fault, or the answer's.

    Not found: no evidence was among the passages that the answer was made from. Found, not used:
    it was, and no citation touches it. Used, not found: the answer is right without it. Used, not
    right: it is cited, and the answer still lacks every gold string.
    """

    FAILED = "failed"
    NOT_FOUND = "not_found"
    FOUND_NOT_USED = "found_not_used"
    USED_NOT_FOUND = "used_not_found"
    USED_NOT_RIGHT = "used_not_right"
    NOT_REFUSED = "not_refused"


def grade(
    item: GoldItem,
    facts: Sequence[Fact],
    answer: Answer,
    ranked: Sequence[Hit],
    find: Find,
    backs: Backs,
) -> Scores:
    """Score an answer, and a ranking that is deep enough for `score_ranking`.

    An answerable question that was refused scores 0 on its text, on citation recall and on pages.
    """
    cited = [_cited(citation) for citation in answer.citations]
    precision, recall = gold_scores(cited, facts)
    alce_precision, alce_recall = alce_scores(answer, backs)
    retrieval = asdict(score_ranking(ranks(ranked, facts), facts)) if facts else {}
    return Scores(
        **retrieval,
        **_span_scores(facts, answer.hits),
        **_text_scores(item, answer),
        citation_precision=precision,
        citation_recall=recall,
        alce_precision=alce_precision,
        alce_recall=alce_recall,
        page_match=page_match(answer, facts),
        citations=len(cited),
        exact=sum(_is_exact(citation, find) for citation in answer.citations),
        stray=answer.stray,
        refused=answer.refusal is not None,
    )


def failed(item: GoldItem, facts: Sequence[Fact]) -> Scores:
    """The scores of a question that got no answer at all: 0 wherever a measure would apply."""
    found = 0.0 if facts else None
    quoted = 0.0 if _has_quotes(facts) else None
    answers = 0.0 if item.answers else None
    accepted = 0.0 if item.accepted else None
    return Scores(
        success_1=found,
        success_5=found,
        recall_5=found,
        recall_10=found,
        reciprocal_rank=found,
        ndcg_10=found,
        span_recall=quoted,
        span_precision=quoted,
        span_iou=quoted,
        exact_match=answers,
        token_f1=accepted,
        contains=answers,
        rouge_l=accepted,
        citation_recall=found,
        page_match=0.0 if any(fact.pages for fact in facts) else None,
    )


def fault_of(item: GoldItem, facts: Sequence[Fact], answer: Answer, scores: Scores) -> Fault | None:
    """What went wrong with a question that was answered or refused; None if nothing did."""
    refused, right = answer.refusal is not None, scores.contains
    if not item.answerable:
        return None if refused else Fault.NOT_REFUSED
    if not facts:
        return None
    shown = [span_of(hit) for hit in answer.hits]
    if not any(touches_fact(shown, fact) for fact in facts):
        return Fault.USED_NOT_FOUND if right else Fault.NOT_FOUND
    if refused or not scores.citation_recall:
        return Fault.FOUND_NOT_USED
    return Fault.USED_NOT_RIGHT if right == 0 else None


def without_markers(text: str) -> str:
    """The answer's text without its markers `[1]`."""
    return _MARKER.sub("", text)


def _cited(citation: Citation) -> Span:
    return (citation.passage.document, citation.quote.start, citation.quote.end)


def _text_scores(item: GoldItem, answer: Answer) -> dict[str, float]:
    """Scores of the answer's words, those for which the item has something to compare them to."""
    text = without_markers(answer.text)
    measures = {exact_match: item.answers, contains: item.answers}
    measures |= {token_f1: item.accepted, rouge_l: item.accepted}
    return {
        measure.__name__: 0.0 if answer.refusal else measure(text, golds)
        for measure, golds in measures.items()
        if golds
    }


def _has_quotes(facts: Sequence[Fact]) -> bool:
    return bool(facts) and not any(fact.whole or fact.pages for fact in facts)


def _span_scores(facts: Sequence[Fact], hits: Sequence[Hit]) -> dict[str, float]:
    """How well passages cover the quotes; of the places of a fact, the one that is covered best."""
    if not _has_quotes(facts):
        return {}
    shown = [span_of(hit) for hit in hits]
    best = [
        max(fact.places, key=lambda place: shared([place], shown) / (place[2] - place[1]))
        for fact in facts
    ]
    scores = score_spans(best, shown)
    return {f"span_{name}": value for name, value in asdict(scores).items()}


def _is_exact(citation: Citation, find: Find) -> bool:
    document, quote = find(citation.passage.document), citation.quote
    if document is None:
        return False
    return bool(quote.text) and document.text[quote.start : quote.end] == quote.text
