"""The catalog's SQLite file: its tables, its connections, and its errors in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from index.errors import EmptyIndex, IndexMismatch, StoreError

FILE_NAME = "catalog.sqlite3"
SCHEMA = 1
# Text comes last, since SQLite reads through it to reach what is behind.
_TABLES = f"""
BEGIN;
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO meta VALUES ('schema', '{SCHEMA}');
CREATE TABLE documents (
    path TEXT PRIMARY KEY, digest TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
    failure TEXT, title TEXT NOT NULL, headings TEXT NOT NULL, pages TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE TABLE passages (
    id TEXT PRIMARY KEY, document TEXT NOT NULL, key TEXT NOT NULL, start INTEGER NOT NULL,
    "end" INTEGER NOT NULL, page INTEGER, heading TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE INDEX passages_document ON passages (document);
CREATE INDEX passages_key ON passages (key);
CREATE TABLE vectors (
    model TEXT NOT NULL, key TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (model, key)
) STRICT, WITHOUT ROWID;
COMMIT;
"""

Row = tuple[Any, ...]


class Database:
    """A connection whose errors are StoreErrors with the command to run."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._db = connection
        self._folder = folder

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """All rows that a query gives."""
        with errors_in_words(self._folder):
            return self._db.execute(sql, values).fetchall()

    def run(self, sql: str, values: Sequence[object] = ()) -> None:
        """Run one statement."""
        with errors_in_words(self._folder):
            self._db.execute(sql, values)

    def run_each(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each row of values."""
        with errors_in_words(self._folder):
            self._db.executemany(sql, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; commits at the end, rolls back on any error."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.rollback()
            raise

    def empty_log(self) -> None:
        """Write the log back into the file and empty it, so that deleted text is gone from both.

        While a reader looks at an earlier generation the log is kept, and emptied another time.
        """
        self.run("PRAGMA busy_timeout = 0")
        self.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        self.run("PRAGMA busy_timeout = 5000")

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        self._db.close()


def open_to_write(folder: Path) -> Database:
    """The catalog of a folder, made if needed. Raises StoreError or IndexMismatch."""
    with errors_in_words(folder):
        connection = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
    database = Database(connection, folder)
    try:
        database.run("PRAGMA journal_mode = WAL")
        database.run("PRAGMA synchronous = FULL")
        # Deleted text is overwritten, not left in free pages.
        database.run("PRAGMA secure_delete = ON")
        if not _has_tables(database):
            with errors_in_words(folder):
                connection.executescript(_TABLES)
        _check_schema(database, folder)
    except BaseException:
        database.close()
        raise
    return database


def open_to_read(folder: Path) -> Database:
    """The catalog of a folder as its last commit left it, whatever is committed later.

    Raises EmptyIndex if nothing was ever indexed there, StoreError or IndexMismatch.
    """
    path = folder / FILE_NAME
    nothing = EmptyIndex(f"nothing is indexed in {folder}; run: footnote index FOLDER")
    if not path.exists():
        raise nothing
    with errors_in_words(folder):
        connection = sqlite3.connect(
            f"file:{quote(str(path.resolve()))}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
    database = Database(connection, folder)
    try:
        database.run("BEGIN")
        if not _has_tables(database):
            raise nothing
        _check_schema(database, folder)
    except BaseException:
        database.close()
        raise
    return database


def _has_tables(database: Database) -> bool:
    return bool(database.rows("SELECT 1 FROM sqlite_master WHERE name = 'meta'"))


def _check_schema(database: Database, folder: Path) -> None:
    found = database.rows("SELECT value FROM meta WHERE name = 'schema'")
    schema = found[0][0] if found else "none"
    if schema != str(SCHEMA):
        raise IndexMismatch(
            f"the index in {folder} has schema {schema}, not {SCHEMA}; "
            f"remove {folder} and run: footnote index FOLDER"
        )


@contextmanager
def errors_in_words(folder: Path) -> Iterator[None]:
    """Turn SQLite's errors into StoreErrors: what can be mended, and what is damaged."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreError(
            f"the index in {folder} cannot be used: {error}; mend that and try again"
        ) from None
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"the index in {folder} is damaged ({error}); "
            f"remove {folder} and run: footnote index FOLDER"
        ) from None
