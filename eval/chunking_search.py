"""Footnote's own splitter and searches, in the shapes that `eval.chunking` measures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

import numpy as np

from eval.chunking import Search, Split
from index.memory import VectorMemory
from index.passages import Document, Passage, Vectors
from index.split import split
from rag.retrieve import search as fused

if TYPE_CHECKING:
    from index.embed import Embedder
    from index.lexical import LexicalFollower
    from index.store import Snapshot


def own_splitter(embedder: Embedder, tokens: int) -> Split:
    """Footnote's splitter with passages of at most so many of the model's tokens."""

    def cut(text: str) -> list[tuple[int, int]]:
        document = Document(path="text", title="", text=text, digest="")
        passages = split(document, embedder.count_tokens, tokens)
        return [(passage.start, passage.end) for passage in passages]

    return cut


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


def hybrid(model: Remembered, dense_weight: float) -> Search:
    """The product's own ranking of embeddings and words, over chunks in memory."""

    def search(chunks: Sequence[str], questions: Sequence[str], k: int) -> list[list[int]]:
        from index.lexical import LexicalFollower

        with TemporaryDirectory(prefix="footnote-chunks-") as name:
            folder = Path(name) / "words"
            LexicalFollower.build(folder)
            LexicalFollower.apply(folder, ((_key(i), chunk) for i, chunk in enumerate(chunks)))
            held = _Chunks(chunks, model.passages.vectors(chunks), LexicalFollower(folder))
            return [
                _best(held, question, vector, k, dense_weight)
                for question, vector in zip(
                    questions, model.questions.vectors(questions), strict=True
                )
            ]

    return search


def _best(held: _Chunks, question: str, vector: Vectors, k: int, dense_weight: float) -> list[int]:
    # The ranking asks of a snapshot only what `_Chunks` has, and so is measured as it is.
    found = fused(cast("Snapshot", held), question, vector, k, dense_weight)
    return [hit.passage.start for hit in found.hits]


class _Chunks:
    """Chunks in memory, searched like the snapshot of an index; a passage's start is its place."""

    def __init__(self, texts: Sequence[str], vectors: Vectors, words: LexicalFollower) -> None:
        self._texts = texts
        self._vectors = vectors
        self._words = words

    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        cosines = self._vectors @ vector
        return [(_key(i), float(cosines[i])) for i in np.argsort(-cosines, kind="stable")[:k]]

    def search_words(self, query: str, k: int) -> list[tuple[str, float]]:
        return self._words.search(query, k)

    def vectors(self, keys: Sequence[str]) -> dict[str, Vectors]:
        return {key: self._vectors[int(key)] for key in keys}

    def passages(self, keys: Sequence[str]) -> dict[str, list[Passage]]:
        return {key: [self._passage(int(key))] for key in keys}

    def _passage(self, place: int) -> Passage:
        text = self._texts[place]
        return Passage(str(place), "text", "", "", text, place, place + len(text), None, "")


def _key(place: int) -> str:
    return f"{place:07}"
