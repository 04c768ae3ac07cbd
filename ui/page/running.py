"""Answers that are being made for the chat page, each on a thread of its own.

An answer goes on when its page is reloaded, closed or shows something else; any number of pages
may follow it meanwhile, and it is stored when it is done.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from rag.types import Answers, AskOptions, Event
from ui.page.exchanges import UNEXPECTED_ERROR, stream_exchange
from ui.page.html_conversation import STOPPED
from ui.service.history import Exchange

Place = tuple[str, str]  # the owner of a conversation, and its id
Keep = Callable[[Exchange], None]


class RunningAnswer:
    """One answer, from its question to the end; `keep` stores it."""

    def __init__(self, exchange: Exchange, keep: Keep) -> None:
        self._exchange = exchange
        self._keep = keep
        self._version = 0
        self._changed = threading.Condition()  # its lock is reentrant
        self._events: Generator[Event, None, None] | None = None

    @property
    def exchange(self) -> Exchange:
        """The exchange as far as it has come."""
        return self._exchange

    def run(self, engine: Answers, past: Sequence[Exchange], options: AskOptions) -> None:
        """Make the answer."""
        for step in stream_exchange(engine, self._exchange, past, options, self._opened):
            if not self._show(step):
                break
        self._show(replace(self._exchange, fault=UNEXPECTED_ERROR))  # if it has no end
        self._keep(self._exchange)

    def follow(self) -> Iterator[Exchange]:
        """The exchange whenever it has grown; the last one is complete."""
        seen = -1
        while True:
            seen, exchange = self._after(seen)
            yield exchange
            if not exchange.running:
                return

    def _after(self, seen: int) -> tuple[int, Exchange]:
        """The next version that was not seen; waits for it."""
        with self._changed:
            self._changed.wait_for(lambda: self._version > seen)
            return self._version, self._exchange

    def cancel(self) -> None:
        """End it as it is, marked as stopped; nothing is done if it is complete."""
        with self._changed:
            if not self._show(replace(self._exchange, fault=STOPPED)):
                return
        self._keep(self._exchange)
        if self._events:
            with suppress(ValueError):  # a generator that is at work ends with its next event
                self._events.close()

    def drop(self) -> None:
        """End it, and store nothing."""
        self._keep = lambda _: None
        self.cancel()

    def _opened(self, events: Generator[Event, None, None]) -> None:
        self._events = events

    def _show(self, exchange: Exchange) -> bool:
        """Show a further step, unless it was complete before."""
        with self._changed:
            if not self._exchange.running:
                return False
            self._exchange, self._version = exchange, self._version + 1
            self._changed.notify_all()
            return True


class RunningAnswers:
    """The answers that are being made now, by conversation and the key of their exchange."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers = dict[tuple[Place, str], RunningAnswer]()

    def start(
        self,
        place: Place,
        exchange: Exchange,
        keep: Keep,
        engine: Answers,
        past: Sequence[Exchange],
        options: AskOptions,
    ) -> RunningAnswer:
        """Begin an answer."""
        running = RunningAnswer(exchange, keep)
        with self._lock:
            self._answers[place, exchange.key] = running

        def work() -> None:
            try:
                running.run(engine, past, options)
            finally:
                with self._lock:
                    if self._answers.get((place, exchange.key)) is running:
                        del self._answers[place, exchange.key]

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(work,), daemon=True).start()
        return running

    def of(self, place: Place) -> Mapping[str, RunningAnswer]:
        """The answers of a conversation, by the keys of their exchanges, the first first."""
        with self._lock:
            found = {key: each for (where, key), each in self._answers.items() if where == place}
        return dict(sorted(found.items(), key=lambda item: int(item[0][1:])))
