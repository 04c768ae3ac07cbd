"""A snapshot of which only some documents are asked: those named, in some folders, of some types.

Words keep the rareness that they have in all documents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from index.errors import UnknownDocument

if TYPE_CHECKING:
    from index.catalog.reader import DocumentInfo
    from index.snapshots import Snapshot, Text
    from index.types import Document, Passage, Table, Vectors

# So many vectors are compared one by one; of more the store's nearest are taken, and sifted.
_COMPARED = 1_000
_FURTHER = 4


@dataclass(frozen=True, slots=True)
class Filters:
    """Paths of documents, folders, and endings like ".pdf"; what is empty leaves all.

    A document is asked if it is named or in one of the folders, and of one of the types.
    """

    documents: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.documents or self.folders or self.types)

    def match(self, path: str) -> bool:
        """Whether a document is asked."""
        inside = any(path.startswith(f"{folder.strip('/')}/") for folder in self.folders)
        placed = not (self.documents or self.folders) or inside or path in self.documents
        endings = {f".{each.lstrip('.').lower()}" for each in self.types}
        return placed and (not endings or PurePosixPath(path).suffix.lower() in endings)


NO_FILTERS = Filters()


def filtered(snapshot: Snapshot, filters: Filters) -> Snapshot:
    """The snapshot with the documents alone that match; itself without filters.

    Raises UnknownDocument if there are none.
    """
    if not filters:
        return snapshot
    found = FilteredDocuments(snapshot, filters)
    if not found.documents():
        raise UnknownDocument("no document is left by these filters; choose others")
    return found


class FilteredDocuments:
    """A snapshot whose other documents are not there."""

    def __init__(self, snapshot: Snapshot, filters: Filters) -> None:
        self._whole = snapshot
        self._match = filters.match
        self.generation = snapshot.generation
        self.model = snapshot.model
        self.terms = snapshot.terms
        self.language = snapshot.language
        self.vocabulary = snapshot.vocabulary
        self.idf = snapshot.idf
        self.vectors = snapshot.vectors

    @cached_property
    def _infos(self) -> list[DocumentInfo]:
        return [info for info in self._whole.documents() if self._match(info.path)]

    @cached_property
    def _keys(self) -> frozenset[str]:
        return self._whole.keys_in([info.path for info in self._infos])

    @cached_property
    def passage_count(self) -> int:
        """How many passages the documents have."""
        return sum(info.passages for info in self._infos)

    @property
    def text_count(self) -> int:
        """How many texts they have, those that read the same counted once."""
        return len(self._keys)

    @property
    def paths_with_tables(self) -> frozenset[str]:
        """The paths of those that hold a table."""
        return frozenset(filter(self._match, self._whole.paths_with_tables))

    def documents(self) -> list[DocumentInfo]:
        """As the whole's, those that match."""
        return list(self._infos)

    def document(self, path: str) -> Document | None:
        """As the whole's; None for one that does not match."""
        return self._whole.document(path) if self._match(path) else None

    def tables_in(self, path: str, start: int, end: int) -> tuple[Table, ...]:
        """As the whole's; none of one that does not match."""
        return self._whole.tables_in(path, start, end) if self._match(path) else ()

    def passages_in(self, path: str) -> list[Passage]:
        """As the whole's; none of one that does not match."""
        return self._whole.passages_in(path) if self._match(path) else []

    def keys_in(self, paths: Sequence[str]) -> frozenset[str]:
        """As the whole's."""
        return self._whole.keys_in([path for path in paths if self._match(path)])

    def texts(self, keys: Sequence[str]) -> dict[str, Text]:
        """As the whole's, with the passages of documents that match."""
        found = self._whole.texts(keys)
        kept = {
            key: tuple(each for each in text.passages if self._match(each.document))
            for key, text in found.items()
        }
        return {key: replace(found[key], passages=kept[key]) for key in kept if kept[key]}

    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """The k keys nearest to a unit vector with their cosine similarity, best first."""
        if len(self._keys) > _COMPARED:
            return self._sifted(k, lambda most: self._whole.nearest(vector, most))
        stored = self._whole.vectors(sorted(self._keys))
        cosines = [(key, float(np.dot(each, vector))) for key, each in stored.items()]
        return sorted(cosines, key=lambda item: (-item[1], item[0]))[:k]

    def search_words(self, query: str, k: int) -> list[tuple[str, float]]:
        """The k keys that match a query best by BM25, best first."""
        return self._sifted(k, lambda most: self._whole.search_words(query, most))

    def keys_with(self, term: str, k: int) -> list[str]:
        """At most k keys whose texts hold an indexed term."""
        found = self._sifted(
            k, lambda most: [(key, 0.0) for key in self._whole.keys_with(term, most)]
        )
        return [key for key, _ in found]

    def _sifted(
        self, k: int, ranked: Callable[[int], list[tuple[str, float]]]
    ) -> list[tuple[str, float]]:
        """The first k of a ranking that match, of as long a ranking as it takes."""
        most = k * _FURTHER
        while True:
            all_found = ranked(most)
            found = [item for item in all_found if item[0] in self._keys]
            if len(found) >= min(k, len(self._keys)) or len(all_found) < most:
                return found[:k]
            most *= _FURTHER
