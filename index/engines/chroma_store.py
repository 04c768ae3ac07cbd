"""Chroma as the vector store: keys of texts and their vectors, nearest by cosine.

Only `add` and `delete` are used, in small batches: after an `upsert`, Chroma 1.5.9 replays up to
1,000 records at the next write, and `add` of a known id keeps the old vector silently. Vectors are
always passed in; no text is stored here. llama-index's ChromaVectorStore is not used: its batches
are too large for Chroma, and its score exp(-distance) gives unrelated text 0.37.

Chroma writes whenever it opens a store: a row that counts its calls, and, until it has written its
graph for the first time, all files of the graph anew. So the digest of its database is one of its
rows without that count, and its graph is recorded only once it is complete.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Self

from index.engines.base import FileRecord, FileRecords, Ranking, VectorStore
from index.engines.chroma_core import DATABASE, ChromaCore
from index.engines.integrity import (
    clone_or_copy,
    first_damaged,
    is_as_recorded,
    record_files,
    versions_of,
    writable,
)
from index.errors import StoreError
from index.types import Batch, Vectors

# Raise it when the same vectors would be kept otherwise.
FORMAT = "cosine-1"
_FOLDER = "chroma"
# A graph is complete on the disk once this file is there.
_GRAPH_MARK = "index_metadata.pickle"
# The table in which Chroma counts its calls.
_CALL_COUNT_TABLE = "acquire_write"
_SQLITE_MAGIC = b"SQLite format 3\0"
_COLLECTION = "passages"
# 5,461 rows is Chroma's limit, 50 to 250 its own advice.
_BATCH = 250
# Chroma writes its whole graph after so many changed rows. For a million that would be a hundred
# gigabytes, so a larger change writes it 8 to 16 times; what waits for that is kept in the database
# and makes it longer, by 1.6 kB a row.
_WRITE_EVERY = 1000
_FEWEST_WRITES, _MOST_WRITES = 8, 16
_GRAPH: dict[str, object] = {"space": "cosine", "ef_construction": 200, "ef_search": 200}


class ChromaStore(VectorStore):
    """The vectors of one generation in a local Chroma."""

    NAME: ClassVar[str] = "Chroma"

    def __init__(self, generation: Path) -> None:
        folder = generation / _FOLDER
        # Chroma would make what is missing.
        if not (folder / DATABASE).is_file():
            raise StoreError(f"the vectors in {folder} are missing; run: footnote index FOLDER")
        with ExitStack() as opened:
            self._core = opened.enter_context(_closing(writable(folder, opened)))
            self._collection = self._core.collection(_COLLECTION)
            # The first call reads the graph into memory, and writes; no later one does. Counting
            # takes Chroma 13 ms where there are 185,000 rows, so it is done once.
            self._count = self._core.count(self._collection)
            self._opened = opened.pop_all()

    @staticmethod
    def version() -> str:
        """Chroma's version and that of the format."""
        return f"{versions_of('chromadb')}, {FORMAT}"

    @staticmethod
    def preload() -> None:
        """Load Chroma's core, a library of 60 MB."""
        import chromadb_rust_bindings  # noqa: F401

    @classmethod
    def open(cls, generation: Path) -> Self:
        """Open for search. Raises StoreError if the vectors are missing or cannot be opened."""
        return cls(generation)

    @staticmethod
    def build(generation: Path) -> None:
        """Make an empty collection."""
        with _closing(generation / _FOLDER) as core:
            core.create(_COLLECTION, _GRAPH)

    @staticmethod
    def copy(source: Path, generation: Path) -> None:
        """Copy Chroma's folder; it changes its files in place, so they cannot be the same ones."""
        shutil.copytree(source / _FOLDER, generation / _FOLDER, copy_function=clone_or_copy)

    @staticmethod
    def exists(generation: Path) -> bool:
        """Whether Chroma's database is there."""
        return (generation / _FOLDER / DATABASE).is_file()

    @staticmethod
    def records(generation: Path) -> FileRecords:
        """The files of complete graphs, and the rows of the database."""
        graphs = [path for path in (generation / _FOLDER).iterdir() if path.is_dir()]
        whole = [path for path in graphs if (path / _GRAPH_MARK).exists()]
        files = record_files(generation, (file for graph in whole for file in graph.iterdir()))
        digest = _rows_digest(generation / _FOLDER / DATABASE)
        return {**files, f"{_FOLDER}/{DATABASE}": FileRecord(0, 0, digest)}

    @staticmethod
    def damaged_file(generation: Path, records: FileRecords, quick: bool) -> str | None:
        """The first file that is not as it was recorded."""
        database = f"{_FOLDER}/{DATABASE}"
        if database not in records:
            return database
        return first_damaged(generation, records, quick, _is_whole)

    @staticmethod
    def apply(
        generation: Path, removed: Sequence[str], added: Iterable[Batch], total: int = 0
    ) -> None:
        """Remove keys and add batches of others, in a generation that nobody has open."""
        with _closing(generation / _FOLDER) as core:
            collection = core.collection(_COLLECTION)
            every = rows_between_writes(len(removed) + total)
            if every > _WRITE_EVERY:
                core.write_graph_every(collection, every)
            for first in range(0, len(removed), _BATCH):
                core.delete(collection, removed[first : first + _BATCH])
            for batch in added:
                for first in range(0, len(batch.keys), _BATCH):
                    rows = slice(first, first + _BATCH)
                    core.add(collection, batch.keys[rows], batch.vectors[rows])
            if every > _WRITE_EVERY:
                core.write_graph_every(collection, _WRITE_EVERY)

    def count(self) -> int:
        """How many vectors there are."""
        return self._count

    def keys(self) -> set[str]:
        """All keys."""
        return set(self._core.keys(self._collection))

    def nearest(self, vector: Vectors, k: int) -> Ranking:
        """The k keys nearest to a unit vector with their cosine similarity (-1..1), best first."""
        if k < 1:
            return []
        found = self._core.query(self._collection, vector, k)
        scored = [(key, 1.0 - distance) for key, distance in found]
        return sorted(scored, key=lambda item: (-item[1], item[0]))

    def close(self) -> None:
        """Close Chroma's files."""
        self._opened.close()


