"""Fusion: a ranking that repeats itself and that no scale decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.hybrid import fuse_scores

pytestmark = pytest.mark.unit

KEYS = st.sampled_from("abcdefghij")
COSINES = st.dictionaries(KEYS, st.floats(-1, 1), min_size=1)
WORDS = st.dictionaries(KEYS, st.floats(0.01, 50))


def test_fuse_weighs_scaled_scores() -> None:
    scores = fuse_scores({"a": 0.8, "b": 0.4, "c": 0.6}, {"b": 10.0, "c": 5.0}, 0.6)
    assert scores == pytest.approx({"a": 0.6, "b": 0.4, "c": 0.3 + 0.2})


def test_fuse_of_one_candidate_without_words_scores_nothing_by_its_cosine() -> None:
    assert fuse_scores({"a": 0.3}, {}, 0.5) == {"a": 0.0}


def test_fuse_of_nothing_is_empty() -> None:
    assert fuse_scores({}, {}, 0.5) == {}


@given(COSINES, WORDS, st.floats(0, 1))
def test_fuse_stays_between_0_and_1(
    cosines: dict[str, float], words: dict[str, float], weight: float
) -> None:
    words = {key: score for key, score in words.items() if key in cosines}
    for score in fuse_scores(cosines, words, weight).values():
        assert -1e-9 <= score <= 1 + 1e-9


@given(COSINES, st.floats(0.1, 100))
def test_fuse_does_not_depend_on_the_scale_of_bm25(cosines: dict[str, float], scale: float) -> None:
    words = {key: 1.0 + index for index, key in enumerate(sorted(cosines))}
    scaled = {key: score * scale for key, score in words.items()}
    assert fuse_scores(cosines, words, 0.5) == pytest.approx(fuse_scores(cosines, scaled, 0.5))


@given(COSINES, WORDS)
def test_fuse_gives_a_key_that_is_best_in_both_the_best_score(
    cosines: dict[str, float], words: dict[str, float]
) -> None:
    words = {key: score for key, score in words.items() if key in cosines}
    best = min(cosines, key=lambda key: (-cosines[key], key))
    words[best] = max(words.values(), default=0.0) + 1.0
    scores = fuse_scores(cosines, words, 0.5)
    assert scores[best] == pytest.approx(max(scores.values()))
