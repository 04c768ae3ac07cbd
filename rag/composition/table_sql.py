"""One SELECT statement of an LLM over declared tables, in SQLite and in memory, under limits.

The statement is untrusted. An authorizer lets it read the declared tables and call harmless
functions, and nothing else: no file, no other database, no write, no pragma, no extension.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from index.errors import FootnoteError
from index.tables.typed import Column, Kind, TypedTable

_SECONDS = 2.0
_OPCODES_BETWEEN_LOOKS = 2000
_MOST_CHARACTERS = 2000
_MOST_ROWS = 50
# Of a value, a statement, a pattern, and so on: what a question over a table never needs.
_LIMITS = (
    (sqlite3.SQLITE_LIMIT_LENGTH, 100_000),
    (sqlite3.SQLITE_LIMIT_SQL_LENGTH, _MOST_CHARACTERS),
    (sqlite3.SQLITE_LIMIT_COLUMN, 200),
    (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 50),
    (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 5),
    (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
    (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200),
    (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
)
_FUNCTIONS = frozenset(
    (
        "abs avg coalesce count date ifnull iif instr julianday length like lower max min nullif "
        "round strftime substr substring sum total trim upper"
    ).split()
)
_NAME = re.compile(r"\W+")
_FENCE = re.compile(r"```(?:sql)?\s*(?P<sql>.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_STATEMENT = re.compile(r"\b(?:SELECT|WITH)\b.*", re.DOTALL | re.IGNORECASE)
# The rows of a plain statement over one table.
_PLAIN = re.compile(
    r"\s*SELECT\b(?:(?!\bFROM\b).)*\bFROM\s+(?P<table>t\d+)(?P<where>\s+WHERE\b.*?)?"
    r"(?:\s+(?:GROUP|ORDER|LIMIT|HAVING)\b.*)?\s*",
    re.DOTALL | re.IGNORECASE,
)
_NESTED = re.compile(r"\b(?:SELECT|JOIN|UNION|EXCEPT|INTERSECT)\b", re.IGNORECASE)
_TYPES = {Kind.NUMBER: "NUMERIC", Kind.BOOLEAN: "INTEGER"}
_SHOWN_VALUES = 3
_DECIMALS = 4


class SqlError(FootnoteError):
    """A statement that was refused or failed; the text is for the LLM that wrote it."""


@dataclass(frozen=True, slots=True)
class SqlResult:
    """What a statement gives: names of its columns, its rows, and the place of each row of `table`
    that they rest on.
    """

    statement: str
    table: TypedTable
    columns: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    rows: tuple[int, ...]


def statement_in(reply: str) -> str:
    """The statement in an LLM's reply, without its semicolon, or ""."""
    fenced = _FENCE.search(reply)
    found = _STATEMENT.search(fenced["sql"] if fenced else reply)
    return found.group().strip().rstrip(";").strip() if found else ""


def schema(tables: Sequence[TypedTable]) -> str:
    """The declared tables for a prompt: their names, columns, types and some values."""
    return "\n".join(_declaration(number, table) for number, table in enumerate(tables, start=1))


def _declaration(number: int, table: TypedTable) -> str:
    columns = []
    for name, column in zip(_names(table), table.columns, strict=True):
        shown = list(dict.fromkeys(text for text in column.texts if text))[:_SHOWN_VALUES]
        kind = _TYPES.get(column.kind, "TEXT")
        columns.append(f"{name} {kind} (such as {', '.join(shown)})")
    what = table.title or table.document_title
    return f"t{number} ({what}; {len(table.rows)} rows): {'; '.join(columns)}"


def run_statement(statement: str, tables: Sequence[TypedTable]) -> SqlResult:
    """Execute one SELECT over tables t1, t2, ... Raises SqlError that says why not."""
    if len(statement) > _MOST_CHARACTERS:
        raise SqlError(f"the statement is longer than {_MOST_CHARACTERS} characters")
    if not re.match(r"(?:SELECT|WITH)\b", statement, re.IGNORECASE):
        raise SqlError("only one SELECT statement is allowed")
    with closing(_database(tables)) as database:
        read = set[str]()
        _restrict(database, {f"t{place}" for place in range(1, len(tables) + 1)}, read)
        columns, values = _fetched(database, statement)
        if not read:
            raise SqlError("the statement reads none of the tables")
        number = int(min(read)[1:]) - 1
        rows = _rows(database, statement, tables[number])
    return SqlResult(statement, tables[number], columns, values, rows)


