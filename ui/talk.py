"""A conversation of whoever has the chat page open, and the answer that is on its way there."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from index.errors import FootnoteError
from ui.conversation import Exchange
from ui.history import History
from ui.manners import Manner

KEPT = 50  # exchanges that stay on the page
Exchanges = tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation; one that is about to begin has no id."""

    id: str
    kept: History
    manner: Manner

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
