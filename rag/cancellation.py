"""Cancellation of an answer under way, from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Cancellation:
    """Whether an answer is cancelled, and whom to notify then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._callbacks: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    def cancel(self) -> None:
        """Cancel, from any thread, and notify what waits."""
        with self._lock:
            self._cancelled = True
            callbacks = self._callbacks[:]
        for callback in callbacks:
            callback()

    @contextmanager
    def on_cancel(self, callback: Callable[[], None]) -> Iterator[None]:
        """Notify a callback of a cancellation before the end of the block, or of one before it.

        It is called on the thread that cancels, and must not wait.
        """
        with self._lock:
            self._callbacks.append(callback)
            cancelled = self._cancelled
        try:
            if cancelled:
                callback()
            yield
        finally:
            with self._lock:
                self._callbacks.remove(callback)


# The cancellation of the answer that is being made, where it can be cancelled. It is a context
# variable because only the call of an LLM, deep inside, may wait long.
CANCELLATION: ContextVar[Cancellation] = ContextVar("cancellation")
