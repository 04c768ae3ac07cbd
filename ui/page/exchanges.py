"""An exchange as it comes about: its steps for the page, and what a follow-up is given."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import takewhile

from index.errors import FootnoteError, UnknownDocument
from rag.types import Answers, AskOptions, Delta, Done, Event, Retrieved, Turn
from ui.service.answer_options import AnswerOptions
from ui.service.history import Exchange, History
from ui.service.plain_text import latest

log = logging.getLogger(__name__)

FAULT = "Something went wrong while answering. The server's log says what; please ask again."
_REFRESH_SECONDS = 0.05


def steps(
    engine: Answers,
    now: Exchange,
    past: Sequence[Exchange],
    options: AskOptions = AskOptions(),
) -> Iterator[Exchange]:
    """The exchange after each event that is worth showing; the last one is never running."""
    shown = 0.0
    try:
        events = engine.stream(now.question, history(past), options)
        with closing(events):
            for event in events:
                now = _after(now, event)
                if isinstance(event, Delta) and time.monotonic() - shown < _REFRESH_SECONDS:
                    continue
                shown = time.monotonic()
                yield now
    except FootnoteError as error:
        yield replace(now, fault=str(error))
    except Exception:
        log.exception("the chat page could not answer")
        yield replace(now, fault=FAULT)


def history(exchanges: Sequence[Exchange]) -> tuple[Turn, ...]:
    """The latest turns that fit the limits of a question's history, oldest first."""
    return latest(exchange.turn for exchange in exchanges if exchange.turn is not None)


def as_of_now(engine: Answers, exchanges: Sequence[Exchange]) -> tuple[Exchange, ...]:
    """Kept exchanges, each with what became of the documents that it cites."""
    digests = dict[str, str]()

    def digest(path: str) -> str:
        if path not in digests:
            try:
                digests[path] = engine.document(path).digest
            except UnknownDocument:
                digests[path] = ""
        return digests[path]

    return tuple(replace(each, outdated=_outdated(each, digest)) for each in exchanges)


def _outdated(exchange: Exchange, digest: Callable[[str], str]) -> dict[str, str]:
    found = dict[str, str]()
    for citation in exchange.answer.citations if exchange.answer else ():
        passage = citation.passage
        now = digest(passage.document)
        if now != passage.digest:
            found[passage.document] = "has changed" if now else "is not indexed any more"
    return found


def _after(exchange: Exchange, event: Event) -> Exchange:
    if isinstance(event, Retrieved):
        return replace(exchange, hits=event.hits)
    if isinstance(event, Delta):
        return replace(exchange, text=exchange.text + event.text)
    if isinstance(event, Done):
        return replace(exchange, answer=event.answer, hits=event.answer.hits)
    return exchange


KEPT = 50  # exchanges that stay on the page
Exchanges = tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation; one that is about to begin has no id."""

    id: str
    kept: History
    options: AnswerOptions

    def exchanges(self) -> Exchanges:
        """What is kept of it; without the file there is nothing."""
        try:
            return self.kept.exchanges(self.id)[-KEPT:]
        except FootnoteError:
            return ()


class Runs:
    """The answers that are on their way, by open page, each to be told when it is not wanted.

    Gradio's cancelling alone does not do: a step that is under way is shown after what cancelled
    it, and stays.
    """

    def __init__(self) -> None:
        self._halts = dict[str | None, threading.Event]()

    def follow(self, page: str | None, steps: Iterable[Exchange]) -> Iterator[Exchange]:
        """The steps of an answer for a page, until it is not wanted any more."""
        halt = self._halts[page] = threading.Event()
        try:
            yield from takewhile(lambda _: not halt.is_set(), steps)
        finally:
            if self._halts.get(page) is halt:
                del self._halts[page]

    def halt(self, page: str | None) -> None:
        """Tell the answer that is on its way to a page, if there is one."""
        if halt := self._halts.pop(page, None):
            halt.set()
