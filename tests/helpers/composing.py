"""What a composer makes of its input, without the engine around it."""

from __future__ import annotations

from collections.abc import Generator

from rag.types import Draft, PartRead


def drained(pieces: Generator[str | PartRead, None, Draft]) -> tuple[list[str], Draft]:
    """The texts of a composer's pieces in order, and its draft."""
    texts = list[str]()
    while True:
        try:
            piece = next(pieces)
        except StopIteration as stop:
            draft: Draft = stop.value
            return texts, draft
        if isinstance(piece, str):
            texts.append(piece)
