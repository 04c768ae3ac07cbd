"""Questions embedded together: the same vectors as alone, and nobody waits for nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from index.embedding.micro_batching import MicroBatcher
from index.types import Vectors
from tests.helpers.indexing import minilm


class Lengths:
    """Embeds a text as its length, once it is let go."""

    def __init__(self, waits: bool = False) -> None:
        self.batches: list[list[str]] = []
        self.go = threading.Event()
        self.begun = threading.Semaphore(0)
        if not waits:
            self.go.set()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.begun.release()
        self.go.wait()
        self.batches.append(list(texts))
        if "bad" in texts:
            raise ValueError("bad text")
        return np.array([[len(text)] for text in texts], dtype=np.float32)


@pytest.mark.unit
def test_batcher_one_alone_is_a_batch_of_one() -> None:
    embed = Lengths()
    assert MicroBatcher(embed)("four") == [4.0]
    assert embed.batches == [["four"]]


@pytest.mark.unit
def test_batcher_those_who_come_meanwhile_go_together() -> None:
    embed = Lengths(waits=True)
    batcher = MicroBatcher(embed)
    with ThreadPoolExecutor(41) as pool:
        first = pool.submit(batcher, "first")
        embed.begun.acquire()
        rest = [pool.submit(batcher, "x" * length) for length in range(1, 41)]
        while len(batcher._queue) < 40:
            pass
        embed.go.set()
        assert first.result() == [5.0]
        assert [float(each.result()[0]) for each in rest] == list(range(1, 41))
    assert [len(batch) for batch in embed.batches] == [1, 32, 8]


@pytest.mark.unit
def test_batcher_error_reaches_those_of_its_batch_and_the_next_goes_on() -> None:
    embed = Lengths()
    batcher = MicroBatcher(embed)
    with pytest.raises(ValueError, match="bad text"):
        batcher("bad")
    assert batcher("good") == [4.0]


@pytest.mark.unit
def test_batcher_many_threads_get_their_own_vectors() -> None:
    batcher = MicroBatcher(Lengths())
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda n: float(batcher("x" * n)[0]), range(1, 500)))
    assert found == list(range(1, 500))


@pytest.mark.model
def test_vectors_of_a_batch_are_those_of_each_alone() -> None:
    questions = ["Who?", "Where were the talks held in the spring?", "When?", "a" * 3000, "…"]
    together = minilm().embed_queries(questions)
    alone = np.stack([minilm().embed_query(question) for question in questions])
    assert np.abs(together - alone).max() < 1e-6
