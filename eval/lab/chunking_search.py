"""Searches over Chroma's chunking set: nearest chunks, and Footnote's index."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from eval.datasets.chunking import ChunkingScores, ChunkingSet, Search, Split, figures_of
from eval.datasets.corpus import write_documents
from index.catalog.reader import Catalog
from index.embedding.micro_batching import VectorCache
from index.errors import ConfigError
from index.snapshots import Index, Snapshot
from index.sync.sync import sync
from index.types import Passage
from rag.composition.base import build_excerpts
from rag.retrieval.answer_type import expected_answer_type
from rag.retrieval.hybrid import SearchQuery, SearchResult, search

if TYPE_CHECKING:
    from eval.datasets.spans import Span
    from index.embedding.embedder import Embedder
    from rag.settings import Settings

# Hits of which excerpts are made: more than are kept, since neighbours are joined.
_DEPTH = 20


class CachedVectors:
    """Vectors of one model, cached across searches."""

    def __init__(self, embedder: Embedder) -> None:
        self.passages = VectorCache(embedder.embed_passages)
        self.questions = VectorCache(lambda texts: np.stack(list(map(embedder.embed_query, texts))))


def dense(model: CachedVectors) -> Search:
    """Exact search by cosine; ties go to the first chunk."""

    def search(chunks: Sequence[str], questions: Sequence[str], k: int) -> list[list[int]]:
        vectors = model.passages.vectors(chunks)
        return [
            np.argsort(-(vectors @ question), kind="stable")[:k].tolist()
            for question in model.questions.vectors(questions)
        ]

    return search


def measure_own(
    chunking_set: ChunkingSet, settings: Settings, embedder: Embedder, count: int
) -> tuple[ChunkingScores, ChunkingScores]:
    """Scores of the first passages of an index with these settings, and of as many excerpts."""
    with TemporaryDirectory(prefix="footnote-chunks-") as name:
        corpus = Path(name) / "corpus"
        settings = settings.model_copy(update={"data": Path(name) / "index"})
        write_documents(chunking_set.texts, corpus)
        sync(settings, corpus, embedder=embedder)
        with closing(Catalog.read(settings.data)) as catalog:
            chunks = [
                (path, passage.start, passage.end)
                for path in chunking_set.texts
                for passage in catalog.passages_in(path)
            ]
        with closing(Index(settings, embedder)) as index, index.lease() as snapshot:
            found = [
                _search(index, snapshot, settings, question.text)
                for question in chunking_set.questions
            ]
            whole = [[_span(hit.passage) for hit in one.hits[:count]] for one in found]
            cut = [
                [
                    _span(excerpt.passage)
                    for excerpt in build_excerpts(one, count, chunking_set.texts.__getitem__)
                ]
                for one in found
            ]
    return figures_of(chunking_set, chunks, whole), figures_of(chunking_set, chunks, cut)


def _search(index: Index, snapshot: Snapshot, settings: Settings, question: str) -> SearchResult:
    vector = index.embed_query(question)
    query = SearchQuery(question, vector, expected_answer_type(question), settings.dense_weight)
    return search(snapshot, query, _DEPTH, index.embed_sentences)


def _span(passage: Passage) -> Span:
    return passage.document, passage.start, passage.end


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
    """The name of OpenAI's tokenizer, whose table llama-index bundles, so nothing is fetched."""
    spec = find_spec("llama_index.core")
    if spec is None or spec.origin is None:
        raise ConfigError("OpenAI's table of tokens is missing; run: pip install llama-index-core")
    os.environ.setdefault(
        "TIKTOKEN_CACHE_DIR", str(Path(spec.origin).parent / "_static" / "tiktoken_cache")
    )
    return _TABLE
