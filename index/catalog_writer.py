"""The writing side of the catalog; one process at a time holds it, inside `writer_lock`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

import numpy as np

from index.catalog import Catalog, FileState
from index.passages import Document, Passage, Vectors
from index.rows import Database, open_to_write


class CatalogWriter(Catalog):
    """The catalog, to be changed."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._run = database.run

    @classmethod
    def create(cls, folder: Path) -> CatalogWriter:
        """Open for writing, made if needed. Raises StoreError where that cannot be done."""
        return cls(open_to_write(folder))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; commits at the end, rolls back on any error."""
        with self._database.transaction():
            yield

    def empty_log(self) -> None:
        """Empty the log of the file, so that deleted text is gone from the disk."""
        self._database.empty_log()

    def set_meta(self, name: str, value: str) -> None:
        """Record a fact."""
        self._run("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))

    def put_document(self, state: FileState, document: Document | None) -> None:
        """Record a file: its text, or with None only its state and failure."""
        headings = [astuple(heading) for heading in document.headings] if document else []
        self._run(
            "INSERT OR REPLACE INTO documents "
            "(path, digest, size, mtime, failure, title, headings, pages, text) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                state.path,
                state.digest,
                state.size,
                state.mtime,
                state.failure,
                document.title if document else state.path,
                json.dumps(headings),
                json.dumps(document.page_starts if document else []),
                document.text if document else "",
            ),
        )

    def touch(self, state: FileState) -> None:
        """Record new size and mtime of a file whose bytes are the same."""
        self._run(
            "UPDATE documents SET size = ?, mtime = ? WHERE path = ?",
            (state.size, state.mtime, state.path),
        )

    def remove_document(self, path: str) -> None:
        """Forget a document and its passages."""
        self._run("DELETE FROM documents WHERE path = ?", (path,))
        self._run("DELETE FROM passages WHERE document = ?", (path,))

    def put_passages(self, path: str, passages: Sequence[Passage]) -> None:
        """Replace a document's passages."""
        self._run("DELETE FROM passages WHERE document = ?", (path,))
        self._database.run_each(
            'INSERT INTO passages (id, document, key, start, "end", page, heading, text) '
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (p.id, p.document, p.key, p.start, p.end, p.page, p.heading, p.text)
                for p in passages
            ],
        )

    def put_vectors(self, model: str, keys: Sequence[str], vectors: Vectors) -> None:
        """Store vectors by key; they outlive a killed sync: nothing is embedded twice."""
        rows = zip(keys, vectors.astype(np.float32), strict=True)
        self._database.run_each(
            "INSERT OR REPLACE INTO vectors (model, key, vector) VALUES (?, ?, ?)",
            [(model, key, vector.tobytes()) for key, vector in rows],
        )

    def drop_orphan_vectors(self, model: str) -> None:
        """Forget vectors of other models and of texts that no passage holds any more."""
        self._run(
            "DELETE FROM vectors WHERE model <> ? OR key NOT IN (SELECT key FROM passages)",
            (model,),
        )
