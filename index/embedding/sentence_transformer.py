"""Embedding models of sentence-transformers, on torch: any but the built-in one.

llama-index's HuggingFaceEmbedding replaces the prompts that a model was saved with, which changes
query vectors, so the model is called directly: encode_query and encode_document respect them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.embedding.encoder import batch_thread_count, load_error
from index.errors import ConfigError
from index.types import Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class SentenceTransformerEncoder:
    """A model by its folder; `name` is what messages call it. Raises ConfigError if it does not
    load.
    """

    # Each core embeds its own batch: on two cores 1.5 times as many passages a second as with 32
    # texts a batch and both cores on one batch.
    batch_tokens, pads = 1024, True

    def __init__(self, folder: Path, name: str) -> None:
        self._model = _load(folder, name)
        size = self._model.get_embedding_dimension()
        if size is None:
            raise ConfigError(f"embedding model {name!r} does not tell its dimension")
        self.dimension = int(size)
        self.max_tokens = int(self._model.max_seq_length or 512)
        self.is_mean_pooled = _is_mean_pooled(self._model)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """As Encoder's; unit vectors."""
        return np.asarray(
            self._model.encode_query(
                list(texts), normalize_embeddings=True, show_progress_bar=False
            ),
            dtype=np.float32,
        )

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """As Encoder's; unit vectors."""
        return np.asarray(
            self._model.encode_document(
                list(texts),
                batch_size=len(texts),
                normalize_embeddings=True,
                show_progress_bar=False,
            ),
            dtype=np.float32,
        )

    def encode_tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """As Encoder's."""
        found: Any = self._model.encode_document(
            list(texts), batch_size=len(texts), output_value=None, show_progress_bar=False
        )
        return [
            item["token_embeddings"][: int(item["attention_mask"].sum())].numpy() for item in found
        ]

    def batch_threads(self) -> ThreadPoolExecutor:
        """As Encoder's: torch's arithmetic in each thread takes one core."""
        from torch import set_num_threads

        return ThreadPoolExecutor(batch_thread_count(), initializer=set_num_threads, initargs=(1,))


def _load(folder: Path, name: str) -> SentenceTransformer:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
    try:
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except Exception as error:
        raise load_error(name, error) from error


def _is_mean_pooled(model: SentenceTransformer) -> bool:
    """Whether a text's vector is the mean of its token embeddings, without a prompt."""
    modules = list(model.children())
    kinds = [type(module).__name__ for module in modules]
    return (
        kinds[:2] == ["Transformer", "Pooling"]
        and set(kinds[2:]) <= {"Normalize"}
        and getattr(modules[1], "pooling_mode", "") == "mean"
        and not any(prompt for name, prompt in model.prompts.items() if name != "query")
    )
