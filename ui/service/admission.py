"""Admission control: a limit on concurrent answers and on waiting questions, for all callers.

Answers are made on the threads of one pool, which stay: torch keeps a team of threads for each
thread that calls it. The pool's thread hands each event to its reader, a thread or an event loop.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from copy import copy
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

import anyio

from index.catalog.reader import DocumentInfo
from index.errors import StoreError
from index.types import Document, Hit
from rag.cancellation import CANCELLATION, Cancellation
from rag.types import Answer, Answers, AskOptions, Done, Event, Turn

_STARTED, _END = object(), object()
_QUEUE_RETRY_SECONDS = 5
_RETRY_SECONDS = (1, 60)
_STOPPING = "the server is being stopped; ask again when it is back"
_NOT_LOADED = "the model cannot be loaded at present and is tried again; the server's log says why"

T = TypeVar("T")
Found = tuple[str, tuple[Hit, ...]]


class Busy(StoreError):
    """The limit is reached; `seconds` until a retry makes sense."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class AnswerTimeout(StoreError):
    """An answer took longer than the limit."""


class ShuttingDown(StoreError):
    """The server is being stopped."""


_OUTCOMES = ((Busy, "busy"), (AnswerTimeout, "late"), (ShuttingDown, "stopping"))


def outcome_of(error: BaseException | None) -> str:
    """The outcome of a question without an answer, as logs and metrics name it.

    "left" without an error: the client left. "" for the engine's own errors.
    """
    if error is None:
        return "left"
    return next((name for kind, name in _OUTCOMES if isinstance(error, kind)), "")


@dataclass(frozen=True, slots=True)
class Limits:
    """`at_once` questions are answered while `waiting` wait, `wait_seconds` at most.

    An answer takes at most `seconds` once it has begun.
    """

    at_once: int = 16
    waiting: int = 32
    wait_seconds: float = 30.0
    seconds: float = 150.0


class Observer(Protocol):
    """Receives the outcome of each question; called from many threads."""

    def answered(self, question: str, answer: Answer) -> None:
        """An answer is complete."""

    def failed(self, question: str, error: BaseException | None) -> None:
        """A question was rejected or failed; `error` is None if its client left."""


# How the engine's answer to a question is streamed; tracing wraps spans around it.
Streaming = Callable[[Answers, str, Sequence[Turn], AskOptions], Generator[Event, None, None]]


def streamed(
    engine: Answers, question: str, turns: Sequence[Turn], options: AskOptions
) -> Generator[Event, None, None]:
    """The answer as the engine streams it."""
    return engine.stream(question, turns, options)


class _Job(Generic[T]):
    """An admitted question: its work, run in the caller's context, and where its events go."""

    def __init__(
        self,
        work: Callable[[], Generator[T, None, None]],
        question: str,
        deliver: Callable[[object], None],
    ) -> None:
        self.question = question
        self.deliver = deliver
        self.started = False
        self.error: Exception | None = None  # a timeout that its reader saw
        self.context = contextvars.copy_context()
        self._work = work
        self._cancellation = Cancellation()
        self.context.run(CANCELLATION.set, self._cancellation)

    @property
    def cancelled(self) -> bool:
        """Whether its reader has left, or has received the end."""
        return self._cancellation.cancelled

    def cancel(self) -> None:
        """End the work with its next event, and a call of an LLM at once."""
        self._cancellation.cancel()

    def events(self) -> Iterator[T]:
        """What the work yields until the job is cancelled."""
        self.started = True
        self.deliver(_STARTED)
        if self.cancelled:
            return
        with closing(self._work()) as events:
            for event in events:
                if self.cancelled:
                    return
                yield event


class _Reading(Generic[T]):
    """The deadlines of one job: first for its start, then for its end."""

    def __init__(self, job: _Job[T], limits: Limits) -> None:
        self.job = job
        self._limits = limits
        self._until = time.monotonic() + limits.wait_seconds

    @property
    def remaining(self) -> float:
        """Seconds until the deadline, 0 when it has passed."""
        return max(0.0, self._until - time.monotonic())

    def begin(self) -> None:
        """The job has started: its deadline is that of an answer."""
        self._until = time.monotonic() + self._limits.seconds

    def timeout(self) -> StoreError:
        """What a reader raises at the deadline."""
        if not self.job.started:
            message = "too many questions at once; ask again in a moment"
            return Busy(message, _QUEUE_RETRY_SECONDS)
        return AnswerTimeout(f"the answer took longer than {self._limits.seconds:g} s; ask again")

    def accept(self, item: object) -> T | None:
        """An event that was delivered, None at the end. Raises an error that was delivered."""
        if item is _END or self.job.cancelled:
            self.job.cancel()
            return None
        if not isinstance(item, Exception) and not self.remaining:
            item = self.timeout()
        if isinstance(item, Exception):
            self.job.error = item
            self.job.cancel()
            raise item
        return item  # type: ignore[return-value]


