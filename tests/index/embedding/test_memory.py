"""The cache of vectors: the same numbers, computed once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from index.embedding.micro_batching import VectorCache
from index.types import Vectors

pytestmark = pytest.mark.unit


class Lengths:
    """Embeds a text as its length, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.asked.append(list(texts))
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


def test_vector_cache_embeds_each_text_once_and_answers_in_the_order_asked() -> None:
    embed = Lengths()
    cache = VectorCache(embed)
    assert cache.vectors(["bb", "a", "bb"]).tolist() == [[2, 1], [1, 1], [2, 1]]
    assert cache.vectors(["ccc", "a"]).tolist() == [[3, 1], [1, 1]]
    assert embed.asked == [["a", "bb"], ["ccc"]]


def test_vector_cache_forgets_what_was_asked_for_longest_ago() -> None:
    embed = Lengths()
    cache = VectorCache(embed, size=2)
    cache.vectors(["a"])
    cache.vectors(["bb"])
    cache.vectors(["a"])
    cache.vectors(["ccc"])
    cache.vectors(["a"])
    cache.vectors(["bb"])
    assert embed.asked == [["a"], ["bb"], ["ccc"], ["bb"]]


def test_vector_cache_of_nothing_is_empty_and_asks_for_nothing() -> None:
    embed = Lengths()
    assert VectorCache(embed).vectors([]).shape == (0, 0)
    assert embed.asked == []
