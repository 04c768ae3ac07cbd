"""Text to unit vectors with a sentence-transformers model; MiniLM is built in.

llama-index's HuggingFaceEmbedding replaces the prompts that a model was saved with, which changes
query vectors, so the model is called directly: encode_query and encode_document respect them.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from index.embedding.model_files import BUILT_IN, check_weights, digest_of, files_of, folder_of
from index.embedding.pooling import pool, pool_spans
from index.embedding.torchscript import TorchScriptEncoder
from index.errors import ConfigError, StoreError
from index.runtime import cores
from index.types import Content, Embedded, Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

Progress = Callable[[int], None]
Found = TypeVar("Found")

# A batch has as many texts as fit in this many tokens once padded to the longest, and each core
# embeds its own batch. On two cores MiniLM then embeds 1.5 times as many passages a second as
# with 32 texts a batch and both cores on one batch.
_BATCH_TOKENS = 1024
_MAX_THREADS = 8
# Failures to load a model that say nothing about its files.
_PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EIO})


class Embedder:
    """One embedding model, loaded at first use.

    `fingerprint` names model and weights: vectors of another fingerprint are never mixed in.
    """

    def __init__(self, model: str) -> None:
        self._name = model
        self._loading = threading.Lock()

    @cached_property
    def folder(self) -> Path:
        """The folder of the model's files; ConfigError if it is neither built in nor there."""
        return folder_of(self._name)

    @cached_property
    def files_stamp(self) -> str:
        """Digest of paths, sizes and mtimes of the model's files, which are not read for it."""
        digest = sha256()
        for path in files_of(self.folder):
            info = path.stat()
            digest.update(f"{path}:{info.st_size}:{info.st_mtime_ns}\n".encode())
        return digest.hexdigest()[:16]

    def restore_fingerprint(self, files_stamp: str | None, fingerprint: str | None) -> None:
        """Reuse a fingerprint that was computed when the files had this stamp, if they still do.

        Computing it reads all weights: 0.1 s for MiniLM, as long as checking 10,000 files takes.
        """
        if fingerprint and files_stamp == self.files_stamp:
            self.__dict__.setdefault("fingerprint", fingerprint)

    @cached_property
    def fingerprint(self) -> str:
        """Model name and the start of the digest of its weights, tokenizer and settings."""
        digest = sha256()
        for path in files_of(self.folder):
            digest.update(digest_of(path).encode())
        return f"{Path(self._name).name}-{digest.hexdigest()[:12]}"

    @property
    def _model(self) -> SentenceTransformer:
        # Two first questions at once must load it once.
        with self._loading:
            return self._loaded

    @cached_property
    def _loaded(self) -> SentenceTransformer:
        check_weights(self._name)
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
        try:
            return SentenceTransformer(str(self.folder), device="cpu", local_files_only=True)
        except Exception as error:
            if isinstance(error, MemoryError) or getattr(error, "errno", None) in _PASSING:
                raise StoreError(f"embedding model {self._name!r} cannot be loaded now") from error
            # Files of a model that are cut, of another kind or missing raise errors of all kinds.
            first_line = (str(error).splitlines() or [type(error).__name__])[0]
            raise ConfigError(
                f"embedding model {self._name!r} cannot be loaded: {first_line}"
            ) from None

    @cached_property
    def _tokenizer(self) -> Tokenizer | None:
        """The model's tokenizer alone, without torch where the model ships a fast one."""
        path = self.folder / "tokenizer.json"
        if not path.exists():
            return None
        from tokenizers import Tokenizer

        tokenizer: Tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @property
    def dimension(self) -> int:
        """Dimension of its vectors."""
        size = self._model.get_embedding_dimension()
        if size is None:
            raise ConfigError(f"embedding model {self._name!r} does not tell its dimension")
        return int(size)

    @property
    def max_tokens(self) -> int:
        """The model's window in tokens; what is beyond would be cut off silently."""
        return int(self._model.max_seq_length or 512)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as the model counts them, without its special tokens."""
        if not texts:
            return []
        if self._tokenizer is not None:
            encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
            return [len(item.ids) for item in encoded]
        tokenizer = self._model.tokenizer
        return [len(tokenizer.encode(text, add_special_tokens=False)) for text in texts]

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a question, shape (dimension,)."""
        vector: Vectors = self.embed_queries([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of questions in one batch, shape (len(texts), dimension)."""
        with self._loading:
            embed = self._embed_queries
        return _unit(np.asarray(embed(texts), dtype=np.float32))

    @cached_property
    def _embed_queries(self) -> Callable[[Sequence[str]], Vectors]:
        model = self._loaded
        if self._name == BUILT_IN:
            return TorchScriptEncoder(model, self.folder).embed
        return lambda texts: model.encode_query(
            list(texts), normalize_embeddings=True, show_progress_bar=False
        )

    def embed_passages(self, texts: Sequence[str], done: Progress | None = None) -> Vectors:
        """Unit vectors of texts, shape (len(texts), dimension); `done` gets each batch's size.

        Texts are batched by length, since a batch costs what its longest text costs.
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)

        def embed(batch: list[int]) -> Vectors:
            found: Vectors = self._model.encode_document(
                [texts[i] for i in batch],
                batch_size=len(batch),
                normalize_embeddings=True,
                show_progress_bar=False,
            )
            return found

        for batch, found in self._in_batches(self.count_tokens(texts), embed, done):
            vectors[batch] = found
        return _unit(vectors)

    def embed_contents(self, contents: Sequence[Content], done: Progress | None = None) -> Embedded:
        """Unit vectors of passages, and of their sentences if the model is mean-pooled; `done` is
        called with each batch's size.
        """
        texts = [content.embedding_text for content in contents]
        if self._tokenizer is None or not self._is_mean_pooled:
            return Embedded(self.embed_passages(texts, done), [None] * len(texts))
        marked = self._tokenizer.encode_batch(texts)
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        sentences = list[Vectors | None]([None] * len(texts))

        def embed(batch: list[int]) -> list[Vectors]:
            found: Any = self._model.encode_document(
                [texts[i] for i in batch],
                batch_size=len(batch),
                output_value=None,
                show_progress_bar=False,
            )
            return [
                item["token_embeddings"][: int(item["attention_mask"].sum())].numpy()
                for item in found
            ]

        for batch, found in self._in_batches([len(item.ids) for item in marked], embed, done):
            for place, tokens in zip(batch, found, strict=True):
                vectors[place] = pool(tokens)
                spans = contents[place].sentence_spans
                sentences[place] = pool_spans(tokens, marked[place].offsets, spans)
        return Embedded(_unit(vectors), sentences)

    @cached_property
    def _is_mean_pooled(self) -> bool:
        """Whether a text's vector is the mean of its token embeddings, without a prompt."""
        modules = list(self._model.children())
        kinds = [type(module).__name__ for module in modules]
        prompts = self._model.prompts
        return (
            kinds[:2] == ["Transformer", "Pooling"]
            and set(kinds[2:]) <= {"Normalize"}
            and getattr(modules[1], "pooling_mode", "") == "mean"
            and not any(prompt for name, prompt in prompts.items() if name != "query")
        )

    def _in_batches(
        self,
        sizes: Sequence[int],
        embed: Callable[[list[int]], Found],
        done: Progress | None,
    ) -> Iterator[tuple[list[int], Found]]:
        """Batches of positions of texts of these sizes in tokens, and the result of each."""
        batches = list(_batches([min(size, self.max_tokens) for size in sizes]))
        with _single_core_threads() as threads:
            # The first alone, since it also sets up the tokenizer, which threads then only read.
            made = chain(map(embed, batches[:1]), threads.map(embed, batches[1:]))
            for batch, found in zip(batches, made, strict=True):
                yield batch, found
                if done:
                    done(len(batch))

    def encode_baseline(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors by plain sentence-transformers: the baseline of benchmarks."""
        return np.asarray(self._model.encode(list(texts), normalize_embeddings=True))


def _single_core_threads() -> ThreadPoolExecutor:
    """A thread pool in which each thread uses one core for torch's arithmetic."""
    from torch import set_num_threads

    threads = min(cores(), _MAX_THREADS)
    return ThreadPoolExecutor(threads, initializer=set_num_threads, initargs=(1,))


def _batches(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Positions of texts of these sizes in tokens, batch by batch, the longest first."""
    order = sorted(range(len(sizes)), key=lambda place: (-sizes[place], place))
    first = 0
    while first < len(order):
        count = max(1, _BATCH_TOKENS // max(1, sizes[order[first]]))
        yield order[first : first + count]
        first += count


def _unit(vectors: Vectors) -> Vectors:
    # Chroma accepts a NaN query and answers with NaN distances; zeros have no direction.
    if not np.allclose(np.linalg.norm(vectors, axis=-1), 1.0, atol=1e-3):
        raise ConfigError("the embedding model gave a vector without direction; use another one")
    return vectors
