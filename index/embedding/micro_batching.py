"""Questions that come at the same time are embedded in one batch."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

from index.types import Vectors

# A batch of 16 short questions takes MiniLM as long as six single ones on two cores.
_MOST = 32


class _Waiting:
    """A text whose vector is waited for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.vector: Vectors | None = None
        self.error: BaseException | None = None

    @property
    def done(self) -> bool:
        return self.vector is not None or self.error is not None


class Batcher:
    """A function of one text over one of many, for any number of threads.

    Who comes while a batch is embedded goes with the next; who comes alone does not wait.
    """

    def __init__(self, embed: Callable[[Sequence[str]], Vectors]) -> None:
        self._embed = embed
        self._changed = threading.Condition()
        self._busy = False
        self._line: list[_Waiting] = []

    def __call__(self, text: str) -> Vectors:
        """The vector of one text. Raises what embedding its batch raises."""
        mine = _Waiting(text)
        with self._changed:
            self._line.append(mine)
        while not mine.done:
            if batch := self._next(mine):
                self._run(batch)
        if mine.error:
            raise mine.error
        assert mine.vector is not None
        return mine.vector

    def _next(self, mine: _Waiting) -> list[_Waiting]:
        """The batch that the caller is to embed; none once its own text is done."""
        with self._changed:
            while self._busy and not mine.done:
                self._changed.wait()
            if mine.done:
                return []
            batch, self._line = self._line[:_MOST], self._line[_MOST:]
            self._busy = True
            return batch

    def _run(self, batch: Sequence[_Waiting]) -> None:
        try:
            vectors = self._embed([waiting.text for waiting in batch])
            for waiting, vector in zip(batch, vectors, strict=True):
                waiting.vector = vector
        except BaseException as error:
            for waiting in batch:
                waiting.error = error
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()


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
