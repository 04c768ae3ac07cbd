"""The catalog: one SQLite file that is the source of truth for documents, passages and vectors.

Everything else in the data folder can be rebuilt from it. A sync is one transaction here; its
commit, which also raises the generation number, makes the sync visible.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from index.catalog.database import FILE_NAME, Database, Row, open_to_read
from index.catalog.table_json import load_tables
from index.embedding.pooling import Packed, unpack
from index.errors import EmptyIndex
from index.types import Content, Document, Failure, Heading, Passage, Vectors, omissions

# SQLite allows 32,766 variables in a statement; this keeps statements short as well.
_CHUNK = 500
# At the end of the label of a reader that has more to read of a file.
_UNFINISHED = " (goes on)"


class FileState(NamedTuple):
    """What the catalog remembers of a file: digest of its bytes, size, mtime (ns), failure if any,
    and the label of the reader that it was parsed with, "" if there is no reader for it.
    """

    path: str
    digest: str
    size: int
    mtime: int
    failure: str | None
    reader: str = ""

    def failed(self, reason: str) -> FileState:
        """The same file with a failure."""
        return self._replace(failure=reason)

    def unfinished(self) -> FileState:
        """The same file, of which there is more to read: its label is that of no reader."""
        return self._replace(reader=f"{self.reader}{_UNFINISHED}")

    @property
    def is_unfinished(self) -> bool:
        """Whether there is more to read of it."""
        return self.reader.endswith(_UNFINISHED)


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A document in a list: size in bytes, pages if it has any, number of passages, failure.

    `hidden` counts characters left out of its text, `notes` say what else was. `mtime` is when the
    file was changed, in ns since 1970, 0 if that is not known.
    """

    path: str
    title: str
    size: int
    pages: int | None
    passages: int
    failure: str | None
    hidden: int
    notes: tuple[str, ...]
    mtime: int = field(default=0, compare=False)

    @property
    def omissions(self) -> tuple[str, ...]:
        """What its text lacks, in sentences."""
        return omissions(self.hidden, self.notes)


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a catalog holds; `keys` counts passages with the same text once."""

    documents: int
    failed: int
    passages: int
    keys: int
    vectors: int
    orphan_vectors: int


class Catalog:
    """Read access to the catalog; `CatalogWriter` changes it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = database.rows

    @classmethod
    def read(cls, folder: Path) -> Catalog:
        """Open a reader that sees the same committed state until it is closed.

        Raises EmptyIndex before the first sync was committed, StoreError if it is damaged.
        """
        catalog = cls(open_to_read(folder))
        if not catalog.generation:
            catalog.close()
            raise EmptyIndex(f"nothing is indexed in {folder}; run: footnote index FOLDER")
        return catalog

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        self._database.close()

    def meta(self, name: str) -> str | None:
        """A recorded fact: schema, corpus, model, splitter, generation."""
        rows = self._rows("SELECT value FROM meta WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    @property
    def generation(self) -> int:
        """How many syncs have changed the index; 0 before the first."""
        return int(self.meta("generation") or 0)

    # --- documents

    def files(self) -> dict[str, FileState]:
        """The state of every known file, by path."""
        rows = self._rows("SELECT path, digest, size, mtime, failure, reader FROM documents")
        return {row[0]: FileState(*row) for row in rows}

    def documents(self) -> list[DocumentInfo]:
        """Every file of the corpus in order of path, failed ones with their reason."""
        rows = self._rows(
            "SELECT path, title, size, json_array_length(pages), "
            "(SELECT count(*) FROM passages WHERE document = path), failure, hidden, notes, mtime "
            "FROM documents ORDER BY path"
        )
        return [
            DocumentInfo(
                row[0],
                row[1],
                row[2],
                row[3] or None,
                row[4],
                row[5],
                row[6],
                tuple(json.loads(row[7])),
                row[8],
            )
            for row in rows
        ]

    def failures(self) -> list[Failure]:
        """Every file that is not indexed, in order of path."""
        rows = self._rows("SELECT path, failure FROM documents WHERE failure NOTNULL ORDER BY path")
        return [Failure(*row) for row in rows]

    def counts(self) -> Counts:
        """How much of each there is."""
        (row,) = self._rows(
            "SELECT (SELECT count(*) FROM documents WHERE failure IS NULL), "
            "(SELECT count(*) FROM documents WHERE failure NOTNULL), "
            "(SELECT count(*) FROM passages), (SELECT count(DISTINCT key) FROM passages), "
            "(SELECT count(*) FROM vectors), "
            "(SELECT count(*) FROM vectors WHERE key NOT IN (SELECT key FROM passages))"
        )
        return Counts(*row)

    def document(self, path: str) -> Document | None:
        """A document with its text; None if there is no such document or it failed."""
        rows = self._rows(
            "SELECT path, title, text, digest, headings, pages, hidden, notes, tables "
            "FROM documents WHERE path = ? AND failure IS NULL",
            (path,),
        )
        if not rows:
            return None
        name, title, text, digest, headings, pages, hidden, notes, tables = rows[0]
        return Document(
            path=name,
            title=title,
            text=text,
            digest=digest,
            headings=tuple(Heading(*item) for item in json.loads(headings)),
            page_starts=tuple(json.loads(pages)),
            hidden=hidden,
            notes=tuple(json.loads(notes)),
            tables=load_tables(tables),
        )

    def paths_with_tables(self) -> frozenset[str]:
        """The paths of the documents that hold a table."""
        rows = self._rows("SELECT path FROM documents WHERE length(tables) > 2")
        return frozenset(path for (path,) in rows)

    # --- passages

    def passages_of(self, keys: Sequence[str]) -> dict[str, list[Passage]]:
        """The passages of keys, those with the same text in order of id."""
        found: dict[str, list[Passage]] = {}
        for chunk in _chunks(keys):
            for row in self._passages(f"p.key IN ({_marks(chunk)}) ORDER BY p.id", chunk):
                found.setdefault(row[0], []).append(Passage(*row[1:]))
        return found

    def passages_in(self, path: str) -> list[Passage]:
        """The passages of a document in reading order."""
        rows = self._passages("p.document = ? ORDER BY p.start", [path])
        return [Passage(*row[1:]) for row in rows]

    def _passages(self, condition: str, values: Sequence[str]) -> list[Row]:
        return self._rows(
            "SELECT p.key, p.id, p.document, d.title, p.heading, p.text, p.start, p.end, p.page, "
            f"d.digest FROM passages p JOIN documents d ON d.path = p.document WHERE {condition}",
            values,
        )

    def contents(self, keys: Sequence[str]) -> dict[str, Content]:
        """Heading path and text of each key."""
        found = dict[str, Content]()
        for chunk in _chunks(keys):
            rows = self._rows(
                f"SELECT key, heading, text FROM passages WHERE key IN ({_marks(chunk)})", chunk
            )
            found.update({key: Content(heading, text) for key, heading, text in rows})
        return found

    def all_texts(self) -> Iterator[tuple[str, str]]:
        """Every key with the text to embed and to search for, those of a document together; not
        held in memory.
        """
        rows = self._database.each(
            "SELECT key, heading, text FROM passages "
            "WHERE rowid IN (SELECT min(rowid) FROM passages GROUP BY key) ORDER BY rowid"
        )
        return ((key, Content(heading, text).embedding_text) for key, heading, text in rows)

    def keys(self, after: str = "", limit: int = -1) -> list[str]:
        """The keys of all passages in order; those behind one key, at most so many."""
        rows = self._rows(
            "SELECT DISTINCT key FROM passages WHERE key > ? ORDER BY key LIMIT ?", (after, limit)
        )
        return [row[0] for row in rows]

    def keys_in(self, paths: Sequence[str]) -> frozenset[str]:
        """The keys of the passages of documents."""
        found = set[str]()
        for chunk in _chunks(paths):
            rows = self._rows(
                f"SELECT DISTINCT key FROM passages WHERE document IN ({_marks(chunk)})", chunk
            )
            found.update(str(key) for (key,) in rows)
        return frozenset(found)

    def key_count(self) -> int:
        """How many keys there are: passages with the same text count once."""
        return int(self._rows("SELECT count(DISTINCT key) FROM passages")[0][0])

    def passage_count(self) -> int:
        """How many passages there are, also those with the same text."""
        return int(self._rows("SELECT count(*) FROM passages")[0][0])

    # --- vectors

    def vectors(self, model: str, keys: Sequence[str]) -> dict[str, Vectors]:
        """Stored vectors of keys; keys without one are left out."""
        found = {}
        for chunk in _chunks(keys):
            rows = self._rows(
                f"SELECT key, vector FROM vectors WHERE model = ? AND key IN ({_marks(chunk)})",
                [model, *chunk],
            )
            found.update({key: np.frombuffer(blob, dtype=np.float32) for key, blob in rows})
        return found

    def sentence_vectors(self, model: str, keys: Sequence[str]) -> dict[str, Packed]:
        """Stored vectors of the sentences of keys; keys without them are left out."""
        found = {}
        for chunk in _chunks(keys):
            rows = self._rows(
                "SELECT key, sentences, length(vector) / 4 FROM vectors "
                f"WHERE sentences NOTNULL AND model = ? AND key IN ({_marks(chunk)})",
                [model, *chunk],
            )
            found.update({key: unpack(blob, dimension) for key, blob, dimension in rows})
        return found

    def sentence_bytes(self) -> int:
        """Bytes of all sentence vectors."""
        return int(self._rows("SELECT total(length(sentences)) FROM vectors")[0][0])

    def dimension(self, model: str) -> int:
        """Dimension of most of the vectors; 0 if there are none."""
        rows = self._rows(
            "SELECT length(vector) / 4 FROM vectors WHERE model = ? "
            "GROUP BY length(vector) ORDER BY count(*) DESC LIMIT 1",
            (model,),
        )
        return int(rows[0][0]) if rows else 0

    def keys_without_vector(self, model: str) -> list[str]:
        """Keys of passages that have no vector, or one of another length than most, in order."""
        rows = self._rows(
            "SELECT DISTINCT key FROM passages WHERE key NOT IN "
            "(SELECT key FROM vectors WHERE model = ? AND length(vector) = ?) ORDER BY key",
            (model, 4 * self.dimension(model)),
        )
        return [row[0] for row in rows]

    def check(self) -> None:
        """Have SQLite check every page. Raises DamagedCatalog."""
        self._database.check()

    def copy_to(self, path: Path) -> None:
        """Copy what this reader sees, page by page, to a new file that needs no other."""
        self._database.copy_to(path)


def _chunks(keys: Sequence[str]) -> Iterator[list[str]]:
    for first in range(0, len(keys), _CHUNK):
        yield list(keys[first : first + _CHUNK])


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))


