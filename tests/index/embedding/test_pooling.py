"""Vectors of sentences out of the tokens of their passage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.embedding.pooling import cosines, pack, pool, pool_spans, unpack

pytestmark = pytest.mark.unit

# [CLS] one two three [SEP], of "one two three".
OFFSETS = [(0, 0), (0, 3), (4, 7), (8, 13), (0, 0)]
TOKENS = np.array([[9, 9], [3, 0], [0, 4], [0, 5], [9, 9]], dtype=np.float32)


def test_pool_gives_the_direction_of_the_mean() -> None:
    assert pool(TOKENS[1:3]).tolist() == pytest.approx([0.6, 0.8])


def test_pool_spans_takes_the_tokens_of_each_span_and_none_of_the_models_own() -> None:
    found = pool_spans(TOKENS, OFFSETS, [(0, 7), (8, 13)])
    assert found.tolist() == [pytest.approx([0.6, 0.8]), pytest.approx([0, 1])]


def test_pool_spans_beyond_what_the_model_read_gives_the_vector_of_all() -> None:
    read = TOKENS[[0, 1, 4]]
    (found,) = pool_spans(read, [(0, 0), (0, 3), (0, 0)], [(4, 13)])
    assert found.tolist() == pool(read).tolist()


def test_pool_spans_of_none_gives_none() -> None:
    assert pool_spans(TOKENS, OFFSETS, []).shape == (0, 2)


@given(st.lists(st.lists(st.floats(-1, 1, width=32), min_size=8, max_size=8), max_size=5))
def test_packed_vectors_come_back_with_about_the_same_cosines(rows: list[list[float]]) -> None:
    vectors = np.array([row for row in rows if np.linalg.norm(row) > 0.01], np.float32)
    vectors = vectors.reshape(-1, 8)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if len(vectors) else vectors
    packed = pack(unit)
    assert len(packed) == unit.size
    for vector in unit:
        found = cosines([unpack(packed, 8)], vector)
        assert found == pytest.approx((unit @ vector).tolist(), abs=0.01)


def test_cosines_are_the_same_in_any_company() -> None:
    chance = np.random.default_rng(3)
    vectors = chance.normal(size=(40, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    each = [unpack(pack(vectors[:1]), 384), unpack(pack(vectors[1:]), 384)]
    assert cosines(each, vectors[0])[0] == cosines(each[:1], vectors[0])[0]
    assert cosines(each[::-1], vectors[0]) == [
        *cosines(each[1:], vectors[0]),
        *cosines(each[:1], vectors[0]),
    ]
    assert cosines([], vectors[0]) == []
