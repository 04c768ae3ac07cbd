"""What a passage's document and its likes add to its score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.neighbours import add_document_scores, add_feedback_scores, max_context_score
from rag.retrieval.weights import RANKING_WEIGHTS

pytestmark = pytest.mark.unit

NEXT, COVERED, LIKE = RANKING_WEIGHTS.next_best, RANKING_WEIGHTS.covered, RANKING_WEIGHTS.like


def test_with_documents_next_best_of_the_same_document_adds_its_share() -> None:
    scores = {"a": 1.0, "b": 0.4, "c": 0.8, "alone": 0.9}
    documents = {"a": "one", "b": "one", "c": "one", "alone": "two"}
    found = add_document_scores(scores, documents, {"one": 0.0, "two": 0.0})
    assert found == {
        "a": 1.0 + NEXT * 0.8,
        "b": 0.4 + NEXT * 1.0,
        "c": 0.8 + NEXT * 1.0,
        "alone": 0.9,
    }


def test_with_documents_equal_scores_add_to_each_other() -> None:
    found = add_document_scores({"a": 0.5, "b": 0.5}, {"a": "one", "b": "one"}, {"one": 0.0})
    assert found == {"a": 0.5 + NEXT * 0.5, "b": 0.5 + NEXT * 0.5}


def test_with_documents_terms_that_the_document_holds_count_for_each_passage() -> None:
    found = add_document_scores(
        {"a": 0.5, "b": 0.2, "c": 0.5},
        {"a": "one", "b": "one", "c": "two"},
        {"one": 1.0, "two": 0.25},
    )
    assert found["a"] == 0.5 + NEXT * 0.2 + COVERED
    assert found["b"] == 0.2 + NEXT * 0.5 + COVERED
    assert found["c"] == 0.5 + COVERED * 0.0625


def test_with_likeness_passage_like_the_best_passes_one_that_is_not() -> None:
    along, across = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    scores = {"best": 1.0, "far": 0.5, "like": 0.45}
    found = add_feedback_scores(scores, {"best": along, "far": across, "like": along})
    assert found["like"] > found["far"]
    assert found["best"] == pytest.approx(1.0 + LIKE, abs=0.01)


def test_with_likeness_without_vectors_changes_nothing() -> None:
    assert add_feedback_scores({"a": 0.7, "b": 0.1}, {}) == {"a": 0.7, "b": 0.1}
    assert add_feedback_scores({}, {}) == {}


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 3), min_size=1),
    st.integers(1, 4),
    st.floats(0, 1),
)
def test_surroundings_never_lower_a_score_nor_pass_the_most(
    scores: dict[str, float], documents: int, share: float
) -> None:
    of = {key: str(place % documents) for place, key in enumerate(sorted(scores))}
    vectors = {key: np.array([1.0, 0.0]) for key in scores}
    found = add_feedback_scores(
        add_document_scores(scores, of, dict.fromkeys(of.values(), share)), vectors
    )
    top = max_context_score(max(scores.values()))
    assert all(scores[key] <= found[key] <= top + 1e-9 for key in scores)
