"""Exchanges of the chat page: how an answer is streamed into one, and followed by a page."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import takewhile

from index.errors import EmptyIndex, FootnoteError, UnknownDocument
from rag.types import Answers, AskOptions, Delta, Done, Event, PartRead, Retrieved, Turn
from ui.service.answer_options import AnswerOptions
from ui.service.history import Exchange, History
from ui.service.plain_text import latest

log = logging.getLogger(__name__)

UNEXPECTED_ERROR = (
    "Something went wrong while answering. The server's log says what; please ask again."
)
_UPDATE_SECONDS = 0.05


def stream_exchange(
    engine: Answers,
    exchange: Exchange,
    past: Sequence[Exchange],
    options: AskOptions = AskOptions(),
    opened: Callable[[Generator[Event, None, None]], None] | None = None,
) -> Iterator[Exchange]:
    """The exchange after each event, deltas throttled; the last one is never running.

    `opened` is called with the engine's stream, for who wants to close it.
    """
    yielded = 0.0
    try:
        events = engine.stream(exchange.question, previous_turns(past), options)
        if opened:
            opened(events)
        with closing(events):
            for event in events:
                is_more = isinstance(event, Delta) and bool(exchange.text)
                exchange = _with_event(exchange, event)
                if is_more and time.monotonic() - yielded < _UPDATE_SECONDS:
                    continue  # the first words are shown at once
                yielded = time.monotonic()
                yield exchange
    except FootnoteError as error:
        yield replace(exchange, fault=str(error))
    except Exception:
        log.exception("the chat page could not answer")
        yield replace(exchange, fault=UNEXPECTED_ERROR)


def previous_turns(exchanges: Sequence[Exchange]) -> tuple[Turn, ...]:
    """The latest turns that fit the limits of a question's history, oldest first."""
    return latest(exchange.turn for exchange in exchanges if exchange.turn is not None)


def with_outdated(engine: Answers, exchanges: Sequence[Exchange]) -> tuple[Exchange, ...]:
    """Stored exchanges, each with the cited documents that have changed or gone since."""
    digests = dict[str, str | None]()

    def digest(path: str) -> str | None:
        if path not in digests:
            try:
                digests[path] = engine.document(path).digest
            except UnknownDocument:
                digests[path] = ""
            except EmptyIndex:  # it cannot be told yet
                digests[path] = None
        return digests[path]

    return tuple(replace(each, outdated=_outdated(each, digest)) for each in exchanges)


def _outdated(exchange: Exchange, digest: Callable[[str], str | None]) -> dict[str, str]:
    found = dict[str, str]()
    for citation in exchange.answer.citations if exchange.answer else ():
        passage = citation.passage
        now = digest(passage.document)
        if now is not None and now != passage.digest:
            found[passage.document] = "has changed" if now else "is not indexed any more"
    return found


def _with_event(exchange: Exchange, event: Event) -> Exchange:
    if isinstance(event, Retrieved):
        return replace(exchange, hits=event.hits)
    if isinstance(event, PartRead):
        return replace(exchange, reading=(event.part, event.of))
    if isinstance(event, Delta):
        return replace(exchange, text=exchange.text + event.text)
    if isinstance(event, Done):
        return replace(exchange, answer=event.answer, hits=event.answer.hits)
    return exchange


MAX_EXCHANGES = 50  # that stay on the page
Exchanges = tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation and its options; a new one has no id until its first question.

    `answers` is what it asks: the collections that are chosen. `readable` has all documents that
    its reader may see.
    """

    id: str
    history: History
    options: AnswerOptions
    answers: Answers
    readable: Answers

    def exchanges(self) -> Exchanges:
        """Its latest stored exchanges; none if they cannot be read."""
        try:
            return self.history.exchanges(self.id)[-MAX_EXCHANGES:]
        except FootnoteError:
            return ()


class Following:
    """Ends what an open page follows, once it shows something else.

    Gradio's own cancelling is not enough: a step that is under way is still shown afterwards.
    """

    def __init__(self) -> None:
        self._left = dict[str | None, threading.Event]()

    def until_left(self, page: str | None, steps: Iterable[Exchange]) -> Iterator[Exchange]:
        """The steps of an answer for a page, until that leaves it."""
        left = self._left[page] = threading.Event()
        try:
            yield from takewhile(lambda _: not left.is_set(), steps)
        finally:
            if self._left.get(page) is left:
                del self._left[page]

    def leave(self, page: str | None) -> None:
        """End what a page follows, if it follows an answer."""
        if left := self._left.pop(page, None):
            left.set()
