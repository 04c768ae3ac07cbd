"""Vectors of sentences that were embedded lately: questions come back to the same passages."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

from index.passages import Vectors

# 1.5 kB each with MiniLM, so 30 MB at most.
_KEPT = 20_000


class VectorMemory:
    """Embeds texts, but those it remembers not again; safe for any number of threads."""

    def __init__(self, embed: Callable[[Sequence[str]], Vectors], kept: int = _KEPT) -> None:
        self._embed = embed
        self._kept = kept
        self._lock = threading.Lock()
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()

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
            for text in texts:
                self._vectors[text] = known[text]
                self._vectors.move_to_end(text)
            while len(self._vectors) > self._kept:
                self._vectors.popitem(last=False)
        return np.stack([known[text] for text in texts])
