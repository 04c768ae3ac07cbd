"""The searches that `eval.chunking` measures: the nearest chunks, and Footnote's own index."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from eval.chunking import ChunkingSet, Figures, Search, figures_of
from eval.corpus import write_documents
from index.catalog.reader import Catalog
from index.embedding.micro_batching import VectorMemory
from index.snapshots import Index, Snapshot
from index.sync.sync import sync
from index.types import Passage
from rag.composition.base import excerpts
from rag.retrieval.answer_type import kind_wanted
from rag.retrieval.hybrid import Found, Query, search

if TYPE_CHECKING:
    from eval.spans import Span
    from index.embedding.embedder import Embedder
    from rag.settings import Settings

# Hits of which excerpts are made: more than are kept, since neighbours are joined.
_DEPTH = 20


class Remembered:
    """Vectors of one model that are made once, however many searches ask for them."""

    def __init__(self, embedder: Embedder) -> None:
        self.passages = VectorMemory(embedder.embed_passages)
        self.questions = VectorMemory(
            lambda texts: np.stack(list(map(embedder.embed_query, texts)))
        )


def dense(model: Remembered) -> Search:
    """The chunks nearest by cosine, exactly; of chunks as near, the first."""

    def search(chunks: Sequence[str], questions: Sequence[str], k: int) -> list[list[int]]:
        vectors = model.passages.vectors(chunks)
        return [
            np.argsort(-(vectors @ question), kind="stable")[:k].tolist()
            for question in model.questions.vectors(questions)
        ]

    return search


def measure_own(
    chunking_set: ChunkingSet, settings: Settings, embedder: Embedder, count: int
) -> tuple[Figures, Figures]:
    """Footnote's index of the texts, made with these settings for the purpose: figures of its first
    passages, and of as many excerpts.
    """
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
                    for excerpt in excerpts(one, count, chunking_set.texts.__getitem__)
                ]
                for one in found
            ]
    return figures_of(chunking_set, chunks, whole), figures_of(chunking_set, chunks, cut)


def _search(index: Index, snapshot: Snapshot, settings: Settings, question: str) -> Found:
    vector = index.embed_query(question)
    query = Query(question, vector, kind_wanted(question), settings.dense_weight)
    return search(snapshot, query, _DEPTH, index.embed_sentences)


def _span(passage: Passage) -> Span:
    return passage.document, passage.start, passage.end
