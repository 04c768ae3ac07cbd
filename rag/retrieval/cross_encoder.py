"""Cross-encoders that settings name, from a folder or the local model cache; nothing is fetched."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from index.embedding.embedder import Embedder
from index.errors import ConfigError, first_line
from index.types import Vectors

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class ModelHandle:
    """A cross-encoder that is loaded at first use; `purpose` names it in errors."""

    def __init__(self, name: str, purpose: str) -> None:
        self.name = name
        self._purpose = purpose
        self._loading = threading.Lock()
        self._model: CrossEncoder | None = None

    @property
    def model(self) -> CrossEncoder:
        """The model. Raises ConfigError if it cannot be loaded."""
        with self._loading:
            if self._model is None:
                self._model = self._load()
            return self._model

    def _load(self) -> CrossEncoder:
        from sentence_transformers import CrossEncoder

        try:
            model: CrossEncoder = CrossEncoder(self.name, device="cpu", local_files_only=True)
        except Exception as error:
            # Files of a model that are cut, of another kind or missing raise errors of all kinds.
            raise ConfigError(
                f"{self._purpose} {self.name!r} cannot be loaded: {first_line(error)}; "
                f"run: hf download {self.name}"
            ) from None
        return model


class Reranker:
    """Orders passages by a cross-encoder that reads each together with the query."""

    def __init__(self, name: str) -> None:
        self._loaded = ModelHandle(name, "rerank model")

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """A score for each text, 0 for the worst and 1 for the best of them. Raises ConfigError."""
        model = self._loaded.model
        if model.num_labels != 1:
            raise ConfigError(
                f"rerank model {self._loaded.name!r} gives {model.num_labels} scores for a text, "
                "not one; name a cross-encoder that was trained to rank"
            )
        found = np.ravel(model.predict([(query, text) for text in texts], show_progress_bar=False))
        spread = float(np.ptp(found)) or 1.0
        return [float(value - found.min()) / spread for value in found]


@dataclass(frozen=True, slots=True)
class LoadedModels:
    """The models of an engine, for other uses than its answers."""

    embedder: Embedder
    reranker: Reranker | None = None

    @property
    def name(self) -> str:
        """What identifies the embedding model and its weights."""
        return self.embedder.fingerprint

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as the embedding model counts them."""
        return self.embedder.count_tokens(texts)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts, shape (len(texts), dimension)."""
        return self.embedder.embed_passages(texts)

    def relevance(self, query: str, texts: Sequence[str]) -> list[float]:
        """How well each text fits a query: by the cross-encoder if there is one, else by cosine."""
        if self.reranker:
            return self.reranker.scores(query, texts)
        scores: list[float] = (self.embed(texts) @ self.embedder.embed_query(query)).tolist()
        return scores
