"""Stores that hold everything in memory and search it exhaustively: the second implementation of
each protocol. A generation is one file, since another process probes it.
"""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from index.engines.base import FileRecords, Ranking, SearchEngines, Store, TextStore, VectorStore
from index.engines.integrity import first_damaged, record_files
from index.errors import StoreError
from index.text.analyzer import TextAnalyzer, analyze
from index.types import Batch, Vectors


class _OneFileStore(Store):
    """A store that is one file of a generation, read when it is opened."""

    FILE: ClassVar[str]

    @staticmethod
    def version() -> str:
        return "memory-1"

    @classmethod
    def open(cls, generation: Path) -> Self:
        if not cls.exists(generation):
            raise StoreError(f"{generation / cls.FILE} is missing; run: footnote index FOLDER")
        store = cls()
        store._load(generation / cls.FILE)
        return store

    @classmethod
    def build(cls, generation: Path) -> None:
        generation.mkdir(parents=True, exist_ok=True)
        cls()._save(generation / cls.FILE)

    @classmethod
    def copy(cls, source: Path, generation: Path) -> None:
        shutil.copyfile(source / cls.FILE, generation / cls.FILE)

    @classmethod
    def exists(cls, generation: Path) -> bool:
        return (generation / cls.FILE).is_file()

    @classmethod
    def records(cls, generation: Path) -> FileRecords:
        return record_files(generation, [generation / cls.FILE])

    @classmethod
    def damaged_file(cls, generation: Path, records: FileRecords, quick: bool) -> str | None:
        if cls.FILE not in records:
            return cls.FILE
        return first_damaged(generation, records, quick)

    def _load(self, file: Path) -> None:
        raise NotImplementedError

    def _save(self, file: Path) -> None:
        raise NotImplementedError


class MemoryVectors(_OneFileStore, VectorStore):
    """Vectors by key; the nearest are found by comparing all."""

    NAME: ClassVar[str] = "memory vectors"
    FILE: ClassVar[str] = "vectors.json"

    def __init__(self) -> None:
        self._vectors: dict[str, list[float]] = {}

    @classmethod
    def apply(
        cls, generation: Path, removed: Sequence[str], added: Iterable[Batch], total: int = 0
    ) -> None:
        store = cls.open(generation)
        for key in removed:
            del store._vectors[key]
        for batch in added:
            store._vectors.update(zip(batch.keys, batch.vectors.tolist(), strict=True))
        store._save(generation / cls.FILE)

    def count(self) -> int:
        return len(self._vectors)

    def keys(self) -> set[str]:
        return set(self._vectors)

    def nearest(self, vector: Vectors, k: int) -> Ranking:
        cosines = {key: float(np.dot(other, vector)) for key, other in self._vectors.items()}
        return _best(cosines, k)

    def _load(self, file: Path) -> None:
        self._vectors = json.loads(file.read_text(encoding="utf-8"))

    def _save(self, file: Path) -> None:
        file.write_text(json.dumps(self._vectors), encoding="utf-8")


class MemoryTexts(TextAnalyzer, _OneFileStore, TextStore):
    """The terms of texts by key, ranked by BM25 with k1 = 1.2 and b = 0.75."""

    NAME: ClassVar[str] = "memory texts"
    FILE: ClassVar[str] = "texts.json"

    def __init__(self) -> None:
        self._terms: dict[str, list[str]] = {}
        self._languages: dict[str, str] = {}

    @classmethod
    def add(cls, generation: Path, texts: Iterable[tuple[str, str]]) -> None:
        store = cls.open(generation)
        for key, text in texts:
            store._terms[key], store._languages[key] = analyze(text)
        store._save(generation / cls.FILE)

    def count(self) -> int:
        return len(self._terms)

    def keys(self) -> set[str]:
        return set(self._terms)

    @property
    def languages(self) -> dict[str, int]:
        counts = Counter(self._languages.values())
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def search(self, query: str, k: int) -> Ranking:
        scores: dict[str, float] = {}
        for forms in self.query_terms(query):
            best: dict[str, float] = {}
            for form in forms:
                for key, score in self._bm25(form).items():
                    best[key] = max(score, best.get(key, 0.0))
            for key, score in best.items():
                scores[key] = scores.get(key, 0.0) + score
        return _best(scores, k)

    def keys_with(self, term: str, k: int) -> list[str]:
        return [key for key, _ in _best(self._bm25(term), k)]

    def is_searchable(self) -> bool:
        return True

    def vocabulary(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        counts = Counter(term for terms in self._terms.values() for term in set(terms))
        return sorted(pair for pair in counts.items() if pair[0].startswith(prefix))[:limit]

    def idf(self, term: str) -> float:
        holding = sum(term in terms for terms in self._terms.values())
        return math.log(1 + (self.count() - holding + 0.5) / (holding + 0.5))

    def _bm25(self, term: str) -> dict[str, float]:
        average = sum(map(len, self._terms.values())) / max(1, self.count())
        idf, scores = self.idf(term), dict[str, float]()
        for key, terms in self._terms.items():
            if count := terms.count(term):
                norm = 1.2 * (0.25 + 0.75 * len(terms) / average)
                scores[key] = idf * count * 2.2 / (count + norm)
        return scores

    def _load(self, file: Path) -> None:
        self._terms, self._languages = json.loads(file.read_text(encoding="utf-8"))

    def _save(self, file: Path) -> None:
        file.write_text(json.dumps([self._terms, self._languages]), encoding="utf-8")


def _best(scores: dict[str, float], k: int) -> Ranking:
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))[: max(0, k)]


MEMORY = SearchEngines(MemoryVectors, MemoryTexts)
