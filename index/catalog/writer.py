"""Write access to the catalog, for one process at a time inside `writer_lock`.

A sync stages what it parses in a temporary database, so that memory does not grow with the corpus,
and moves it into the catalog in the one transaction that commits the sync.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from index.catalog.database import Database, open_for_rebuild, open_to_write
from index.catalog.reader import Catalog, FileState
from index.catalog.table_json import dump_tables
from index.embedding.pooling import pack
from index.errors import StoreError
from index.types import Content, Document, Embedded, Passage

_DOCUMENT_COLUMNS = (
    "path, digest, size, mtime, failure, reader, title, headings, pages, hidden, notes, tables, "
    "text"
)
_DOCUMENT = f"documents ({_DOCUMENT_COLUMNS})"
_DOCUMENT_MARKS = ", ".join("?" for _ in _DOCUMENT_COLUMNS.split(","))
_PASSAGE = 'passages (id, document, key, start, "end", page, heading, text)'


@dataclass(frozen=True, slots=True)
class IndexChange:
    """Keys to remove from the stores and keys to add, each in order."""

    removed: Sequence[str]
    added: Sequence[str]


NO_CHANGE = IndexChange((), ())


class CatalogWriter(Catalog):
    """The catalog, to be changed."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._run = database.run

    @classmethod
    def create(cls, folder: Path, anew: bool = False) -> CatalogWriter:
        """Open for writing, created if needed; `anew` if all documents will be read again.

        Raises StoreError where that cannot be done, IndexMismatch for another schema.
        """
        return cls(open_for_rebuild(folder) if anew else open_to_write(folder))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; commits at the end, rolls back on any error."""
        with self._database.transaction():
            yield

    def truncate_wal(self) -> bool:
        """Truncate the write-ahead log, so that deleted text is gone from the disk; False if a
        reader still needs it.
        """
        return self._database.truncate_wal()

    def set_meta(self, name: str, value: str) -> None:
        """Record a fact."""
        self._run("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))

    def touch(self, state: FileState) -> None:
        """Record new size and mtime of a file whose bytes are the same."""
        self._run(
            "UPDATE documents SET size = ?, mtime = ? WHERE path = ?",
            (state.size, state.mtime, state.path),
        )

    # --- staging

    @contextmanager
    def staging(self) -> Iterator[None]:
        """Attach an empty staging database, which is removed when the block ends."""
        with self._database.staging():
            yield

    def stage(
        self, state: FileState, document: Document | None, passages: Iterable[Passage] = ()
    ) -> None:
        """Stage a file: its text and passages, or with None only its state and failure."""
        headings = [astuple(heading) for heading in document.headings] if document else []
        self._run(
            f"INSERT INTO staging.{_DOCUMENT} VALUES ({_DOCUMENT_MARKS})",
            (
                state.path,
                state.digest,
                state.size,
                state.mtime,
                state.failure,
                state.reader,
                document.title if document else state.path,
                json.dumps(headings),
                json.dumps(document.page_starts if document else []),
                document.hidden if document else 0,
                json.dumps(document.notes if document else []),
                dump_tables(document.tables if document else ()),
                document.text if document else "",
            ),
        )
        self._database.run_each(
            f"INSERT INTO staging.{_PASSAGE} VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (p.id, p.document, p.key, p.start, p.end, p.page, p.heading, p.text)
                for p in passages
            ],
        )

    def list_unembedded(self, model: str) -> int:
        """List the staged texts that have no vector yet, the longest first; how many there are."""
        self._database.script(
            "CREATE INDEX staging.passages_key ON passages (key);"
            "CREATE TABLE staging.unembedded (number INTEGER PRIMARY KEY, key TEXT)"
        )
        self._run(
            "INSERT INTO staging.unembedded (key) SELECT key FROM staging.passages "
            "WHERE NOT EXISTS (SELECT 1 FROM main.vectors v WHERE v.model = ? AND v.key = "
            "staging.passages.key) "
            "GROUP BY key ORDER BY max(length(heading) + length(text)) DESC, key",
            (model,),
        )
        return int(self._rows("SELECT count(*) FROM staging.unembedded")[0][0])

    def unembedded(self, first: int, count: int) -> dict[str, Content]:
        """Keys and contents of that list from a place (0 is the first), at most so many."""
        rows = self._rows(
            "SELECT m.key, p.heading, p.text FROM staging.unembedded m "
            "JOIN staging.passages p ON p.key = m.key WHERE number > ? AND number <= ? "
            "GROUP BY number ORDER BY number",
            (first, first + count),
        )
        return {key: Content(heading, text) for key, heading, text in rows}

    # --- inside the transaction that commits

    def apply_staged(
        self, removed: Iterable[str], renamed: Iterable[tuple[str, FileState]]
    ) -> IndexChange:
        """Delete, rename and insert the staged documents; the keys that this changes."""
        self._database.script(
            "CREATE TEMP TABLE leaving (path TEXT PRIMARY KEY);"
            "INSERT INTO leaving SELECT path FROM staging.documents"
        )
        self._database.run_each("INSERT OR IGNORE INTO leaving VALUES (?)", [(p,) for p in removed])
        self._run(
            "CREATE TEMP TABLE before AS SELECT DISTINCT key FROM main.passages "
            "WHERE document IN (SELECT path FROM leaving)"
        )
        # Looked up one by one: there may be a million others.
        new = "SELECT DISTINCT key FROM {} WHERE key NOT IN (SELECT key FROM main.passages)"
        added = self._keys(new.format("staging.passages"))
        self._database.script(
            "DELETE FROM main.documents WHERE path IN (SELECT path FROM leaving);"
            "DELETE FROM main.passages WHERE document IN (SELECT path FROM leaving);"
            f"INSERT INTO main.{_DOCUMENT} SELECT {_DOCUMENT_COLUMNS} FROM staging.documents;"
            f"INSERT INTO main.{_PASSAGE} SELECT * FROM staging.passages"
        )
        for old, state in renamed:
            self._rename(old, state)
        gone = self._keys(new.format("before"))
        self._database.script("DROP TABLE leaving; DROP TABLE before")
        return IndexChange(gone, added)

    def _keys(self, query: str) -> list[str]:
        return [row[0] for row in self._rows(f"{query} ORDER BY key")]

    def _rename(self, old: str, state: FileState) -> None:
        """Move a document and its passages to another path, and a title that was its file name."""
        self._run(
            "UPDATE documents SET path = ?, size = ?, mtime = ?, "
            "title = CASE title WHEN ? THEN ? ELSE title END WHERE path = ?",
            (state.path, state.size, state.mtime, _stem(old), _stem(state.path), old),
        )
        self._run(
            "UPDATE passages SET document = ?, id = ? || substr(id, ?) WHERE document = ?",
            (state.path, state.path, len(old) + 1, old),
        )

    def put_vectors(self, model: str, keys: Sequence[str], embedded: Embedded) -> None:
        """Store vectors by key; they outlive a killed sync: nothing is embedded twice."""
        rows = zip(keys, embedded.vectors.astype(np.float32), embedded.sentences, strict=True)
        self._database.run_each(
            "INSERT OR REPLACE INTO vectors (model, key, vector, sentences) VALUES (?, ?, ?, ?)",
            [
                (model, key, vector.tobytes(), None if inside is None else pack(inside))
                for key, vector, inside in rows
            ],
        )

    def drop_orphan_vectors(self, model: str) -> None:
        """Delete vectors of other models, and of texts that no passage has any more."""
        # Of all others the index alone is read, not the vectors.
        self._run(
            "DELETE FROM vectors WHERE id IN (SELECT id FROM vectors "
            "WHERE model <> ? OR key NOT IN (SELECT key FROM passages))",
            (model,),
        )


def _stem(path: str) -> str:
    return PurePosixPath(path).stem


FILE_NAME = "lock"
# What an index follows, in the folder of one that does; it is changed by nobody else.
FOLLOWED = "followed.json"


@contextmanager
def writer_lock(data: Path) -> Iterator[None]:
    """Hold the index for writing. Raises StoreError at once if another process holds it, or if it
    follows one that is published.
    """
    if (data / FOLLOWED).exists():
        raise StoreError(
            f"the index in {data} follows one that is published elsewhere; "
            "change it there, or choose another folder with --data"
        )
    with folder_lock(data):
        yield


@contextmanager
def folder_lock(data: Path) -> Iterator[None]:
    """Hold a data folder for writing. Raises StoreError at once if another process holds it.

    The lock is on the real path, so a second spelling of the same folder finds it too.
    """
    folder = Path(os.path.realpath(data))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Not buffered: what a full disk refuses must not be tried again when the file is closed.
        file = os.fdopen(os.open(folder / FILE_NAME, os.O_RDWR | os.O_CREAT, 0o644), "r+b", 0)
    except OSError as error:
        raise StoreError(
            f"the index folder {data} cannot be written: {error.strerror}; "
            "choose another with --data"
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = file.read().decode("ascii", "replace").strip() or "unknown"
            raise StoreError(
                f"the index in {data} is being written by process {holder}; "
                "wait for it to end, or stop it"
            ) from None
        # The holder's id is for the message above; a full disk must not stop the sync here.
        with suppress(OSError):
            file.truncate(0)
            file.write(str(os.getpid()).encode())
        yield
