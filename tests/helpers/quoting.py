"""Texts and sentences of passages that no index holds."""

from __future__ import annotations

from index.snapshots import Text, text_of
from index.types import Passage
from rag.retrieval.sentences import quotes_of
from rag.types import Quote


def text_in(passage: Passage) -> Text:
    """The text of a passage, without vectors and terms."""
    return text_of([passage], None, None, lambda parts: [[] for _ in parts])


def quotes_in(passage: Passage) -> list[Quote]:
    """The sentences of a passage in reading order."""
    return quotes_of(text_in(passage))
