"""Encoders: an embedding model behind the few calls that embedding needs of it."""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from index.errors import ConfigError, FootnoteError, StoreError, first_line
from index.runtime import cores
from index.types import Vectors

_MAX_THREADS = 8
# Failures to load a model that say nothing about its files.
_TRANSIENT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EIO})
# Libraries in Rust and C++ tell the error number in their text.
_ERROR_NUMBER = re.compile(r"(?:os error|errcode|errno)\W*(\d+)")


class Encoder(Protocol):
    """A loaded model. Its vectors need not be unit vectors.

    `dimension` is that of its vectors, `max_tokens` its window in tokens, and `is_mean_pooled` says
    whether a text's vector is the mean of its token embeddings. A batch of passages has at most
    `batch_tokens`, and texts of several lengths only if it `pads` them.
    """

    dimension: int
    max_tokens: int
    is_mean_pooled: bool
    batch_tokens: int
    pads: bool

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions in one batch, shape (len(texts), dimension)."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages in one batch, shape (len(texts), dimension)."""

    def encode_tokens(self, texts: Sequence[str]) -> list[Vectors]:
        """Token embeddings of passages in one batch, shape (tokens of the text, dimension) each."""

    def batch_threads(self) -> ThreadPoolExecutor:
        """Threads that each embed a batch of their own on one core."""


def batch_thread_count() -> int:
    """One thread a core, up to eight."""
    return min(cores(), _MAX_THREADS)


def load_error(name: str, error: Exception) -> FootnoteError:
    """What to raise for an error of a library that loads a model: StoreError if it may pass."""
    told = _ERROR_NUMBER.search(str(error))
    number = getattr(error, "errno", None) or (int(told[1]) if told else 0)
    if isinstance(error, MemoryError) or number in _TRANSIENT:
        return StoreError(f"embedding model {name!r} cannot be loaded now")
    # Files of a model that are cut, of another kind or missing raise errors of all kinds.
    return ConfigError(f"embedding model {name!r} cannot be loaded: {first_line(error)}")
