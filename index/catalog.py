"""The catalog: one SQLite file that is the truth about documents, passages and vectors.

Everything else in the data folder can be made again from it. A sync is one transaction here;
its commit, which also raises the generation number, is the moment at which the sync happened.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np

from index.errors import EmptyIndex, IndexMismatch, StoreError
from index.passages import Document, Heading, Passage, Vectors

FILE_NAME = "catalog.sqlite3"
SCHEMA = 1
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE documents (
    path TEXT PRIMARY KEY, digest TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
    title TEXT NOT NULL, text TEXT NOT NULL, headings TEXT NOT NULL, pages TEXT NOT NULL,
    failure TEXT
) STRICT;
CREATE TABLE passages (
    id TEXT PRIMARY KEY, document TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    page INTEGER, heading TEXT NOT NULL, text TEXT NOT NULL, key TEXT NOT NULL
) STRICT;
CREATE INDEX passages_document ON passages (document);
CREATE INDEX passages_key ON passages (key);
CREATE TABLE vectors (
    model TEXT NOT NULL, key TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (model, key)
) STRICT, WITHOUT ROWID;
"""
# SQLite allows 32,766 variables in a statement; this keeps statements short as well.
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class FileState:
    """What the catalog remembers of a file: bytes' digest, size, mtime (ns), failure if any."""

    path: str
    digest: str
    size: int
    mtime: int
    failure: str | None


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A document in a list: size in bytes, pages if it has any, number of passages, failure."""

    path: str
    title: str
    size: int
    pages: int | None
    passages: int
    failure: str | None


class Catalog:
    """A connection to the catalog; made by `create` for the writer or `read` for a reader."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @classmethod
    def create(cls, folder: Path) -> Catalog:
        """Open for writing, made if needed. Raises StoreError where that cannot be done."""
        try:
            db = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            # Deleted text is overwritten, not left in free pages.
            db.execute("PRAGMA secure_delete = ON")
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                db.executescript(f"BEGIN;{_TABLES}COMMIT;")
                db.execute("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA),))
        except sqlite3.Error as error:
            raise StoreError(f"the index in {folder} cannot be written: {error}") from None
        catalog = cls(db)
        catalog._check_schema(folder)
        return catalog

    @classmethod
    def read(cls, folder: Path) -> Catalog:
        """Open a reader that keeps seeing the generation it first saw until it is closed.

        Raises EmptyIndex if nothing was ever indexed there, StoreError if it is damaged.
        """
        path = folder / FILE_NAME
        if not path.exists():
            raise EmptyIndex(f"nothing is indexed in {folder}; run: footnote index FOLDER")
        try:
            db = sqlite3.connect(
                f"file:{_quoted(path)}?mode=ro",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            )
            db.execute("BEGIN")
            catalog = cls(db)
            catalog._check_schema(folder)
        except sqlite3.Error as error:
            raise StoreError(
                f"the index in {folder} cannot be read ({error}); run: footnote index --rebuild"
            ) from None
        return catalog

    def _check_schema(self, folder: Path) -> None:
        schema = self.meta("schema")
        if schema != str(SCHEMA):
            raise IndexMismatch(
                f"the index in {folder} has schema {schema or 'none'}, not {SCHEMA}; "
                f"remove {folder} and run: footnote index FOLDER"
            )

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; commits at the end, rolls back on any error."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def empty_log(self) -> None:
        """Write the log back into the file and empty it, so that deleted text is gone from both."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    # --- meta

    def meta(self, name: str) -> str | None:
        """A recorded fact: schema, corpus, model, splitter, generation."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, name: str, value: str) -> None:
        """Record a fact."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    @property
    def generation(self) -> int:
        """How many syncs have changed the index; 0 before the first."""
        return int(self.meta("generation") or 0)

    # --- documents

    def files(self) -> dict[str, FileState]:
        """The state of every known file, by path."""
        rows = self._db.execute("SELECT path, digest, size, mtime, failure FROM documents")
        return {row[0]: FileState(*row) for row in rows}

    def documents(self) -> list[DocumentInfo]:
        """Every file of the corpus in order of path, failed ones with their reason."""
        rows = self._db.execute(
            "SELECT d.path, d.title, d.size, json_array_length(d.pages), count(p.id), d.failure "
            "FROM documents d LEFT JOIN passages p ON p.document = d.path "
            "GROUP BY d.path ORDER BY d.path"
        )
        return [DocumentInfo(r[0], r[1], r[2], r[3] or None, r[4], r[5]) for r in rows]

    def document(self, path: str) -> Document | None:
        """A document with its text; None if there is no such document or it failed."""
        row = self._db.execute(
            "SELECT path, title, text, digest, headings, pages FROM documents "
            "WHERE path = ? AND failure IS NULL",
            (path,),
        ).fetchone()
        if row is None:
            return None
        headings = tuple(Heading(*item) for item in json.loads(row[4]))
        return Document(row[0], row[1], row[2], row[3], headings, tuple(json.loads(row[5])))

    def put_document(self, state: FileState, document: Document | None) -> None:
        """Record a file: its text, or with None only its state and failure."""
        headings = [astuple(heading) for heading in document.headings] if document else []
        self._db.execute(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                state.path,
                state.digest,
                state.size,
                state.mtime,
                document.title if document else state.path,
                document.text if document else "",
                json.dumps(headings),
                json.dumps(document.page_starts if document else []),
                state.failure,
            ),
        )

    def touch(self, state: FileState) -> None:
        """Record new size and mtime of a file whose bytes are the same."""
        self._db.execute(
            "UPDATE documents SET size = ?, mtime = ? WHERE path = ?",
            (state.size, state.mtime, state.path),
        )

    def remove_document(self, path: str) -> None:
        """Forget a document and its passages."""
        self._db.execute("DELETE FROM documents WHERE path = ?", (path,))
        self._db.execute("DELETE FROM passages WHERE document = ?", (path,))

    # --- passages

    def put_passages(self, path: str, passages: Sequence[Passage]) -> None:
        """Replace a document's passages."""
        self._db.execute("DELETE FROM passages WHERE document = ?", (path,))
        self._db.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (p.id, p.document, p.start, p.end, p.page, p.heading, p.text, p.key)
                for p in passages
            ],
        )

    def passages_of(self, keys: Sequence[str]) -> dict[str, list[Passage]]:
        """The passages behind keys, those that read the same in order of id."""
        found: dict[str, list[Passage]] = {}
        for chunk in _chunks(keys):
            rows = self._db.execute(
                "SELECT p.id, p.document, d.title, p.heading, p.text, p.start, p.end, p.page, "
                "d.digest, p.key FROM passages p JOIN documents d ON d.path = p.document "
                f"WHERE p.key IN ({_marks(chunk)}) ORDER BY p.id",
                chunk,
            )
            for row in rows:
                found.setdefault(row[9], []).append(Passage(*row[:9]))
        return found

    def passages_in(self, path: str) -> list[Passage]:
        """The passages of a document in reading order."""
        keys = [
            row[0]
            for row in self._db.execute("SELECT key FROM passages WHERE document = ?", (path,))
        ]
        found = self.passages_of(sorted(set(keys)))
        inside = [p for group in found.values() for p in group if p.document == path]
        return sorted(inside, key=lambda passage: passage.start)

    def embedding_texts(self, keys: Sequence[str]) -> dict[str, str]:
        """The text to embed and to search for each key."""
        found = self.passages_of(keys)
        return {key: passages[0].embedding_text for key, passages in found.items()}

    def keys(self) -> set[str]:
        """The keys of all passages."""
        return {row[0] for row in self._db.execute("SELECT DISTINCT key FROM passages")}

    def passage_count(self) -> int:
        """How many passages there are, those that read the same counted each."""
        return int(self._db.execute("SELECT count(*) FROM passages").fetchone()[0])

    # --- vectors

    def vectors(self, model: str, keys: Sequence[str]) -> dict[str, Vectors]:
        """Stored vectors of keys; keys without one are left out."""
        found = {}
        for chunk in _chunks(keys):
            rows = self._db.execute(
                f"SELECT key, vector FROM vectors WHERE model = ? AND key IN ({_marks(chunk)})",
                [model, *chunk],
            )
            found.update({key: np.frombuffer(blob, dtype=np.float32) for key, blob in rows})
        return found

    def missing_vectors(self, model: str, keys: Iterable[str]) -> list[str]:
        """Keys that have no vector yet, in order."""
        rows = self._db.execute("SELECT key FROM vectors WHERE model = ?", (model,))
        return sorted(set(keys) - {row[0] for row in rows})

    def put_vectors(self, model: str, keys: Sequence[str], vectors: Vectors) -> None:
        """Store vectors by key; they outlive a killed sync: nothing is embedded twice."""
        rows = zip(keys, vectors.astype(np.float32), strict=True)
        self._db.executemany(
            "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
            [(model, key, vector.tobytes()) for key, vector in rows],
        )

    def drop_orphan_vectors(self, model: str) -> None:
        """Forget vectors of other models and of texts that no passage holds any more."""
        self._db.execute(
            "DELETE FROM vectors WHERE model <> ? OR key NOT IN (SELECT key FROM passages)",
            (model,),
        )


def _chunks(keys: Sequence[str]) -> Iterator[list[str]]:
    for first in range(0, len(keys), _CHUNK):
        yield list(keys[first : first + _CHUNK])


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))


def _quoted(path: Path) -> str:
    return quote(str(path.resolve()))
