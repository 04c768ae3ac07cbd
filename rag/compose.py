"""What a composer is: it turns a question and the passages found into a draft answer."""

from collections.abc import Generator, Sequence
from typing import Protocol

from index.passages import Hit
from rag.answers import Draft, Turn


class Composer(Protocol):
    """Yields pieces of text as they are made, and returns the draft they add up to."""

    @property
    def name(self) -> str:
        """The name given on every answer."""
        ...

    def compose(
        self, query: str, hits: Sequence[Hit], turns: Sequence[Turn] = ()
    ) -> Generator[str, None, Draft]:
        """Draft an answer to a stand-alone question from hits, best first; hits is never empty.

        Never raises for a fault of a server: it returns a draft with a note.
        """
        ...
