import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import RR, R, Success, nDCG

from eval.datasets.evidence import Fact
from eval.datasets.spans import Span
from eval.measures.retrieval import all_found, ranks, score_ranking
from index.types import Hit, Passage

pytestmark = pytest.mark.unit


def hit(document: str, start: int, end: int) -> Hit:
    passage = Passage(f"{document}#{start}", document, "", "", "", start, end, None, "")
    return Hit(passage, 0.5, 1)


def fact(*places: Span, grade: int = 1) -> Fact:
    return Fact(places, grade=grade)


NAMES = [f"p{number:02}" for number in range(16)]


@given(
    ranked=st.permutations(NAMES).flatmap(
        lambda order: st.integers(0, 16).map(lambda length: order[:length])
    ),
    grades=st.dictionaries(st.sampled_from(NAMES), st.integers(1, 3), min_size=1),
)
def test_scores_equal_those_of_ir_measures(ranked: list[str], grades: dict[str, int]) -> None:
    facts = [fact((name, 0, 9), grade=grade) for name, grade in grades.items()]
    found = score_ranking([(name, 0, 9) for name in ranked], facts)
    # trec_eval leaves out a question for which nothing was retrieved.
    run = {"q": {name: -float(place) for place, name in enumerate(ranked)} or {"none": 0.0}}
    measures = [Success @ 1, Success @ 5, R @ 5, R @ 10, RR @ 10, nDCG @ 10]
    theirs = ir_measures.calc_aggregate(measures, {"q": grades}, run)
    ours = [
        found.success_1,
        found.success_5,
        found.recall_5,
        found.recall_10,
        found.reciprocal_rank,
        found.ndcg_10,
    ]
    assert ours == pytest.approx([theirs[measure] for measure in measures])


def test_score_ranking_of_a_passage_with_two_facts_gains_both_at_its_rank() -> None:
    facts = [fact(("a", 0, 5)), fact(("a", 5, 9)), fact(("b", 0, 1))]
    found = score_ranking([("c", 0, 9), ("a", 0, 9)], facts)
    assert (found.success_1, found.success_5, found.reciprocal_rank) == (0, 1, 0.5)
    assert found.recall_5 == pytest.approx(2 / 3)
    # 2/log2(3) was gained; the best order has 2/log2(2) and 1/log2(3).
    assert found.ndcg_10 == pytest.approx(1.261860 / 2.630930, abs=1e-5)


def test_score_ranking_takes_any_place_of_a_fact_and_counts_it_once() -> None:
    found = score_ranking([("a", 0, 9), ("b", 0, 9)], [fact(("a", 0, 1), ("b", 8, 20))])
    assert (found.recall_5, found.reciprocal_rank, found.ndcg_10) == (1, 1, 1)


def test_score_ranking_looks_at_ten_ranks() -> None:
    ranking = [("a", place, place + 1) for place in range(11)]
    assert score_ranking(ranking, [fact(("a", 9, 10))]).reciprocal_rank == 0.1
    assert score_ranking(ranking, [fact(("a", 10, 11))]).reciprocal_rank == 0.0


def test_score_ranking_of_nothing_is_zero() -> None:
    found = score_ranking([], [fact(("a", 0, 1))])
    assert (found.success_5, found.recall_10, found.ndcg_10) == (0, 0, 0)


def test_ranks_of_whole_documents_hold_each_document_once() -> None:
    hits = [hit("a", 0, 5), hit("a", 5, 9), hit("b", 0, 9), hit("a", 9, 12)]
    whole = Fact((("b", 0, 9),), whole=True)
    assert ranks(hits, [whole]) == [("a", 0, 5), ("b", 0, 9)]
    assert ranks(hits, [whole, fact(("a", 0, 1))]) == [
        ("a", 0, 5),
        ("a", 5, 9),
        ("b", 0, 9),
        ("a", 9, 12),
    ]


def test_found_all_tells_whether_further_passages_could_matter() -> None:
    facts = [fact(("a", 0, 5)), fact(("b", 0, 5))]
    assert not all_found([hit("a", 0, 9)], facts)
    assert all_found([hit("a", 0, 9), hit("b", 4, 9)], facts)
    assert all_found([], [])
