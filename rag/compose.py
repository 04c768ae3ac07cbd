"""What a composer is: it turns a question and what was found into a draft answer."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from index.types import Hit, Passage
from rag.answers import Draft, Turn
from rag.excerpts import Excerpt
from rag.rank import Sentence


def _unknown(_: str) -> Sequence[Passage]:
    return ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a composer works from: the stand-alone question, hits and sentences, best first.

    `excerpts` makes excerpts of the hits for a composer that wants them; else they stay whole.
    `passages_in` gives all passages of a document, by its path, in reading order.
    """

    query: str
    hits: tuple[Hit, ...]
    sentences: tuple[Sentence, ...]
    excerpts: Callable[[], tuple[Excerpt, ...]] = tuple
    passages_in: Callable[[str], Sequence[Passage]] = _unknown


class Composer(Protocol):
    """Yields pieces of text as they are made, and returns the draft they add up to."""

    @property
    def name(self) -> str:
        """The name given on every answer."""
        ...

    def compose(
        self, evidence: Evidence, turns: Sequence[Turn] = ()
    ) -> Generator[str, None, Draft]:
        """Draft an answer; there is always a hit and a sentence.

        Never raises for a fault of a server: it returns a draft with a note.
        """
        ...
