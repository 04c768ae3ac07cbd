"""An index seen as if some of its documents were not there; nothing is indexed again."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from index.snapshots import Index, Snapshot
from rag.composition.extractive import QuotesComposer
from rag.engine import Engine

if TYPE_CHECKING:
    from index.snapshots import Text
    from index.types import Vectors
    from rag.settings import Settings


class IndexView:
    """One generation of an index, and what its passages hold, read once."""

    def __init__(self, settings: Settings, index: Index, snapshot: Snapshot) -> None:
        self.settings = settings
        self.index = index
        self.snapshot = snapshot
        probe = index.embed_query("every passage")
        keys = [key for key, _ in snapshot.nearest(probe, snapshot.passage_count)]
        self.texts = snapshot.texts(keys)
        self.terms = {
            key: frozenset(text.heading).union(*text.terms) for key, text in self.texts.items()
        }


@contextmanager
def opened(settings: Settings) -> Iterator[IndexView]:
    """The index in `settings.data`, all of it. Raises what `Index.lease` raises."""
    index = Index(settings)
    try:
        with index.lease() as snapshot:
            yield IndexView(settings, index, snapshot)
    finally:
        index.close()


def engine_without(whole: IndexView, left_out: Collection[str]) -> Engine:
    """An engine that quotes from an index without some documents, named by their paths."""
    partial = cast(
        "Index", _FilteredIndex(whole, cast("Snapshot", FilteredSnapshot(whole, left_out)))
    )
    return Engine(whole.settings, partial, QuotesComposer(whole.settings.sentences))


class _FilteredIndex:
    """What an engine needs of an index."""

    def __init__(self, whole: IndexView, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.embed_query = whole.index.embed_query
        self.embed_sentences = whole.index.embed_sentences

    @contextmanager
    def lease(self) -> Iterator[Snapshot]:
        yield self._snapshot


class FilteredSnapshot:
    """A snapshot that finds no passage of the documents that are left out.

    Terms weigh as in what is left; BM25 goes on counting the words of all, which for the few
    documents that are left out at a time changes no order that matters.
    """

    def __init__(self, whole: IndexView, left_out: Collection[str]) -> None:
        self._whole = whole
        self._snapshot = whole.snapshot
        self._kept = {
            key: replace(text, passages=kept)
            for key, text in whole.texts.items()
            if (kept := tuple(p for p in text.passages if p.document not in left_out))
        }
        self.passage_count = sum(len(text.passages) for text in self._kept.values())
        self.model, self.generation = self._snapshot.model, self._snapshot.generation

    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """As Snapshot's."""
        return self._keep(self._snapshot.nearest(vector, k + self._missing), k)

    def search_words(self, query: str, k: int) -> list[tuple[str, float]]:
        """As Snapshot's."""
        return self._keep(self._snapshot.search_words(query, k + self._missing), k)

    def texts(self, keys: Sequence[str]) -> dict[str, Text]:
        """As Snapshot's."""
        return {key: self._kept[key] for key in keys if key in self._kept}

    def vectors(self, keys: Sequence[str]) -> dict[str, Vectors]:
        """As Snapshot's."""
        return self._snapshot.vectors(keys)

    def terms(self, text: str) -> list[str]:
        """As Snapshot's."""
        return self._snapshot.terms(text)

    def language(self, text: str) -> str:
        """As Snapshot's."""
        return self._snapshot.language(text)

    def idf(self, term: str) -> float:
        """As Snapshot's, of the texts that are left."""
        held = sum(term in self._whole.terms[key] for key in self._kept)
        return math.log(1 + (len(self._kept) - held + 0.5) / (held + 0.5))

    @property
    def _missing(self) -> int:
        return len(self._whole.texts) - len(self._kept)

    def _keep(self, ranked: Sequence[tuple[str, float]], k: int) -> list[tuple[str, float]]:
        return [(key, score) for key, score in ranked if key in self._kept][:k]
