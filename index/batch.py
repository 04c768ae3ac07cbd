"""Questions that come at the same time are embedded in one batch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from index.passages import Vectors

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
