"""Who asked may leave while the answer is made; what waits for a server is told, and stops."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Reader:
    """Whoever an answer is made for, until they leave."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = False
        self._told: list[Callable[[], None]] = []

    @property
    def left(self) -> bool:
        """Whether they have left."""
        return self._left

    def leave(self) -> None:
        """Leave, from any thread, and tell what waits on their behalf."""
        with self._lock:
            self._left = True
            told = self._told[:]
        for tell in told:
            tell()

    @contextmanager
    def told_by(self, tell: Callable[[], None]) -> Iterator[None]:
        """Call this when they leave before the end of the block, at once if they have already.

        It is called on the thread of whoever makes them leave, and must not wait.
        """
        with self._lock:
            self._told.append(tell)
            left = self._left
        try:
            if left:
                tell()
            yield
        finally:
            with self._lock:
                self._told.remove(tell)


# Not set where an answer is made for a caller who stays. It goes past the steps of an answer, of
# which the call of an LLM alone may wait long.
READER: ContextVar[Reader] = ContextVar("reader")
