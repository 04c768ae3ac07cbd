"""Micro-batching: questions that arrive at the same time are embedded in one batch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
from cachetools import LRUCache

from index.types import Vectors

# A batch of 16 short questions takes MiniLM as long as six single ones on two cores.
_MAX_BATCH = 32


class _PendingText:
    """A text in the queue, and its vector or error once it is embedded."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.vector: Vectors | None = None
        self.error: BaseException | None = None

    @property
    def done(self) -> bool:
        return self.vector is not None or self.error is not None


class MicroBatcher:
    """Turns a function over many texts into one over a single text, for any number of threads.

    A text that arrives while a batch is embedded joins the next; one that arrives alone does not
    wait.
    """

    def __init__(self, embed: Callable[[Sequence[str]], Vectors]) -> None:
        self._embed = embed
        self._changed = threading.Condition()
        self._busy = False
        self._queue: list[_PendingText] = []

    def __call__(self, text: str) -> Vectors:
        """The vector of one text. Raises what embedding its batch raises."""
        pending = _PendingText(text)
        with self._changed:
            self._queue.append(pending)
        while not pending.done:
            if batch := self._next(pending):
                self._run(batch)
        if pending.error:
            raise pending.error
        assert pending.vector is not None
        return pending.vector

    def _next(self, pending: _PendingText) -> list[_PendingText]:
        """The batch that the caller must embed; empty once its own text is done."""
        with self._changed:
            while self._busy and not pending.done:
                self._changed.wait()
            if pending.done:
                return []
            batch, self._queue = self._queue[:_MAX_BATCH], self._queue[_MAX_BATCH:]
            self._busy = True
            return batch

    def _run(self, batch: Sequence[_PendingText]) -> None:
        try:
            vectors = self._embed([item.text for item in batch])
            for item, vector in zip(batch, vectors, strict=True):
                item.vector = vector
        except BaseException as error:
            for item in batch:
                item.error = error
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()


# 1.5 kB each with MiniLM, so 30 MB at most.
_CACHE_SIZE = 20_000


class VectorCache:
    """Embeds texts and keeps the vectors of those used last; safe for any number of threads."""

    def __init__(self, embed: Callable[[Sequence[str]], Vectors], size: int = _CACHE_SIZE) -> None:
        self._embed = embed
        self._lock = threading.Lock()
        self._vectors: LRUCache[str, Vectors] = LRUCache(size)

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts, shape (len(texts), dimension); (0, 0) for no texts."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        with self._lock:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
        missing = sorted(set(texts) - known.keys())
        if missing:
            known.update(zip(missing, self._embed(missing), strict=True))
        with self._lock:
            self._vectors.update(known)
        return np.stack([known[text] for text in texts])
