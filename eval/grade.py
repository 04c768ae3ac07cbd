"""One answered question against its gold item."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval.gold import Evidence, GoldItem, Place
from eval.metrics import contains, reciprocal_rank, success_at
from index.passages import Hit
from rag.answers import Answer, Citation

DEPTH = 10  # passages that are ranked for each question; MRR is cut here
_MARKER = re.compile(r"\s*\[\d+\]")

Span = tuple[str, int, int]  # document, start, end (characters, half open)
TextOf = Callable[[str], str | None]


class EvidenceMissing(Exception):
    """A gold item's evidence is not in the corpus, so retrieval cannot be judged."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of one question, 0..1; None where a measure does not apply.

    `refused` is None for a question that failed. `citations` counts citations and `exact` those
    whose quote is the document's text from start to end.
    """

    success_1: float | None = None
    success_5: float | None = None
    reciprocal_rank: float | None = None
    contains: float | None = None
    citation_precision: float | None = None
    citation_recall: float | None = None
    citations: int = 0
    exact: int = 0
    refused: bool | None = None


def grade(item: GoldItem, answer: Answer, ranked: Sequence[Hit], text_of: TextOf) -> Scores:
    """Score an answer and a ranking of at least `DEPTH` passages (fewer if the corpus has fewer).

    Retrieval: a passage is relevant if it overlaps a place of the evidence. An answerable question
    that was refused scores 0 on `contains` and on citation recall. Citation precision is the share
    of citations that overlap a place of the evidence, recall the share of evidence touched by one.
    Raises EvidenceMissing if a place of the evidence is not in the corpus.
    """
    facts = [_spans(evidence, text_of) for evidence in item.evidence]
    cited = [
        (citation.passage.document, citation.quote.start, citation.quote.end)
        for citation in answer.citations
    ]
    precision, recall = _citation_scores(cited, facts)
    success_1, success_5, rank = _retrieval_scores(ranked, facts)
    return Scores(
        success_1=success_1,
        success_5=success_5,
        reciprocal_rank=rank,
        contains=_contains(item, answer) if item.answerable else None,
        citation_precision=precision,
        citation_recall=recall,
        citations=len(cited),
        exact=sum(_is_exact(citation, text_of) for citation in answer.citations),
        refused=answer.refusal is not None,
    )


def failed(item: GoldItem) -> Scores:
    """The scores of a question that got no answer at all: 0 wherever a measure would apply."""
    if not item.answerable:
        return Scores()
    zero = 0.0 if item.evidence else None
    return Scores(
        success_1=zero, success_5=zero, reciprocal_rank=zero, contains=0.0, citation_recall=zero
    )


def without_markers(text: str) -> str:
    """The answer's text without its markers `[1]`."""
    return _MARKER.sub("", text)


def occurrences(place: Place, text_of: TextOf) -> list[Span]:
    """Where a place's quote stands in its document; any white space matches any other.

    So a gold set outlives a change in how lines are broken. Raises EvidenceMissing.
    """
    text = text_of(place.document)
    if text is None:
        raise EvidenceMissing(f"evidence document {place.document} is not in the index")
    pattern = r"\s+".join(re.escape(word) for word in place.quote.split())
    spans = [(place.document, found.start(), found.end()) for found in re.finditer(pattern, text)]
    if not spans:
        raise EvidenceMissing(f"{place.document} does not say {place.quote!r}")
    return spans


def overlap(one: Span, other: Span) -> bool:
    """Whether two spans share at least one character of one document."""
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def _spans(evidence: Evidence, text_of: TextOf) -> list[Span]:
    return [span for place in evidence.places for span in occurrences(place, text_of)]


def _touches(span: Span, places: Sequence[Span]) -> bool:
    return any(overlap(span, place) for place in places)


def _retrieval_scores(
    ranked: Sequence[Hit], facts: Sequence[Sequence[Span]]
) -> tuple[float, float, float] | tuple[None, None, None]:
    if not facts:
        return None, None, None
    places = [span for fact in facts for span in fact]
    passages = [hit.passage for hit in ranked]
    ids = [passage.id for passage in passages]
    relevant = {
        passage.id
        for passage in passages
        if _touches((passage.document, passage.start, passage.end), places)
    }
    return (
        success_at(1, ids, relevant),
        success_at(5, ids, relevant),
        reciprocal_rank(ids, relevant, DEPTH),
    )


def _citation_scores(
    cited: Sequence[Span], facts: Sequence[Sequence[Span]]
) -> tuple[float | None, float | None]:
    if not facts:
        return None, None
    places = [span for fact in facts for span in fact]
    recall = sum(any(_touches(span, fact) for span in cited) for fact in facts) / len(facts)
    if not cited:
        return None, recall
    return sum(_touches(span, places) for span in cited) / len(cited), recall


def _contains(item: GoldItem, answer: Answer) -> float:
    if answer.refusal is not None:
        return 0.0
    return contains(without_markers(answer.text), item.answers)


def _is_exact(citation: Citation, text_of: TextOf) -> bool:
    text, quote = text_of(citation.passage.document), citation.quote
    return text is not None and bool(quote.text) and text[quote.start : quote.end] == quote.text
