import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from eval.measures.answers import (
    Abstention,
    abstention,
    contains,
    exact_match,
    normalise,
    risk_coverage,
    rouge_l,
    token_f1,
    token_recall,
)

pytestmark = pytest.mark.unit


def test_normalise_follows_squad() -> None:
    assert normalise("  The  U.S.-led Round, an END for $5 ") == "usled round end for 5"


def test_normalise_takes_away_punctuation_of_other_languages() -> None:
    assert normalise("¿Quién «ganó»?") == "quién ganó"


def test_normalise_parts_what_is_written_without_spaces() -> None:
    assert normalise("2024年、東京。") == "2024 年 東 京"
    assert token_f1("東京都", ["東京"]) == pytest.approx(0.8)
    assert contains("首都は東京です", ["東京"]) == 1.0


def test_exact_match_ignores_case_articles_and_punctuation() -> None:
    assert exact_match("The Cairo.", ["Paris", "cairo"]) == 1.0
    assert exact_match("in Cairo", ["Cairo"]) == 0.0


def test_token_f1_takes_the_best_gold_string() -> None:
    # 2 of 3 tokens are common with "33 hostages": 2 * 2 / (3 + 2)
    assert token_f1("about 33 hostages", ["hostages", "33 hostages"]) == pytest.approx(0.8)
    assert token_f1("the the", ["33"]) == 0.0
    assert token_f1("33 33", ["33"]) == pytest.approx(2 / 3)


def test_token_recall_counts_each_word_of_the_gold_string_as_often_as_it_stands_there() -> None:
    assert token_recall("The hostages are 33.", ["33 hostages of 33"]) == 0.5
    assert token_recall("33 hostages and more", ["none of it", "33 hostages"]) == 1.0
    assert token_recall("", ["33"]) == 0.0


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


@pytest.mark.parametrize(
    ("text", "gold", "expected"),
    [
        # Lin 2004, section 3: an LCS of 3 of 4 words, and one of 2 of 4.
        ("police kill the gunman", "police killed the gunman", 0.75),
        ("the gunman kill police", "police killed the gunman", 0.5),
    ],
)
def test_rouge_l_of_the_examples_of_its_paper(text: str, gold: str, expected: float) -> None:
    assert rouge_l(text, [gold]) == pytest.approx(expected)


WORDS = st.lists(st.sampled_from(["a", "Cat", "sat,", "on", "the", "mat."]), max_size=8)


@given(text=WORDS, gold=WORDS)
def test_rouge_l_of_english_equals_the_library_as_it_comes(
    text: list[str], gold: list[str]
) -> None:
    theirs = RougeScorer(["rougeL"]).score(" ".join(gold), " ".join(text))["rougeL"].fmeasure
    assert rouge_l(" ".join(text), [" ".join(gold)]) == theirs


def test_rouge_l_reads_words_of_other_alphabets_and_takes_the_best_gold() -> None:
    assert rouge_l("Она живёт в Москве", ["нет", "она живёт в Москве"]) == 1.0


def test_risk_coverage_of_a_worked_example() -> None:
    answered = [(0.9, True), (0.8, True), (0.7, False), (0.6, True)]
    found = risk_coverage(answered, questions=5)
    assert found is not None
    assert found.points == ((0.2, 0.0), (0.4, 0.0), (0.6, 1 / 3), (0.8, 0.25))
    assert found.aurc == pytest.approx((0 + 0 + 1 / 3 + 1 / 4) / 4)
    assert found.at_risk_5 == 0.4


def test_risk_coverage_takes_equal_confidences_together() -> None:
    found = risk_coverage([(0.5, True), (0.5, False)], questions=2)
    assert found is not None
    assert found.points == ((1.0, 0.5),)
    assert found.aurc == 0.5
    assert found == risk_coverage([(0.5, False), (0.5, True)], questions=2)


def test_risk_coverage_without_answers_is_none() -> None:
    assert risk_coverage([], questions=3) is None


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_risk_coverage_of_distinct_confidences_is_the_mean_of_the_running_risk(
    rights: list[bool],
) -> None:
    found = risk_coverage([(-place, right) for place, right in enumerate(rights)], len(rights))
    risks = [rights[:n].count(False) / n for n in range(1, len(rights) + 1)]
    assert found is not None
    assert found.aurc == pytest.approx(sum(risks) / len(risks))
    assert [risk for _, risk in found.points] == pytest.approx(risks)
