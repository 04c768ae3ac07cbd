"""Who is answered now, who waits and who is turned away: one limit for every door."""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from index.catalog.reader import DocumentInfo
from index.errors import StoreError
from index.types import Document, Hit
from rag.llm.call import READER, Reader
from rag.types import Answer, Answers, AskOptions, Done, Event, Turn

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


T = TypeVar("T")


class Stopping(StoreError):
    """The server is being stopped."""


_OUTCOMES = ((Busy, "busy"), (Late, "late"), (Stopping, "stopping"))


def outcome_of(error: BaseException | None) -> str:
    """How logs and metrics name the outcome of a question without an answer.

    "left" without an error: the client left. "" for the engine's own errors.
    """
    if error is None:
        return "left"
    return next((name for kind, name in _OUTCOMES if isinstance(error, kind)), "")


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


_RETRY_SECONDS = (1, 60)
_STOPPING = "the server is being stopped; ask again when it is back"


class Observer(Protocol):
    """Who is told what becomes of each question; called from many threads."""

    def answered(self, question: str, answer: Answer) -> None:
        """An answer is complete."""

    def failed(self, question: str, error: BaseException | None) -> None:
        """A question was turned away or broke; None if its client left."""


# How an engine's answer to a question after some turns is streamed.
Streaming = Callable[[Answers, str, Sequence[Turn], AskOptions], Generator[Event, None, None]]


def streamed(
    engine: Answers, question: str, turns: Sequence[Turn], options: AskOptions
) -> Generator[Event, None, None]:
    """The answer as the engine streams it."""
    return engine.stream(question, turns, options)


class AdmissionControl:
    """Answers so many questions at once through an engine, and turns away what it can't take.

    Answers are made on threads that stay: torch keeps a team of threads for each that calls it.
    """

    def __init__(
        self,
        engine: Answers,
        limits: Limits | None = None,
        observer: Observer | None = None,
        streaming: Streaming = streamed,
    ) -> None:
        self._engine = engine
        self._streaming = streaming
        self._limits = limits or Limits()
        self._observer = observer
        self._lock = threading.Lock()
        self._inside = set[Ticket[Any]]()
        self._begun = 0
        self._took = 0.5  # seconds of the latest answers, a moving average
        self._stopping = False
        self._line: queue.SimpleQueue[Ticket[Any] | None] = queue.SimpleQueue()
        self._threads = 0

    def stream(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Generator[Event, None, None]:
        """As the engine's, begun at once.

        Raises Busy; later Late, Stopping or what it raises. Closing it, from any thread, ends a
        `next` that waits.
        """
        return self._admit(
            lambda: self._streaming(self._engine, question, turns, options), question
        )

    def answer(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Answer:
        """The checked answer: the last event of `stream`."""
        with closing(self.stream(question, turns, options)) as events:
            *_, done = events
        assert isinstance(done, Done)
        return done.answer

    def search(self, query: str, k: int, turns: Sequence[Turn] = ()) -> tuple[str, tuple[Hit, ...]]:
        """As the engine's. Raises Busy, Late or Stopping besides."""

        def once() -> Generator[tuple[str, tuple[Hit, ...]], None, None]:
            yield self._engine.search(query, k, turns)

        with closing(self._admit(once, query)) as found:
            return next(found)

    @property
    def most(self) -> int:
        """How many are answered or wait at most."""
        return self._limits.at_once + self._limits.waiting

    @property
    def running(self) -> int:
        """How many are answered now."""
        return self._begun

    @property
    def waiting(self) -> int:
        """How many wait."""
        with self._lock:
            return self._wanted() - self._begun

    def _wanted(self) -> int:
        """How many are answered or wait; those that left while they waited take no room."""
        return sum(ticket.begun or not ticket.left for ticket in self._inside)

    def stop(self, seconds: float) -> None:
        """Take no more questions, and end those that are not answered within some seconds."""
        with self._lock:
            self._stopping = True
        timer = threading.Timer(seconds, self._end_all)
        timer.daemon = True
        timer.start()

    def documents(self) -> list[DocumentInfo]:
        """As the engine's."""
        return self._engine.documents()

    def document(self, path: str) -> Document:
        """As the engine's."""
        return self._engine.document(path)

    @property
    def generation(self) -> int:
        """As the engine's."""
        return self._engine.generation

    def warm_up(self) -> None:
        """As the engine's."""
        self._engine.warm_up()

    def keep_up(self, stop: threading.Event) -> None:
        """As the engine's."""
        self._engine.keep_up(stop)

    def close(self) -> None:
        """End the threads, and let go of the index."""
        for _ in range(self._threads):
            self._line.put(None)
        self._engine.close()

    def _admit(self, work: Callable[[], Generator[T, None, None]], question: str) -> Ticket[T]:
        ticket = Ticket(work, question, self._limits)
        try:
            with self._lock:
                self._check_room()
                self._inside.add(ticket)
                if self._threads < min(len(self._inside), self._limits.at_once):
                    self._threads += 1
                    threading.Thread(target=self._work, name="answer", daemon=True).start()
        except StoreError as error:
            if self._observer:
                self._observer.failed(question, error)
            raise
        self._line.put(ticket)
        return ticket

    def _check_room(self) -> None:
        if self._stopping:
            raise Stopping(_STOPPING)
        inside, at_once = self._wanted(), self._limits.at_once
        if inside >= self.most:
            least, most = _RETRY_SECONDS
            seconds = min(most, max(least, round(self._took * inside / at_once)))
            raise Busy(f"too many questions at once; ask again in {seconds} s", seconds)

    def _work(self) -> None:
        """Answer one after the other."""
        while ticket := self._line.get():
            with self._lock:
                self._begun += 1
            began = time.monotonic()
            try:
                ticket.context.run(self._produce, ticket)
            finally:
                with self._lock:
                    self._inside.discard(ticket)
                    self._begun -= 1
                    self._took += 0.1 * (time.monotonic() - began - self._took)

    def _produce(self, ticket: Ticket[Any]) -> None:
        """Make an answer, handing over its events, until it is complete or its reader has left."""
        observer, event = self._observer, None
        try:
            for event in ticket.events():
                if observer and isinstance(event, Done):
                    observer.answered(ticket.question, event.answer)
                ticket.put(event)
        except Exception as error:
            if observer:
                observer.failed(ticket.question, error)
            ticket.put(error)
        else:
            if observer and ticket.left and not isinstance(event, Done | tuple):
                observer.failed(ticket.question, ticket.fault)
            ticket.put(END)

    def _end_all(self) -> None:
        with self._lock:
            for ticket in self._inside:
                ticket.put(Stopping(_STOPPING))
