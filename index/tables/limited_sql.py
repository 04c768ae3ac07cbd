"""One SELECT over plain tables, in SQLite, in a child process of its own that can reach nothing.

The statement is untrusted: an LLM wrote it. An authorizer lets it read the given tables and call
harmless functions: no file, no other database, no write, no pragma, no extension. The process has
limits of memory, time and written bytes, since a sort of a product of tables takes gigabytes of
memory or disk within seconds. It runs `python -m index.tables.limited_sql`.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import FootnoteError
from index.runtime import end_with_parent, limit_memory

MOST_CHARACTERS = 2000  # of a statement
_SECONDS = 2.0
_MEMORY_BYTES = 256 << 20  # beside the tables
_START_SECONDS = 30.0  # a busy machine takes a while to start a process and to read the tables
_OPCODES_BETWEEN_LOOKS = 2000
_MOST_ROWS = 50
_LONGEST_VALUE = 500
# Of a value, a statement, a pattern, and so on: what a question over a table never needs.
_LIMITS = (
    (sqlite3.SQLITE_LIMIT_LENGTH, 100_000),
    (sqlite3.SQLITE_LIMIT_SQL_LENGTH, MOST_CHARACTERS),
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
_DECIMALS = 4
_TOO_MUCH = "the statement needs more memory than it may"
_TOO_LONG = f"the statement took longer than {_SECONDS:g} seconds"


class SqlError(FootnoteError):
    """A statement that was refused or failed; the text is for the LLM that wrote it."""


@dataclass(frozen=True, slots=True)
class PlainTable:
    """A table as SQLite has it: names and types of its columns, and its rows.

    Each row begins with its number, which is the column `row`.
    """

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True)
class Selected:
    """What a statement gives, as texts; the numbers of the tables that it read, from 1, and those
    of the rows that a second statement gives, None where there was none or it failed.
    """

    columns: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    read: tuple[int, ...]
    rows: tuple[int, ...] | None


def select(statement: str, tables: Sequence[PlainTable], rows_by: str = "") -> Selected:
    """Execute one SELECT over tables t1, t2, ..., and `rows_by`, a SELECT of row numbers.

    Raises SqlError that says why not.
    """
    if len(statement) > MOST_CHARACTERS:
        raise SqlError(f"the statement is longer than {MOST_CHARACTERS} characters")
    if not re.match(r"(?:SELECT|WITH)\b", statement, re.IGNORECASE):
        raise SqlError("only one SELECT statement is allowed")
    asked = {
        "statement": statement,
        "rows_by": rows_by,
        "tables": [{"columns": table.columns, "rows": table.rows} for table in tables],
    }
    try:
        # Without -P, a module of the current folder could stand in for one of ours.
        done = subprocess.run(
            [sys.executable, "-P", "-S", "-m", "index.tables.limited_sql"],
            input=json.dumps(asked).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS + _START_SECONDS,
            check=False,
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
        )
    except subprocess.TimeoutExpired:
        raise SqlError(_TOO_LONG) from None
    if done.returncode or not done.stdout:
        raise SqlError(_TOO_MUCH)  # what ends the child is the limit that it has
    reply = json.loads(done.stdout)
    if reason := reply.get("reason"):
        raise SqlError(reason)
    return _selected(reply)


def _selected(reply: dict[str, Any]) -> Selected:
    rows = reply["rows"]
    return Selected(
        tuple(reply["columns"]),
        tuple(tuple(row) for row in reply["values"]),
        tuple(reply["read"]),
        None if rows is None else tuple(rows),
    )


def _serve() -> None:
    """The child: a request as JSON on standard input, the reply as JSON on standard output."""
    end_with_parent()
    asked = json.load(sys.stdin)
    with closing(_database(asked["tables"])) as database:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        limit_memory(_MEMORY_BYTES)
        try:
            reply = _reply(database, asked)
        except SqlError as error:
            reply = {"reason": str(error)}
        except MemoryError:
            reply = {"reason": _TOO_MUCH}
    sys.stdout.write(json.dumps(reply))
    sys.stdout.flush()
    os._exit(0)


def _reply(database: sqlite3.Connection, asked: dict[str, Any]) -> dict[str, Any]:
    read = set[str]()
    _restrict(database, {f"t{place}" for place in range(1, len(asked["tables"]) + 1)}, read)
    columns, values = _fetched(database, asked["statement"])
    if not read:
        raise SqlError("the statement reads none of the tables")
    tables = sorted(int(name[1:]) for name in read)
    rows = _row_numbers(database, asked["rows_by"])
    return {"columns": columns, "values": values, "read": tables, "rows": rows}


def _database(tables: Sequence[dict[str, Any]]) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", isolation_level=None)
    # Else a sort would write files.
    database.execute("PRAGMA temp_store = MEMORY")
    for number, table in enumerate(tables, start=1):
        columns = "".join(f', "{name}" {kind}' for name, kind in table["columns"])
        database.execute(f"CREATE TABLE t{number} (row INTEGER PRIMARY KEY{columns})")
        marks = ", ?" * len(table["columns"])
        database.executemany(f"INSERT INTO t{number} VALUES (?{marks})", table["rows"])
    return database


def _restrict(database: sqlite3.Connection, tables: set[str], read: set[str]) -> None:
    """Leave reading of these tables alone, under limits of time and size; `read` gets the names of
    those that are read.
    """
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
    values = tuple(tuple(map(_written, row)) for row in found)
    if any(len(value) > _LONGEST_VALUE for row in values for value in row):
        raise SqlError(f"the statement gives a value of more than {_LONGEST_VALUE} characters")
    return columns, values


def _reason(error: sqlite3.Error) -> str:
    text = str(error)
    if "interrupted" in text:
        return _TOO_LONG
    if "prohibited" in text or "not authorized" in text:
        return "only SELECT over the given tables is allowed, with plain functions"
    return text[:200]


def _written(value: object) -> str:
    if isinstance(value, float):
        return f"{round(value, _DECIMALS):.12g}"
    return "" if value is None else str(value)


def _row_numbers(database: sqlite3.Connection, statement: str) -> list[int] | None:
    if not statement:
        return None
    try:
        return [row for (row,) in database.execute(statement)]
    except (sqlite3.Error, sqlite3.Warning):
        return None


if __name__ == "__main__":
    _serve()
