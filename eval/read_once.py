"""A snapshot that reads everything once, for questions that are ranked in many ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from index.passages import Vectors
    from index.store import Snapshot

T = TypeVar("T")


class ReadOnce:
    """What a search reads of a snapshot, remembered for as long as this lives."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._nearest = dict[tuple[bytes, int], list[tuple[str, float]]]()
        self.search_words = cache(snapshot.search_words)
        self.idf = cache(snapshot.idf)
        self.language = cache(snapshot.language)
        self.terms = cache(snapshot.terms)
        self.texts = _ByKey(snapshot.texts)
        self.vectors = _ByKey(snapshot.vectors)

    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """As the snapshot's."""
        key = (vector.tobytes(), k)
        if key not in self._nearest:
            self._nearest[key] = self._snapshot.nearest(vector, k)
        return self._nearest[key]


class _ByKey(Generic[T]):
    """A read by keys that leaves out those it finds nothing for; none is read twice."""

    def __init__(self, read: Callable[[Sequence[str]], dict[str, T]]) -> None:
        self._read = read
        self._asked = set[str]()
        self._found = dict[str, T]()

    def __call__(self, keys: Sequence[str]) -> dict[str, T]:
        if new := [key for key in keys if key not in self._asked]:
            self._found |= self._read(new)
            self._asked.update(new)
        return {key: self._found[key] for key in keys if key in self._found}