# The generation's number and the inode of the catalog: a rebuilt index counts from 1 again.
CommitId = tuple[int, int]


class CommitPoller:
    """Polls the catalog of a folder for new commits; for one thread at a time.

    It reads SQLite's `data_version`, which takes 0.02 ms where opening the catalog takes 0.4. That
    does not work for a catalog that is opened as immutable.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database: Database | None = None
        self._version = -1
        self._last: CommitId = (0, 0)

    def poll(self) -> CommitId:
        """The last commit. Raises what `Catalog.read` raises."""
        if self._database and self._has_same_file():
            try:
                return self._poll_open(self._database)
            except BaseException:
                self.close()
                raise
        self.close()
        catalog = Catalog.read(self._folder)
        try:
            self._last = catalog.generation, self._inode()
        finally:
            catalog.close()
        if os.access(self._folder, os.W_OK):
            self._database = open_to_read(self._folder)
            self._database.run("COMMIT")
        return self._last

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        if self._database:
            self._database.close()
        self._database, self._version = None, -1

    def _poll_open(self, database: Database) -> CommitId:
        if self._data_version(database) != self._version:
            database.run("BEGIN")
            try:
                # Both in one transaction.
                self._version = self._data_version(database)
                self._last = Catalog(database).generation, self._last[1]
            finally:
                database.run("COMMIT")
        return self._last

    def _data_version(self, database: Database) -> int:
        return int(database.rows("PRAGMA data_version")[0][0])

    def _has_same_file(self) -> bool:
        try:
            return self._inode() == self._last[1]
        except OSError:
            return False

    def _inode(self) -> int:
        return (self._folder / FILE_NAME).stat().st_ino
