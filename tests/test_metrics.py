import math

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import (
    Abstention,
    abstention,
    contains,
    exact_match,
    ndcg_at,
    normalise,
    recall_at,
    reciprocal_rank,
    success_at,
    token_f1,
)

pytestmark = pytest.mark.unit

RANKED = ["b", "a", "d", "c"]


@pytest.mark.parametrize(
    ("k", "relevant", "expected"), [(1, {"a"}, 0.0), (2, {"a"}, 1.0), (4, {"x"}, 0.0)]
)
def test_success_counts_any_relevant_in_the_first_k(
    k: int, relevant: set[str], expected: float
) -> None:
    assert success_at(k, RANKED, relevant) == expected


def test_recall_is_the_share_found_and_not_success() -> None:
    assert recall_at(2, RANKED, {"a", "c", "x", "y"}) == 0.25
    assert recall_at(4, RANKED, {"a", "c", "x", "y"}) == 0.5
    assert success_at(2, RANKED, {"a", "c", "x", "y"}) == 1.0


def test_recall_without_relevant_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing is relevant"):
        recall_at(1, RANKED, set())


@pytest.mark.parametrize(
    ("relevant", "k", "expected"),
    [({"b"}, None, 1.0), ({"c", "d"}, None, 1 / 3), ({"c"}, 3, 0.0), ({"c"}, 4, 0.25)],
)
def test_reciprocal_rank_is_cut_at_k(relevant: set[str], k: int | None, expected: float) -> None:
    assert reciprocal_rank(RANKED, relevant, k) == expected


def test_ndcg_of_a_relevant_second_is_one_over_log_three() -> None:
    assert ndcg_at(3, ["b", "a"], {"a": 1}) == pytest.approx(1 / math.log2(3))


def test_ndcg_ideal_is_cut_at_k_too() -> None:
    assert ndcg_at(1, ["a"], {"a": 1, "c": 1, "d": 1}) == 1.0


def test_ndcg_graded_is_gain_over_ideal_gain() -> None:
    # found: 1/log2(2) + 3/log2(3); ideal: 3/log2(2) + 1/log2(3)
    found, ideal = 1 + 3 / math.log2(3), 3 + 1 / math.log2(3)
    assert ndcg_at(5, ["a", "b"], {"a": 1, "b": 3}) == pytest.approx(found / ideal)


def test_ndcg_without_relevant_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing is relevant"):
        ndcg_at(5, RANKED, {"a": 0})


IDS = [f"p{number}" for number in range(12)]


@given(
    ranked=st.permutations(IDS).flatmap(
        lambda order: st.integers(0, 12).map(lambda length: order[:length])
    ),
    grades=st.dictionaries(st.sampled_from(IDS), st.integers(0, 3), min_size=1),
    k=st.integers(1, 15),
)
def test_measures_equal_those_of_trec_eval(
    ranked: list[str], grades: dict[str, int], k: int
) -> None:
    relevant = {item for item, grade in grades.items() if grade}
    if not relevant:
        return
    trec = ir_measures.providers.registry["pytrec_eval"]
    success, recall = ir_measures.Success @ k, ir_measures.R @ k
    rank, ndcg = ir_measures.RR, ir_measures.nDCG @ k
    run = {"q": {item: float(-place) for place, item in enumerate(ranked)}}
    theirs = trec.calc_aggregate([success, recall, rank, ndcg], {"q": grades}, run)
    # trec_eval leaves out a question for which nothing was retrieved.
    expected = [0.0 if math.isnan(theirs[m]) else theirs[m] for m in (success, recall, rank, ndcg)]
    ours = [
        success_at(k, ranked, relevant),
        recall_at(k, ranked, relevant),
        reciprocal_rank(ranked, relevant),
        ndcg_at(k, ranked, grades),
    ]
    assert ours == pytest.approx(expected)


def test_normalise_follows_squad() -> None:
    assert normalise("  The  U.S.-led Round, an END ") == "usled round end"


def test_exact_match_ignores_case_articles_and_punctuation() -> None:
    assert exact_match("The Cairo.", ["Paris", "cairo"]) == 1.0
    assert exact_match("in Cairo", ["Cairo"]) == 0.0


def test_token_f1_takes_the_best_gold_string() -> None:
    # 2 of 3 tokens are common with "33 hostages": 2 * 2 / (3 + 2)
    assert token_f1("about 33 hostages", ["hostages", "33 hostages"]) == pytest.approx(0.8)
    assert token_f1("the the", ["33"]) == 0.0
    assert token_f1("33 33", ["33"]) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("text", "golds", "expected"),
    [
        ("Egypt led the talks in Cairo.", ["cairo"], 1.0),
        ("Egyptian officials", ["Egypt"], 0.0),
        ("It began in 1933", ["33"], 0.0),
        ("the “seven-month” war", ["seven month"], 1.0),
        ("north\N{EN DASH}south axis", ["South"], 1.0),
        ("7,000 people", ["7000"], 1.0),
        ("the U.S. and Qatar", ["US and Qatar"], 1.0),
        ("between the north and south", ["between north and the south"], 1.0),
        ("anything", ["the", "?"], 0.0),
        ("anything", [], 0.0),
    ],
)
def test_contains_asks_for_whole_words(text: str, golds: list[str], expected: float) -> None:
    assert contains(text, golds) == expected


def test_abstention_counts_refusals_against_what_is_answerable() -> None:
    # 3 refusals, 2 of them right; 4 not answerable; 1 of 2 answerable refused
    found = abstention(
        refused=[True, True, False, False, True, False],
        answerable=[False, False, False, False, True, True],
    )
    assert found == Abstention(precision=2 / 3, recall=0.5, f1=4 / 7, over_refusal=0.5)


def test_abstention_without_refusals_has_no_precision() -> None:
    assert abstention([False], [True]) == Abstention(None, None, None, 0.0)


def test_abstention_without_unanswerable_questions_has_neither_recall_nor_f1() -> None:
    assert abstention([True, False], [True, True]) == Abstention(0.0, None, None, 0.5)