class EventStream(Generator[T, None, None]):
    """The events of one job for a reader on a thread; any thread may close it."""

    def __init__(self, items: queue.SimpleQueue[object], reading: _Reading[T]) -> None:
        self._items = items
        self._reading = reading

    def send(self, value: None) -> T:
        """The next event. Raises Busy or AnswerTimeout at a deadline, and what the work raises."""
        item = self._take()
        if item is _STARTED:
            self._reading.begin()
            item = self._take()
        event = self._reading.accept(item)
        if event is None:
            raise StopIteration
        return event

    def throw(
        self,
        kind: Any,  # noqa: ANN401
        value: BaseException | object = None,
        trace: TracebackType | None = None,
    ) -> T:
        """Close the stream and raise the exception, as any generator."""
        self.close()
        return super().throw(kind, value, trace)

    def close(self) -> None:
        """Cancel the job; a `next` that waits ends."""
        self._reading.job.cancel()
        self._items.put(_END)

    def _take(self) -> object:
        if self._reading.job.cancelled:
            return _END
        try:
            return self._items.get(timeout=self._reading.remaining)
        except queue.Empty:
            return self._reading.timeout()


class AsyncEventStream(AsyncIterator[T]):
    """The events of one job for a task of the event loop in which it is made; it holds no thread.

    A task that is cancelled while it waits closes it.
    """

    def __init__(self, items: asyncio.Queue[object], reading: _Reading[T]) -> None:
        self._items = items
        self._reading = reading

    async def __anext__(self) -> T:
        """The next event. Raises Busy or AnswerTimeout at a deadline, and what the work raises."""
        item = await self._take()
        if item is _STARTED:
            self._reading.begin()
            item = await self._take()
        event = self._reading.accept(item)
        if event is None:
            raise StopAsyncIteration
        return event

    def close(self) -> None:
        """Cancel the job; a task that waits for its next event receives the end."""
        self._reading.job.cancel()
        self._reading.job.deliver(_END)

    async def _take(self) -> object:
        if self._reading.job.cancelled:
            return _END
        with suppress(asyncio.QueueEmpty):
            return self._items.get_nowait()
        try:
            with anyio.fail_after(self._reading.remaining):
                return await self._items.get()
        except TimeoutError:
            return self._reading.timeout()
        except asyncio.CancelledError:
            self.close()
            raise


@dataclass(slots=True)
class _Load:
    """What is under way, of all views of one admission control; `unready` as of its property."""

    running: int = 0
    mean_seconds: float = 0.5  # of the latest answers, a moving average
    stopping: bool = False
    unready: str = ""