def _database(tables: Sequence[TypedTable]) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", isolation_level=None)
    for number, table in enumerate(tables, start=1):
        columns = "".join(
            f', "{name}" {_TYPES.get(column.kind, "TEXT")}'
            for name, column in zip(_names(table), table.columns, strict=True)
        )
        database.execute(f"CREATE TABLE t{number} (row INTEGER PRIMARY KEY{columns})")
        marks = ", ?" * len(table.columns)
        database.executemany(
            f"INSERT INTO t{number} VALUES (?{marks})",
            (
                (row, *(_value(column, row) for column in table.columns))
                for row in range(len(table.rows))
                if row not in table.totals
            ),
        )
    return database


def _value(column: Column, row: int) -> object:
    """A cell: a value of its kind, as written where texts are compared."""
    return column.texts[row] if column.kind is Kind.TEXT else column.values[row]


def _names(table: TypedTable) -> list[str]:
    """Names of columns that need no quotes, each once."""
    found = list[str]()
    for place, column in enumerate(table.columns, start=1):
        name = _NAME.sub("_", column.name.strip().lower()).strip("_") or f"c{place}"
        name = f"c_{name}" if name[0].isdigit() or name in {"row", *found} else name
        found.append(name if name not in found else f"{name}_{place}")
    return found


def _restrict(database: sqlite3.Connection, tables: set[str], read: set[str]) -> None:
    """Leave reading of these tables alone, under limits of time and size."""
    for limit, most in _LIMITS:
        database.setlimit(limit, most)

    def authorize(action: int, first: str | None, second: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_SELECT:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ and (first in tables or not second):
            read.update({first} & tables if first else ())
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FUNCTIONS:
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    deadline = time.monotonic() + _SECONDS
    database.set_authorizer(authorize)
    database.set_progress_handler(lambda: time.monotonic() > deadline, _OPCODES_BETWEEN_LOOKS)


def _fetched(
    database: sqlite3.Connection, statement: str
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    try:
        cursor = database.execute(statement)
        found = cursor.fetchmany(_MOST_ROWS + 1)
    except sqlite3.Error as error:
        raise SqlError(_reason(error)) from None
    except sqlite3.Warning:
        raise SqlError("only one statement is allowed") from None
    if len(found) > _MOST_ROWS:
        raise SqlError(f"the statement gives more than {_MOST_ROWS} rows; aggregate or limit them")
    columns = tuple(column[0] for column in cursor.description or ())
    return columns, tuple(tuple(map(_written, row)) for row in found)


def _reason(error: sqlite3.Error) -> str:
    text = str(error)
    if "interrupted" in text:
        return f"the statement took longer than {_SECONDS:g} seconds"
    if "prohibited" in text or "not authorized" in text:
        return "only SELECT over the given tables is allowed, with plain functions"
    return text[:200]


def _written(value: object) -> str:
    if isinstance(value, float):
        return f"{round(value, _DECIMALS):.12g}"
    return "" if value is None else str(value)


def _rows(database: sqlite3.Connection, statement: str, table: TypedTable) -> tuple[int, ...]:
    """The rows that a statement rests on: those that its condition leaves; all of the table where
    it is not plain.
    """
    every = tuple(row for row in range(len(table.rows)) if row not in table.totals)
    plain = _PLAIN.fullmatch(statement)
    if plain is None or len(_NESTED.findall(statement)) > 1:
        return every
    try:
        kept = database.execute(f"SELECT row FROM {plain['table']}{plain['where'] or ''}")
        return tuple(row for (row,) in _integers(kept)) or every
    except (sqlite3.Error, sqlite3.Warning):
        return every


def _integers(cursor: sqlite3.Cursor) -> Iterator[tuple[int]]:
    yield from cursor
