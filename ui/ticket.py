"""A question on its way: from the thread that answers it to the one that asked."""

from __future__ import annotations

import contextvars
import queue
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic

from index.errors import StoreError
from rag.llm.call import READER, Reader

END = object()
_BEGUN = object()
_WAIT_SECONDS = 5


class Busy(StoreError):
    """Too many questions at once; `seconds` until it is worth asking again."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class Late(StoreError):
    """An answer took longer than it may."""


class Stopping(StoreError):
    """The server is being stopped."""


@dataclass(frozen=True, slots=True)
class Limits:
    """So many are answered at once while so many wait, for so long; an answer takes at most
    `seconds` once it has begun.
    """

    at_once: int = 16
    waiting: int = 32
    wait_seconds: float = 30.0
    seconds: float = 150.0


class Ticket(Generator[T, None, None], Generic[T]):
    """A question on its way; the events of its answer as they come, to be read by one reader."""

    def __init__(
        self, work: Callable[[], Generator[T, None, None]], question: str, limits: Limits
    ) -> None:
        self.question = question
        self.context = contextvars.copy_context()
        self.begun = False
        self._reader = Reader()
        self.context.run(READER.set, self._reader)
        self.fault: Exception | None = None
        self._work = work
        self._limits = limits
        self._events: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._until = time.monotonic() + limits.wait_seconds

    @property
    def left(self) -> bool:
        """Whether the reader has left, or has had all there is."""
        return self._reader.left

    def put(self, event: object) -> None:
        """Hand over an event, an exception to raise, or a sign."""
        self._events.put(event)

    def events(self) -> Iterator[T]:
        """What comes of the work, until the reader has left."""
        self.begun = True
        self.put(_BEGUN)
        if self.left:
            return
        with closing(self._work()) as events:
            for event in events:
                if self.left:
                    return
                yield event

    def send(self, value: None) -> T:
        """The next event. Raises Busy if it has not begun in time, Late if it takes too long."""
        event = self._take()
        if event is _BEGUN:
            self._until = time.monotonic() + self._limits.seconds
            event = self._take()
        if event is END or self.left:
            self._reader.leave()
            raise StopIteration
        if not isinstance(event, Exception) and time.monotonic() > self._until:
            event = self._late()
        if isinstance(event, Exception):
            self.fault = event
            self._reader.leave()
            raise event
        return event  # type: ignore[return-value]

    def throw(
        self,
        kind: Any,  # noqa: ANN401
        value: BaseException | object = None,
        trace: TracebackType | None = None,
    ) -> T:
        """As of any generator: leave, and raise it."""
        self.close()
        return super().throw(kind, value, trace)

    def close(self) -> None:
        """Leave; what is under way ends with its next event, a call of an LLM at once."""
        self._reader.leave()
        self.put(END)

    def _take(self) -> object:
        if self.left:
            return END
        try:
            return self._events.get(timeout=max(0.0, self._until - time.monotonic()))
        except queue.Empty:
            if not self.begun:
                return Busy("too many questions at once; ask again in a moment", _WAIT_SECONDS)
            return self._late()

    def _late(self) -> Late:
        return Late(f"the answer took longer than {self._limits.seconds:g} s; ask again")
