"""Text to unit vectors: the built-in MiniLM, or a model of sentence-transformers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from index.embedding.encoder import Encoder
from index.embedding.model_files import BUILT_IN, check_built_in, digest_of, files_of, folder_of
from index.embedding.pooling import pool, pool_spans
from index.embedding.token_counter import TokenCounter, declared_window, tokenizer_of
from index.errors import ConfigError
from index.types import Content, Embedded, Vectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Progress = Callable[[int], None]
CountTokens = Callable[[Sequence[str]], list[int]]
Found = TypeVar("Found")


class Embedder:
    """One embedding model, loaded at first use.

    `fingerprint` names model and weights: vectors of another fingerprint are never mixed in.
    """

    # Vectors are stored after each this many, so that a killed sync has lost at most these.
    contents_at_once = 512

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
    def _encoder(self) -> Encoder:
        # Two first questions at once must load it once.
        with self._loading:
            return self._loaded

    @cached_property
    def _loaded(self) -> Encoder:
        check_built_in(self._name)
        if self._name == BUILT_IN:
            from index.embedding.onnx_encoder import OnnxEncoder

            return OnnxEncoder(self.folder)
        from index.embedding.sentence_transformer import SentenceTransformerEncoder

        return SentenceTransformerEncoder(self.folder, self._name)

    @cached_property
    def _tokenizer(self) -> Tokenizer | None:
        """The tokenizer that tells where tokens stand in a text, if the model ships one."""
        has_one = (self.folder / "tokenizer.json").exists()
        return tokenizer_of(str(self.folder)) if has_one else None

    @property
    def dimension(self) -> int:
        """Dimension of its vectors."""
        return self._encoder.dimension

    @cached_property
    def max_tokens(self) -> int:
        """The model's window in tokens; what is beyond would be cut off silently."""
        return declared_window(self.folder) or self._encoder.max_tokens

    @cached_property
    def counter(self) -> CountTokens:
        """Counts tokens as the model does; it can be sent to another process."""
        return TokenCounter(str(self.folder))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as the model counts them, without its special tokens."""
        return self.counter(texts)

    def load(self) -> None:
        """Load the model. Raises ConfigError if that cannot be done."""
        _ = self._encoder

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a question, shape (dimension,)."""
        vector: Vectors = self.embed_queries([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of questions in one batch, shape (len(texts), dimension)."""
        return _unit(self._encoder.encode_queries(texts))

    def embed_passages(self, texts: Sequence[str], done: Progress | None = None) -> Vectors:
        """Unit vectors of texts, shape (len(texts), dimension); `done` gets each batch's size.

        Texts are batched by length, since a batch costs what its longest text costs.
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)

        def embed(batch: list[int]) -> Vectors:
            return self._encoder.encode_passages([texts[i] for i in batch])

        for batch, found in self._in_batches(self.count_tokens(texts), embed, done):
            vectors[batch] = found
        return _unit(vectors)

    def embed_contents(self, contents: Sequence[Content], done: Progress | None = None) -> Embedded:
        """Unit vectors of passages, and of their sentences if the model is mean-pooled; `done` is
        called with each batch's size.
        """
        texts = [content.embedding_text for content in contents]
        if self._tokenizer is None or not self._encoder.is_mean_pooled:
            return Embedded(self.embed_passages(texts, done), [None] * len(texts))
        marked = self._tokenizer.encode_batch(texts)
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        sentences = list[Vectors | None]([None] * len(texts))

        def embed(batch: list[int]) -> list[Vectors]:
            return self._encoder.encode_tokens([texts[i] for i in batch])

        for batch, found in self._in_batches([len(item.ids) for item in marked], embed, done):
            for place, tokens in zip(batch, found, strict=True):
                vectors[place] = pool(tokens)
                spans = contents[place].sentence_spans
                sentences[place] = pool_spans(tokens, marked[place].offsets, spans)
        return Embedded(_unit(vectors), sentences)

    def _in_batches(
        self,
        sizes: Sequence[int],
        embed: Callable[[list[int]], Found],
        done: Progress | None,
    ) -> Iterator[tuple[list[int], Found]]:
        """Batches of positions of texts of these sizes in tokens, and the result of each."""
        sizes = [min(size, self.max_tokens) for size in sizes]
        batches = list(_batches(sizes, self._encoder.batch_tokens, self._encoder.pads))
        with self._encoder.batch_threads() as threads:
            # The first alone, since it also sets up the tokenizer, which threads then only read.
            made = chain(map(embed, batches[:1]), threads.map(embed, batches[1:]))
            for batch, found in zip(batches, made, strict=True):
                yield batch, found
                if done:
                    done(len(batch))


def _batches(sizes: Sequence[int], most_tokens: int, pads: bool) -> Iterator[list[int]]:
    """Positions of texts of these sizes in tokens, batch by batch, the longest first.

    A batch has as many texts as fit once padded to the longest; all of one size unless it `pads`.
    """
    order = sorted(range(len(sizes)), key=lambda place: (-sizes[place], place))
    for size, alike in groupby(order, key=lambda place: 0 if pads else sizes[place]):
        left = list(alike)
        while left:
            count = max(1, most_tokens // max(1, size or sizes[left[0]]))
            yield left[:count]
            left = left[count:]


def _unit(vectors: Vectors) -> Vectors:
    # Chroma accepts a NaN query and answers with NaN distances; zeros have no direction.
    if not np.allclose(np.linalg.norm(vectors, axis=-1), 1.0, atol=1e-3):
        raise ConfigError("the embedding model gave a vector without direction; use another one")
    return vectors