def rows_between_writes(rows: int) -> int:
    """After how many rows to write the graph, if so many are changed in batches: the number that
    leaves the fewest after the last time, since readers add those whenever they open it.
    """
    batches, fewest = rows // _BATCH, _WRITE_EVERY // _BATCH
    steps = range(max(fewest, batches // _MOST_WRITES), max(fewest, batches // _FEWEST_WRITES) + 1)
    return _BATCH * min(steps, key=lambda step: batches % step)


@contextmanager
def _closing(folder: Path) -> Iterator[ChromaCore]:
    # Chroma makes the files, and not their folder.
    folder.mkdir(parents=True, exist_ok=True)
    core = ChromaCore(Path(os.path.realpath(folder)))
    try:
        yield core
    finally:
        core.close()


# --- integrity


def _is_whole(path: Path, record: FileRecord, quick: bool) -> bool:
    if path.name != DATABASE:
        return is_as_recorded(path, record, quick)
    try:
        return _looks_like_sqlite(path) if quick else _rows_digest(path) == record.digest
    except sqlite3.Error:
        return False


def _looks_like_sqlite(path: Path) -> bool:
    """Whether a file begins as SQLite's do, and is as long as it says."""
    with path.open("rb") as file:
        head = file.read(100)
    size = int.from_bytes(head[16:18]) * int.from_bytes(head[28:32])
    return head.startswith(_SQLITE_MAGIC) and path.stat().st_size >= size


def _rows_digest(path: Path) -> str:
    """Digest of all rows of Chroma's database, but for those that count its calls.

    Raises sqlite3.Error, or ValueError if SQLite finds the file damaged.
    """
    # Opened for writing, SQLite rolls back what a killed reader left half done.
    mode = "rw" if os.access(path, os.W_OK) else "ro&immutable=1"
    digest = sha256()
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True)) as database:
        (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise ValueError(state)
        names = [row[0] for row in database.execute(_TABLES) if row[0] != _CALL_COUNT_TABLE]
        for name in names:
            digest.update(name.encode())
            for row in database.execute(f'SELECT * FROM "{name}"'):
                digest.update(repr(row).encode())
    return digest.hexdigest()


_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