class AdmissionControl:
    """An engine behind limits, with the methods of `Answers` and two of their own for asyncio."""

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
        self._threads = ThreadPoolExecutor(self._limits.at_once, thread_name_prefix="answer")
        self._lock = threading.Lock()
        self._jobs = set[_Job[Any]]()
        self._load = _Load()

    def over(self, engine: Answers) -> AdmissionControl:
        """The same limits, threads and observers for the questions to another engine."""
        other = copy(self)
        other._engine = engine
        return other

    @property
    def unready(self) -> str:
        """Why no question can be answered, as a sentence; "" if they can."""
        return self._load.unready

    def stream(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> EventStream[Event]:
        """As the engine's, begun at once, for a reader on a thread.

        Raises Busy or ShuttingDown; the stream raises AnswerTimeout besides.
        """
        return self._stream(self._answering(question, turns, options), question)

    def astream(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> AsyncEventStream[Event]:
        """As `stream`, for a task of the running event loop; the caller closes it."""
        return self._astream(self._answering(question, turns, options), question)

    def answer(
        self, question: str, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Answer:
        """The checked answer: the last event of `stream`."""
        with closing(self.stream(question, turns, options)) as events:
            *_, done = events
        assert isinstance(done, Done)
        return done.answer

    def search(
        self, query: str, k: int, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Found:
        """As the engine's. Raises Busy, AnswerTimeout or ShuttingDown besides."""
        with closing(self._stream(self._searching(query, k, turns, options), query)) as found:
            return next(found)

    async def asearch(
        self, query: str, k: int, turns: Sequence[Turn] = (), options: AskOptions = AskOptions()
    ) -> Found:
        """As `search`, for a task of the running event loop."""
        with closing(self._astream(self._searching(query, k, turns, options), query)) as found:
            return await anext(found)

    async def arun(self, work: Callable[[Answers], T]) -> T:
        """What other work, of the engine itself, gives; it counts as one question. Raises as
        `asearch`."""

        def once() -> Generator[tuple[T], None, None]:
            yield (work(self._engine),)

        with closing(self._astream(once, "")) as found:
            return (await anext(found))[0]

    @property
    def most(self) -> int:
        """How many are answered or wait at most."""
        return self._limits.at_once + self._limits.waiting

    @property
    def running(self) -> int:
        """How many are answered now."""
        return self._load.running

    @property
    def waiting(self) -> int:
        """How many wait."""
        with self._lock:
            return self._admitted() - self._load.running

    def stop(self, seconds: float) -> None:
        """Reject new questions, and end those that are not answered within some seconds."""
        with self._lock:
            self._load.stopping = True
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
        """As the engine's; `unready` tells of its failure until it succeeds."""
        try:
            self._engine.warm_up()
        except Exception:
            self._load.unready = _NOT_LOADED
            raise
        self._load.unready = ""

    def keep_up(self, stop: threading.Event) -> None:
        """As the engine's."""
        self._engine.keep_up(stop)

    def close(self) -> None:
        """End the threads when they are idle, and release the index."""
        with self._lock:
            self._load.stopping = True
        self._threads.shutdown(wait=False)
        self._engine.close()

    def _answering(
        self, question: str, turns: Sequence[Turn], options: AskOptions
    ) -> Callable[[], Generator[Event, None, None]]:
        return lambda: self._streaming(self._engine, question, turns, options)

    def _searching(
        self, query: str, k: int, turns: Sequence[Turn], options: AskOptions
    ) -> Callable[[], Generator[Found, None, None]]:
        def once() -> Generator[Found, None, None]:
            yield self._engine.search(query, k, turns, options)

        return once

    def _stream(
        self, work: Callable[[], Generator[T, None, None]], question: str
    ) -> EventStream[T]:
        items = queue.SimpleQueue[object]()
        return EventStream(items, self._admit(_Job(work, question, items.put)))

    def _astream(
        self, work: Callable[[], Generator[T, None, None]], question: str
    ) -> AsyncEventStream[T]:
        loop, items = asyncio.get_running_loop(), asyncio.Queue[object]()

        def deliver(item: object) -> None:
            with suppress(RuntimeError):  # the loop is closed, and its reader gone
                loop.call_soon_threadsafe(items.put_nowait, item)

        return AsyncEventStream(items, self._admit(_Job(work, question, deliver)))

    def _admit(self, job: _Job[T]) -> _Reading[T]:
        """Have a job run. Raises Busy or ShuttingDown."""
        try:
            with self._lock:
                self._check_capacity()
                self._jobs.add(job)
                self._threads.submit(self._run, job)
        except StoreError as error:
            if self._observer:
                self._observer.failed(job.question, error)
            raise
        return _Reading(job, self._limits)

    def _admitted(self) -> int:
        """How many are answered or wait; a job that was cancelled while it waited counts not."""
        return sum(job.started or not job.cancelled for job in self._jobs)

    def _check_capacity(self) -> None:
        if self._load.stopping:
            raise ShuttingDown(_STOPPING)
        admitted, at_once = self._admitted(), self._limits.at_once
        if admitted >= self.most:
            least, most = _RETRY_SECONDS
            seconds = min(most, max(least, round(self._load.mean_seconds * admitted / at_once)))
            raise Busy(f"too many questions at once; ask again in {seconds} s", seconds)

    def _run(self, job: _Job[Any]) -> None:
        with self._lock:
            self._load.running += 1
        began = time.monotonic()
        try:
            job.context.run(self._produce, job)
        finally:
            with self._lock:
                self._jobs.discard(job)
                self._load.running -= 1
                self._load.mean_seconds += 0.1 * (
                    time.monotonic() - began - self._load.mean_seconds
                )

    def _produce(self, job: _Job[Any]) -> None:
        """Deliver the events of a job until it is complete or cancelled, and its outcome."""
        observer, event = self._observer, None
        try:
            for event in job.events():
                if observer and isinstance(event, Done):
                    observer.answered(job.question, event.answer)
                job.deliver(event)
        except Exception as error:
            if observer:
                observer.failed(job.question, error)
            job.deliver(error)
        else:
            if observer and job.cancelled and not isinstance(event, Done | tuple):
                observer.failed(job.question, job.error)
            job.deliver(_END)

    def _end_all(self) -> None:
        with self._lock:
            for job in self._jobs:
                job.deliver(ShuttingDown(_STOPPING))
