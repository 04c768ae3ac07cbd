"""One SELECT statement of an LLM over declared tables: what they are called in it, and its rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.tables.limited_sql import PlainTable, select
from index.tables.typed import Column, Kind, TypedTable

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
    plain = [_plain_table(table) for table in tables]
    found = select(statement, plain, _rows_by(statement))
    table = tables[found.read[0] - 1]
    every = tuple(row for row in range(len(table.rows)) if row not in table.totals)
    return SqlResult(statement, table, found.columns, found.values, found.rows or every)


def _rows_by(statement: str) -> str:
    """The statement for the rows that a plain statement rests on, those that its condition leaves;
    "" where it is not plain: then it rests on all.
    """
    plain = _PLAIN.fullmatch(statement)
    if plain is None or len(_NESTED.findall(statement)) > 1:
        return ""
    return f"SELECT row FROM {plain['table']}{plain['where'] or ''}"


def _plain_table(table: TypedTable) -> PlainTable:
    kinds = [_TYPES.get(column.kind, "TEXT") for column in table.columns]
    rows = tuple(
        (row, *(_value(column, row) for column in table.columns))
        for row in range(len(table.rows))
        if row not in table.totals
    )
    return PlainTable(tuple(zip(_names(table), kinds, strict=True)), rows)


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
