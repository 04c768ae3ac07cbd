"""The registry of metrics: the scores of one question.

A new metric is one entry of METRICS. `results.jsonl`, the run summary, `eval compare`, new
baselines of `eval gate` and the report take their metrics from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from eval.datasets.evidence import Fact, Find
from eval.datasets.gold import GoldItem, Want
from eval.datasets.spans import Span, SpanScores, score_spans, shared
from eval.measures.answers import contains, exact_match, rouge_l, token_f1, token_recall
from eval.measures.citations import Backs, alce_scores, gold_scores, page_match
from eval.measures.retrieval import RetrievalScores, ranks, score_ranking, span_of
from index.types import Hit
from rag.types import Answer, Citation

RETRIEVAL, ANSWERS, CITATIONS, REFUSALS, OTHER = (
    *("Retrieval", "Answers", "Citations", "Refusals", "Further"),
)
GROUPS = (RETRIEVAL, ANSWERS, CITATIONS, REFUSALS, OTHER)
_MARKER = re.compile(r"\s*\[\d+\]")


@dataclass(frozen=True)
class Grading:
    """An answered question beside its gold item.

    `ranked` is deep enough for `score_ranking`. What several metrics share is computed once.
    """

    item: GoldItem
    facts: Sequence[Fact]
    answer: Answer
    ranked: Sequence[Hit]
    find: Find
    backs: Backs

    @cached_property
    def text(self) -> str:
        """The answer's text without its markers `[1]`."""
        return _MARKER.sub("", self.answer.text)

    @cached_property
    def retrieval(self) -> RetrievalScores | None:
        """Scores of the ranking; None without evidence."""
        return score_ranking(ranks(self.ranked, self.facts), self.facts) if self.facts else None

    @cached_property
    def spans(self) -> SpanScores | None:
        """How well passages cover the quotes; of the places of a fact, the best covered one."""
        if not _has_quotes(self.item, self.facts):
            return None
        passages = [span_of(hit) for hit in self.answer.hits]
        best = [
            max(fact.places, key=lambda place: shared([place], passages) / (place[2] - place[1]))
            for fact in self.facts
        ]
        return score_spans(best, passages)

    @cached_property
    def citations(self) -> tuple[float | None, float | None]:
        """Precision and recall of the citations against the evidence."""
        cited = [_span(citation) for citation in self.answer.citations]
        return gold_scores(cited, self.facts)

    @cached_property
    def alce(self) -> tuple[float | None, float | None]:
        """ALCE's citation precision and recall."""
        return alce_scores(self.answer, self.backs)


Score = Callable[[Grading], float | None]
Applies = Callable[[GoldItem, Sequence[Fact]], bool]


@dataclass(frozen=True, slots=True)
class Metric:
    """A score of one question, 0..1, higher is better.

    `field` is its key in `results.jsonl`, `compare` and `gate`, `name` its key in the summary,
    `title`, `group` and `description` are the report's. `score` gives None where the metric does
    not apply. A question that failed scores 0 if `zero_when` says so. New baselines hold the
    metric if it is `gated`.
    """

    field: str
    name: str
    title: str
    group: str
    description: str
    score: Score
    zero_when: Applies
    gated: bool = False


def _has_facts(_item: GoldItem, facts: Sequence[Fact]) -> bool:
    return bool(facts)


def _has_quotes(_item: GoldItem, facts: Sequence[Fact]) -> bool:
    return bool(facts) and not any(fact.whole or fact.pages for fact in facts)


def _has_pages(_item: GoldItem, facts: Sequence[Fact]) -> bool:
    return any(fact.pages for fact in facts)


def _has_answers(item: GoldItem, _facts: Sequence[Fact]) -> bool:
    return bool(item.answers)


def _has_accepted(item: GoldItem, _facts: Sequence[Fact]) -> bool:
    return bool(item.accepted)


def _has_want(item: GoldItem, _facts: Sequence[Fact]) -> bool:
    return item.want is not None


def _never(_item: GoldItem, _facts: Sequence[Fact]) -> bool:
    return False


def _retrieval(field: str) -> Score:
    return lambda grading: getattr(grading.retrieval, field, None)


def _spans(field: str) -> Score:
    return lambda grading: getattr(grading.spans, field, None)


def _of_answers(measure: Callable[[str, Sequence[str]], float]) -> Score:
    """A measure against the accepted answers; an answerable question that was refused scores 0."""

    def score(grading: Grading) -> float | None:
        if not grading.item.answers:
            return None
        return 0.0 if grading.answer.refusal else measure(grading.text, grading.item.answers)

    return score


def _of_accepted(measure: Callable[[str, Sequence[str]], float]) -> Score:
    """The same against the accepted answers and the reference."""

    def score(grading: Grading) -> float | None:
        if not grading.item.accepted:
            return None
        return 0.0 if grading.answer.refusal else measure(grading.text, grading.item.accepted)

    return score


