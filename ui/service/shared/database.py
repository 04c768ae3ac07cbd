"""A PostgreSQL database in which servers share conversations, ratings and tokens.

It is named by the setting `database`; without it they are files of the data folder. SQLAlchemy and
psycopg are the extra `shared`, and nothing of them is imported otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from index.errors import ConfigError, StoreError, first_line
from ui.service.settings import ServiceSettings

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

# Raise it when the tables would be others.
_VERSION = 1
_OLDEST_SERVER = (12,)
# Two servers that start at once must not both make the tables; the number is of no meaning.
_LOCK = 5_318_008_173
_CONNECT_SECONDS = 3
_POOL = 8
_SETTING = "the database that the setting 'database' names"
_EXAMPLE = "postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
# What a server says to an address that leads to it and is wrong all the same.
_REFUSED = re.compile(r"authentication failed|does not exist|no password|no pg_hba|permission")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS footnote_version (version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS chats (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, updated DOUBLE PRECISION NOT NULL
);
CREATE INDEX IF NOT EXISTS chats_of_owner ON chats (owner, updated);
CREATE TABLE IF NOT EXISTS exchanges (
    chat TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    question TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (chat, number)
);
CREATE TABLE IF NOT EXISTS manners (
    chat TEXT PRIMARY KEY REFERENCES chats (id) ON DELETE CASCADE, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS ratings (id BIGSERIAL PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (
    number BIGSERIAL PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL
)
"""


class DatabaseTransaction:
    """A transaction with `execute` as of sqlite3, whose parameters have names."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401
        """Run a statement; a cursor over its rows."""
        from sqlalchemy import text

        return self._connection.execute(text(sql), _without_zeros(values or {}))


class SharedDatabase:
    """The database by its address; its tables are made at the first use.

    Raises ConfigError if the address is none that can be used.
    """

    exists = True
    # What was asked in a conversation, and what was answered.
    questions = "string_agg(question, chr(10))"
    answers = "string_agg(CAST(body AS json) #>> '{answer,text}', chr(10))"

    def __init__(self, address: str) -> None:
        self._address = address
        _ = self._engine

    @contextmanager
    def open(self) -> Iterator[DatabaseTransaction]:
        """All or nothing. Raises StoreError, or ConfigError where the server refuses access."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._ready.begin() as connection:
                yield DatabaseTransaction(connection)
        except SQLAlchemyError as error:
            raise _failure(error) from error

    def add_rating(self, line: str) -> None:
        """Keep a rating, a line of JSON."""
        with self.open() as database:
            database.execute("INSERT INTO ratings (body) VALUES (:line)", {"line": line})

    @cached_property
    def _engine(self) -> Engine:
        try:
            import psycopg  # noqa: F401
            from sqlalchemy import create_engine, make_url
            from sqlalchemy.exc import ArgumentError
        except ImportError:
            raise ConfigError(
                "the setting 'database' needs SQLAlchemy and psycopg; "
                "run: .venv/bin/pip install -c constraints.txt -e '.[shared]'"
            ) from None
        try:
            url = make_url(self._address)
        except (ArgumentError, ValueError):  # the message would show the password
            raise ConfigError(f"the setting 'database' is no address like {_EXAMPLE}") from None
        if url.drivername not in ("postgresql", "postgresql+psycopg"):
            raise ConfigError(
                f"the setting 'database' names {url.drivername!r}; it takes {_EXAMPLE}"
            )
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=_POOL,
            pool_timeout=_CONNECT_SECONDS,
            pool_pre_ping=True,  # a server that was started anew has forgotten its connections
            connect_args={"connect_timeout": _CONNECT_SECONDS},
        )

    @cached_property
    def _ready(self) -> Engine:
        """The engine, once its server and its tables are such as can be used."""
        with self._engine.begin() as connection:
            if (connection.dialect.server_version_info or _OLDEST_SERVER) < _OLDEST_SERVER:
                raise ConfigError(f"{_SETTING} needs PostgreSQL {_OLDEST_SERVER[0]} or newer")
            database = DatabaseTransaction(connection)
            database.execute("SELECT pg_advisory_xact_lock(:number)", {"number": _LOCK})
            for statement in _SCHEMA.split(";"):
                database.execute(statement)
            found = database.execute("SELECT max(version) FROM footnote_version").fetchone()[0]
            if found is None:
                database.execute(
                    "INSERT INTO footnote_version VALUES (:version)", {"version": _VERSION}
                )
            elif found != _VERSION:
                raise ConfigError(
                    f"{_SETTING} was made by another version of Footnote ({found}, not "
                    f"{_VERSION}); give each version a database of its own"
                )
        return self._engine


def database_of(wanted: ServiceSettings) -> SharedDatabase | None:
    """The database that the settings name, which must answer; None if they name none.

    Raises ConfigError or StoreError.
    """
    if not wanted.database:
        return None
    found = SharedDatabase(wanted.database)
    with found.open():
        return found


def _without_zeros(values: Mapping[str, object]) -> dict[str, object]:
    """PostgreSQL keeps no character 0 in its text, nor as an escape in what it reads as JSON."""
    return {
        name: value.replace("\0", "�").replace("\\u0000", "\\ufffd")
        if isinstance(value, str)
        else value
        for name, value in values.items()
    }


def _failure(error: Exception) -> ConfigError | StoreError:
    told = first_line(getattr(error, "orig", None) or error)
    if _REFUSED.search(told):
        return ConfigError(f"{_SETTING} refuses access ({told}); see its user, password and name")
    return StoreError(f"{_SETTING} cannot be used ({told}); see its address and that it runs")
