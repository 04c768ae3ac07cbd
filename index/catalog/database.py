"""The catalog's SQLite file: schema, connections, and translation of SQLite's errors."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from index.errors import DamagedCatalog, EmptyIndex, IndexMismatch, StoreError

FILE_NAME = "catalog.sqlite3"
STAGING = "staging.sqlite3"
SCHEMA = 4
# Text comes last, since SQLite reads through it to reach the columns behind it.
_DOCUMENTS = """
CREATE TABLE {0}documents (
    path TEXT PRIMARY KEY, digest TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
    failure TEXT, reader TEXT NOT NULL, title TEXT NOT NULL, headings TEXT NOT NULL,
    pages TEXT NOT NULL, hidden INTEGER NOT NULL, notes TEXT NOT NULL, tables TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE TABLE {0}passages (
    id TEXT PRIMARY KEY, document TEXT NOT NULL, key TEXT NOT NULL, start INTEGER NOT NULL,
    "end" INTEGER NOT NULL, page INTEGER, heading TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
"""
_TABLES = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO meta VALUES ('schema', '{SCHEMA}');
{_DOCUMENTS.format("")}
CREATE INDEX passages_document ON passages (document);
CREATE INDEX passages_key ON passages (key);
CREATE TABLE vectors (
    id INTEGER PRIMARY KEY, model TEXT NOT NULL, key TEXT NOT NULL, vector BLOB NOT NULL,
    sentences BLOB, UNIQUE (model, key)
) STRICT;
"""
# The tables of an older schema, but for the vectors, which are migrated.
_DROPPED = "DROP TABLE meta; DROP TABLE documents; DROP TABLE passages;"

Row = tuple[Any, ...]


class Database:
    """A connection whose errors are StoreErrors with the next command."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._db = connection
        self._folder = folder

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """All rows that a query gives."""
        with translate_errors(self._folder):
            return self._db.execute(sql, values).fetchall()

    def each(self, sql: str) -> Iterator[Row]:
        """The rows that a query gives, one at a time."""
        with translate_errors(self._folder):
            yield from self._db.execute(sql)

    def run(self, sql: str, values: Sequence[object] = ()) -> None:
        """Run one statement."""
        with translate_errors(self._folder):
            self._db.execute(sql, values)

    def run_each(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each row of values."""
        with translate_errors(self._folder):
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

    def truncate_wal(self) -> bool:
        """Checkpoint the write-ahead log and truncate it, so that deleted text is gone from both.

        False while a reader still has an older state open, or if the disk is full; then it is
        truncated another time.
        """
        self.run("PRAGMA busy_timeout = 0")
        try:
            busy = self.rows("PRAGMA wal_checkpoint(TRUNCATE)")[0][0]
        except DamagedCatalog:
            raise
        except StoreError:
            return False
        finally:
            self.run("PRAGMA busy_timeout = 5000")
        return not busy

    @contextmanager
    def staging(self) -> Iterator[None]:
        """Attach a staging database for documents that a sync will commit.

        It is a temporary file: not fsynced, and removed when the block ends.
        """
        remove_staging(self._folder)
        path = self._folder / STAGING
        self.run("ATTACH ? AS staging", (str(path),))
        try:
            self.run("PRAGMA staging.journal_mode = MEMORY")
            self.run("PRAGMA staging.synchronous = OFF")
            self.script(_DOCUMENTS.format("staging."))
            yield
        finally:
            with suppress(StoreError):  # it goes with the connection
                self.run("DETACH staging")
            remove_staging(self._folder)

    def check(self) -> None:
        """Have SQLite check every page. Raises DamagedCatalog."""
        (state,) = self.rows("PRAGMA quick_check(1)")[0]
        if state != "ok":
            raise damaged(self._folder, state)

    def copy_to(self, path: Path) -> None:
        """Copy what this connection sees, page by page, to a new file that needs no other."""
        with translate_errors(self._folder):
            with closing(sqlite3.connect(path)) as copy:
                self._db.backup(copy)
            # The copy says that it has a write-ahead log, as the original does.
            with closing(sqlite3.connect(path)) as copy:
                copy.execute("PRAGMA journal_mode = DELETE")

    def script(self, sql: str) -> None:
        """Run several statements; what is in a transaction stays in it."""
        for statement in filter(str.strip, sql.split(";")):
            self.run(statement)

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        self._db.close()


def remove_staging(folder: Path) -> None:
    """Remove the staging database of a killed sync."""
    for name in (STAGING, f"{STAGING}-journal"):
        (folder / name).unlink(missing_ok=True)


def open_to_write(folder: Path) -> Database:
    """Open the catalog of a folder for writing, created if needed.

    Raises StoreError or IndexMismatch.
    """
    with _connected(folder) as database:
        if not _has_tables(database):
            with database.transaction():
                database.script(_TABLES)
        _check_schema(database, folder)
    return database


def open_for_rebuild(folder: Path) -> Database:
    """Open the catalog of a folder for a rebuild, whatever was in the file before.

    Vectors of an older schema are kept, so that nothing is embedded twice; a damaged file is
    removed. Raises StoreError where neither can be done.
    """
    try:
        database = open_to_write(folder)
        try:
            database.check()
        except StoreError:
            database.close()
            raise
        return database
    except IndexMismatch:
        with _connected(folder) as database, database.transaction():
            database.script(f"{_DROPPED} ALTER TABLE vectors RENAME TO older; {_TABLES}")
            database.script(
                "INSERT INTO vectors (model, key, vector) SELECT model, key, vector FROM older;"
                "DROP TABLE older"
            )
        return database
    except DamagedCatalog:
        for name in (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"):
            (folder / name).unlink(missing_ok=True)
        return open_to_write(folder)


@contextmanager
def _connected(folder: Path) -> Iterator[Database]:
    with translate_errors(folder):
        connection = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
    database = Database(connection, folder)
    try:
        database.run("PRAGMA journal_mode = WAL")
        database.run("PRAGMA synchronous = FULL")
        # Deleted text is overwritten, not left in free pages.
        database.run("PRAGMA secure_delete = ON")
        yield database
    except BaseException:
        database.close()
        raise


def open_to_read(folder: Path) -> Database:
    """The catalog of a folder as its last commit left it, whatever is committed later.

    Raises EmptyIndex if nothing was ever indexed there, StoreError or IndexMismatch.
    """
    path = folder / FILE_NAME
    empty = EmptyIndex(f"nothing is indexed in {folder}; run: footnote index FOLDER")
    if not path.exists():
        raise empty
    with translate_errors(folder):
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?{_read_mode(folder)}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
    database = Database(connection, folder)
    try:
        database.run("BEGIN")
        if not _has_tables(database):
            raise empty
        _check_schema(database, folder)
    except BaseException:
        database.close()
        raise
    return database


def _read_mode(folder: Path) -> str:
    """URI parameters: WAL needs a shared-memory file beside the catalog, unless it is immutable."""
    if (folder / f"{FILE_NAME}-journal").exists():
        return "mode=rw"  # a first run was killed while it made the file; SQLite takes that back
    log = folder / f"{FILE_NAME}-wal"
    is_checkpointed = not log.exists() or not log.stat().st_size
    return "mode=ro" if os.access(folder, os.W_OK) or not is_checkpointed else "mode=ro&immutable=1"


def _has_tables(database: Database) -> bool:
    return bool(database.rows("SELECT 1 FROM sqlite_master WHERE name = 'meta'"))


def _check_schema(database: Database, folder: Path) -> None:
    found = database.rows("SELECT value FROM meta WHERE name = 'schema'")
    schema = found[0][0] if found else "none"
    if schema.isdigit() and int(schema) > SCHEMA:
        raise IndexMismatch(
            f"the index in {folder} was made by a newer Footnote (schema {schema}, not {SCHEMA}); "
            "update this one, or choose another folder with --data"
        )
    if schema != str(SCHEMA):
        raise IndexMismatch(
            f"the index in {folder} has schema {schema}, not {SCHEMA}; "
            "run: footnote index FOLDER --rebuild"
        )


@contextmanager
def translate_errors(folder: Path) -> Iterator[None]:
    """Turn SQLite's errors into StoreErrors with the next command, or into DamagedCatalog."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreError(
            f"the index in {folder} cannot be used: {error}; mend that and try again"
        ) from None
    except sqlite3.DatabaseError as error:
        raise damaged(folder, error) from None


def damaged(folder: Path, why: object) -> DamagedCatalog:
    """The error of a catalog that SQLite cannot read."""
    return DamagedCatalog(
        f"the index in {folder} is damaged ({why}); run: footnote index FOLDER --rebuild"
    )