def as_wanted(grading: Grading) -> float | None:
    """1 for a response that meets the item's `want`, else 0; None if the item has none."""
    return None if grading.item.want is None else float(meets_want(grading.item, grading.answer))


def meets_want(item: GoldItem, answer: Answer) -> bool:
    """Whether a response is of the kind in `want` and matches all of `must`, none of `must_not`."""
    refused, cited = answer.refusal is not None, bool(answer.citations)
    if item.want is Want.REFUSE:
        return refused
    if refused or (item.want is not Want.LIMIT and cited is not (item.want is Want.ANSWER)):
        return False

    def matches(pattern: str) -> bool:
        return re.search(pattern, answer.text, re.IGNORECASE) is not None

    return all(map(matches, item.must)) and not any(map(matches, item.must_not))


_ENTRIES = (
    Metric(
        "success_1", "success@1", "success@1", RETRIEVAL,
        "the first passage holds evidence",
        _retrieval("success_1"), _has_facts, gated=True,
    ),
    Metric(
        "success_5", "success@5", "success@5", RETRIEVAL,
        "one of the first five passages does",
        _retrieval("success_5"), _has_facts, gated=True,
    ),
    Metric(
        "recall_5", "recall@5", "recall@5", RETRIEVAL,
        "share of the evidence in the first five",
        _retrieval("recall_5"), _has_facts,
    ),
    Metric(
        "recall_10", "recall@10", "recall@10", RETRIEVAL,
        "share of the evidence in the first ten",
        _retrieval("recall_10"), _has_facts,
    ),
    Metric(
        "reciprocal_rank", "mrr@10", "MRR@10", RETRIEVAL,
        "1 ÷ rank of the first passage that does",
        _retrieval("reciprocal_rank"), _has_facts, gated=True,
    ),
    Metric(
        "ndcg_10", "ndcg@10", "nDCG@10", RETRIEVAL,
        "ranks of all passages with evidence, discounted",
        _retrieval("ndcg_10"), _has_facts,
    ),
    Metric(
        "span_recall", "span_recall", "span recall", RETRIEVAL,
        "evidence's characters in the passages",
        _spans("recall"), _has_quotes,
    ),
    Metric(
        "span_precision", "span_precision", "span precision", RETRIEVAL,
        "passages' characters that are evidence",
        _spans("precision"), _has_quotes,
    ),
    Metric(
        "span_iou", "span_iou", "span IoU", RETRIEVAL,
        "shared characters ÷ all of both",
        _spans("iou"), _has_quotes,
    ),
    Metric(
        "contains", "contains", "contains", ANSWERS,
        "the answer holds a gold string",
        _of_answers(contains), _has_answers, gated=True,
    ),
    Metric(
        "exact_match", "exact_match", "exact match", ANSWERS,
        "the answer is a gold string",
        _of_answers(exact_match), _has_answers,
    ),
    Metric(
        "token_f1", "token_f1", "token F1", ANSWERS,
        "words shared with the best gold string",
        _of_accepted(token_f1), _has_accepted,
    ),
    Metric(
        "token_recall", "token_recall", "token recall", ANSWERS,
        "share of the gold string's words in the answer",
        _of_accepted(token_recall), _has_accepted,
    ),
    Metric(
        "rouge_l", "rouge_l", "ROUGE-L", ANSWERS,
        "longest common sequence with the gold string",
        _of_accepted(rouge_l), _has_accepted,
    ),
    Metric(
        "as_wanted", "as_wanted", "as wanted", ANSWERS,
        "response of the wanted kind with all that it must say",
        as_wanted, _has_want, gated=True,
    ),
    Metric(
        "citation_precision", "citation_precision", "citation precision", CITATIONS,
        "citations that touch evidence",
        lambda grading: grading.citations[0], _never, gated=True,
    ),
    Metric(
        "citation_recall", "citation_recall", "citation recall", CITATIONS,
        "share of the evidence that is cited",
        lambda grading: grading.citations[1], _has_facts, gated=True,
    ),
    Metric(
        "alce_precision", "alce_precision", "ALCE precision", CITATIONS,
        "citations that a statement needs",
        lambda grading: grading.alce[0], _never,
    ),
    Metric(
        "alce_recall", "alce_recall", "ALCE recall", CITATIONS,
        "statements backed by all they cite",
        lambda grading: grading.alce[1], _never,
    ),
    Metric(
        "page_match", "page_match", "page match", CITATIONS,
        "share of the gold pages that are cited",
        lambda grading: page_match(grading.answer, grading.facts), _has_pages,
    ),
)  # fmt: skip

METRICS: dict[str, Metric] = {metric.field: metric for metric in _ENTRIES}

# Further fields of a question's scores: numbers of citations, of those whose quote is exact, and
# of labels that were made up; and whether the question was refused (None if it failed).
COUNTS = ("citations", "exact", "stray", "refused")
# By the fields of METRICS and COUNTS; None where a metric does not apply.
Scores = Mapping[str, float | bool | None]


def _span(citation: Citation) -> Span:
    return (citation.passage.document, citation.quote.start, citation.quote.end)
