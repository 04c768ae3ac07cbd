"""How well a ranking of passages finds the facts that an answer rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eval.datasets.evidence import Fact
from eval.datasets.spans import Span, touches
from index.types import Hit

DEPTH = 10  # ranks that are looked at


@dataclass(frozen=True, slots=True)
class RetrievalScores:
    """Scores of one ranking, 0..1."""

    success_1: float
    success_5: float
    recall_5: float
    recall_10: float
    reciprocal_rank: float
    ndcg_10: float


def span_of(hit: Hit) -> Span:
    """The characters of a hit."""
    return (hit.passage.document, hit.passage.start, hit.passage.end)


def ranks(hits: Iterable[Hit], facts: Sequence[Fact]) -> list[Span]:
    """What stands at each rank: a passage, or where facts are whole documents, a document."""
    spans = [span_of(hit) for hit in hits]
    if not all(fact.whole for fact in facts):
        return spans
    best = dict[str, Span]()
    for span in spans:
        best.setdefault(span[0], span)
    return list(best.values())


def all_found(hits: Iterable[Hit], facts: Sequence[Fact]) -> bool:
    """Whether every fact is among the hits, so that further ones can change no score."""
    spans = [span_of(hit) for hit in hits]
    return all(touches_fact(spans, fact) for fact in facts)


def touches_fact(spans: Iterable[Span], fact: Fact) -> bool:
    """Whether any span overlaps a place of the fact."""
    return any(touches(span, fact.places) for span in spans)


def score_ranking(ranking: Sequence[Span], facts: Sequence[Fact]) -> RetrievalScores:
    """Score what stands at each rank, best first; there must be a fact.

    A rank is relevant by the facts that it is the first to find, and its gain in nDCG is their
    grades; recall is the share of facts that were found. With a fact per passage, these are the
    measures of trec_eval.
    """
    import ir_measures
    from ir_measures import RR, Success, nDCG

    first = [_first_rank(ranking[:DEPTH], fact) for fact in facts]
    gains = dict[str, int]()
    for place, (rank, fact) in enumerate(zip(first, facts, strict=True)):
        name = f"missed {place}" if rank is None else str(rank)
        gains[name] = gains.get(name, 0) + fact.grade
    run = {str(rank): float(-rank) for rank in range(1, len(ranking[:DEPTH]) + 1)} or {"none": 0.0}
    measures = (Success @ 1, Success @ 5, RR @ DEPTH, nDCG @ DEPTH)
    values = {
        one.measure: float(one.value)
        for one in ir_measures.iter_calc(measures, {"q": gains}, {"q": run})
    }

    def recall(k: int) -> float:
        return sum(rank is not None and rank <= k for rank in first) / len(facts)

    success_1, success_5, reciprocal_rank, ndcg = (values[measure] for measure in measures)
    return RetrievalScores(success_1, success_5, recall(5), recall(10), reciprocal_rank, ndcg)


def _first_rank(ranking: Sequence[Span], fact: Fact) -> int | None:
    ranks = (rank for rank, span in enumerate(ranking, start=1) if touches(span, fact.places))
    return next(ranks, None)
