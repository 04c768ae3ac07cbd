"""An index with some documents filtered out at search time, without indexing again."""

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
    """One generation of an index with the texts and terms of its passages in memory."""

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
def open_index(settings: Settings) -> Iterator[IndexView]:
    """The index in `settings.data`. Raises what `Index.lease` raises."""
    index = Index(settings)
    try:
        with index.lease() as snapshot:
            yield IndexView(settings, index, snapshot)
    finally:
        index.close()


def engine_without(view: IndexView, excluded: Collection[str]) -> Engine:
    """A quoting engine over an index without some documents, named by their paths."""
    partial = cast(
        "Index", _FilteredIndex(view, cast("Snapshot", FilteredSnapshot(view, excluded)))
    )
    return Engine(view.settings, partial, QuotesComposer(view.settings.sentences))


class _FilteredIndex:
    """The part of an index that an engine needs, over a filtered snapshot."""

    def __init__(self, view: IndexView, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.embedder = view.index.embedder
        self.embed_query = view.index.embed_query
        self.count_tokens = view.index.count_tokens
        self.embed_sentences = view.index.embed_sentences

    @contextmanager
    def lease(self) -> Iterator[Snapshot]:
        yield self._snapshot


class FilteredSnapshot:
    """A snapshot whose searches skip the passages of the excluded documents.

    IDF is that of the remaining passages. BM25 keeps the statistics of all, which makes no
    difference that matters for the few documents that are excluded at a time.
    """

    def __init__(self, view: IndexView, excluded: Collection[str]) -> None:
        self._view = view
        self._snapshot = view.snapshot
        self._kept = {
            key: replace(text, passages=kept)
            for key, text in view.texts.items()
            if (kept := tuple(p for p in text.passages if p.document not in excluded))
        }
        self.passage_count = sum(len(text.passages) for text in self._kept.values())
        self.model, self.generation = self._snapshot.model, self._snapshot.generation

    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """As Snapshot's."""
        return self._keep(self._snapshot.nearest(vector, k + self._missing), k)

    def search_words(self, query: str, k: int) -> list[tuple[str, float]]:
        """As Snapshot's."""
        return self._keep(self._snapshot.search_words(query, k + self._missing), k)

    def keys_with(self, term: str, k: int) -> list[str]:
        """As Snapshot's."""
        return [key for key in self._kept if term in self._view.terms[key]][:k]

    def texts(self, keys: Sequence[str]) -> dict[str, Text]:
        """As Snapshot's."""
        return {key: self._kept[key] for key in keys if key in self._kept}

    def vectors(self, keys: Sequence[str]) -> dict[str, Vectors]:
        """As Snapshot's."""
        return self._snapshot.vectors(keys)

    def vocabulary(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """As Snapshot's; the words of all documents."""
        return self._snapshot.vocabulary(prefix, limit)

    def terms(self, text: str) -> list[str]:
        """As Snapshot's."""
        return self._snapshot.terms(text)

    def language(self, text: str) -> str:
        """As Snapshot's."""
        return self._snapshot.language(text)

    def idf(self, term: str) -> float:
        """As Snapshot's, of the texts that are left."""
        held = sum(term in self._view.terms[key] for key in self._kept)
        return math.log(1 + (len(self._kept) - held + 0.5) / (held + 0.5))

    @property
    def _missing(self) -> int:
        return len(self._view.texts) - len(self._kept)

    def _keep(self, ranked: Sequence[tuple[str, float]], k: int) -> list[tuple[str, float]]:
        return [(key, score) for key, score in ranked if key in self._kept][:k]
