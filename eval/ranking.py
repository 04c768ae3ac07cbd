"""The engine's way from a question to ranked passages, with its weights open to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.text.languages import reads
from rag.retrieval.answer_type import kind_wanted
from rag.retrieval.hybrid import Found, Query, look_at, search, weight_of_vectors
from rag.retrieval.weights import SCORING, Scoring

if TYPE_CHECKING:
    from index.snapshots import Index, Snapshot
    from rag.followups.condense import Asked, Look
    from rag.settings import Settings


class Ranking:
    """Searches of one generation of an index as the engine makes them, without a reranker."""

    def __init__(self, settings: Settings, index: Index, snapshot: Snapshot) -> None:
        self._settings, self._index, self._snapshot = settings, index, snapshot

    def look(self, text: str) -> Look:
        """As the engine looks at the index for a follow-up."""
        weight, _ = self._weight(text)
        return look_at(self._snapshot, text, self._index.embed_query(text), weight)

    def search(
        self, asked: Asked, k: int, scoring: Scoring = SCORING, weight: float | None = None
    ) -> Found:
        """The k best passages; `weight` is that of the cosine if it is not the settings'."""
        own, read = self._weight(asked.query)
        vector, kind = self._index.embed_query(asked.query), kind_wanted(asked.question)
        dense = own if weight is None else weight
        query = Query(asked.query, vector, kind, dense, asked.bias, read)
        return search(self._snapshot, query, k, self._index.embed_sentences, scoring=scoring)

    def _weight(self, text: str) -> tuple[float, bool]:
        """The weight of cosines for a text, and whether the model is taught its language."""
        read = reads(self._settings.embedding_model, self._snapshot.language(text))
        return weight_of_vectors(self._settings.dense_weight, read), read
