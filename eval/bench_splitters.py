"""Yardsticks of `footnote eval chunking`: langchain's splitters, counting OpenAI's tokens."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from eval.chunking import Split
from index.errors import ConfigError

_TABLE = "cl100k_base"
# Those of the paper; langchain's own default lacks the three marks.
_SEPARATORS = ["\n\n", "\n", ".", "?", "!", " ", ""]
_HALF_A_CHARACTER = "\ufffd"


def recursive_character(tokens: int, repeated: int) -> Split:
    """Chunks of at most so many tokens, cut at the coarsest separator that fits."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter.from_tiktoken_encoder(
        _table(), chunk_size=tokens, chunk_overlap=repeated, separators=_SEPARATORS
    )
    return lambda text: locate(text, splitter.split_text(text))


def token_text(tokens: int, repeated: int) -> Split:
    """Chunks of exactly so many tokens, wherever that cuts."""
    from langchain_text_splitters import TokenTextSplitter

    splitter = TokenTextSplitter(_table(), chunk_size=tokens, chunk_overlap=repeated)
    return lambda text: locate(text, splitter.split_text(text))


def locate(text: str, chunks: Sequence[str]) -> list[tuple[int, int]]:
    """Where chunks stand in a text, each after the start of the one before it.

    A chunk may begin or end within a character of several bytes, which it then lacks. Raises
    ValueError for a chunk that is not there.
    """
    spans = list[tuple[int, int]]()
    after = 0
    for chunk in chunks:
        whole = chunk.strip(_HALF_A_CHARACTER)
        start = text.index(whole, after)
        spans.append((start, start + len(whole)))
        after = start + 1
    return spans


def _table() -> str:
    """The name of OpenAI's table of tokens, which llama-index carries, so nothing is fetched."""
    spec = find_spec("llama_index.core")
    if spec is None or spec.origin is None:
        raise ConfigError("OpenAI's table of tokens is missing; run: pip install llama-index-core")
    os.environ.setdefault(
        "TIKTOKEN_CACHE_DIR", str(Path(spec.origin).parent / "_static" / "tiktoken_cache")
    )
    return _TABLE
