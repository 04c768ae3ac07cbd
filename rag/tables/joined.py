"""Two tables as one, where a column of one names the rows of the other.

Orders name products, and a list of products has their prices: each order then has its product's
weight and maker, and what it is worth, the number ordered times the price.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from index.tables.typed import Column, Kind, TypedTable, Value
from rag.tables.columns import is_id, is_year
from rag.tables.execute import number_of
from rag.tables.guesses import TIMES
from rag.tables.reading.lexicon import stems_of

# Fewer different values than this join only columns of one name.
_TELLING = 3


def joined_tables(tables: Sequence[TypedTable]) -> list[TypedTable]:
    """Each table with the columns of another one that its values name the rows of."""
    plain = [table for table in tables if not table.source]
    found = (_joined(one, other) for one in plain for other in plain if one is not other)
    return [table for table in found if table]


@lru_cache(1024)
def _joined(table: TypedTable, other: TypedTable) -> TypedTable | None:
    """A table with the columns of another, `parts` of which tell the rows of both; None if no
    column of it names the other's rows.
    """
    keys = _keys(table, other)
    if keys is None:
        return None
    places = {value: row for row, value in enumerate(other.columns[keys[1]].values)}
    rows = tuple(places.get(value) for value in table.columns[keys[0]].values)
    own = {column.label for column in table.columns}
    added = [
        _carried(column, rows)
        for at, column in enumerate(other.columns)
        if at != keys[1] and column.label not in own
    ]
    counts = [one for at, one in enumerate(table.columns) if _counts(table, at)]
    prices = [column for column in added if column.is_money]
    if len(counts) == len(prices) == 1 and not any(one.is_money for one in table.columns):
        added.append(_product(counts[0], prices[0]))
    return TypedTable(
        table.document,
        table.document_title,
        f"{_name(table)}” with “{_name(other)}",
        (*table.columns, *added),
        table.rows,
        table.headers,
        table.totals,
        parts=((table, tuple(range(len(rows)))), (other, rows)),
    )


def _name(table: TypedTable) -> str:
    return table.title or table.document_title or table.document


def _keys(table: TypedTable, other: TypedTable) -> tuple[int, int] | None:
    """The column that repeats the other table's names of rows, and the column of these."""
    for key, names in enumerate(other.columns):
        if names.kind is not Kind.TEXT or not names.is_key:
            continue
        for at, column in enumerate(table.columns):
            values = {value for value in column.values if value is not None}
            same = stems_of(column.label) == stems_of(names.label)
            if (
                column.kind is Kind.TEXT
                and not column.is_key
                and (same or len(values) >= _TELLING)
                and values <= {*names.values}
            ):
                return at, key
    return None


def _carried(column: Column, rows: Sequence[int | None]) -> Column:
    """A column of the other table, a cell for each row of this one."""
    values = tuple(None if row is None else column.values[row] for row in rows)
    texts = tuple("" if row is None else column.texts[row] for row in rows)
    return _with(column, column.name, column.label, values, texts)


def _with(
    column: Column, name: str, label: str, values: tuple[Value | None, ...], texts: tuple[str, ...]
) -> Column:
    return Column(
        name, label, column.kind, values, texts, column.measure, column.decimals, column.mark,
        column.grouped,
    )  # fmt: skip


def _counts(table: TypedTable, at: int) -> bool:
    """Whether numbers of a column count things."""
    column = table.columns[at]
    plain = column.kind is Kind.NUMBER and not (column.unit or column.decimals)
    return plain and not (is_id(table, at) or is_year(column))


def _product(count: Column, price: Column) -> Column:
    """What each row is worth: how many times the price of one."""
    pairs = zip(count.values, price.values, strict=True)
    values = tuple(
        round(number * each, 6) if isinstance(number, float) and isinstance(each, float) else None
        for number, each in pairs
    )
    texts = tuple("" if one is None else number_of(price, one) for one in values)
    label = f"{count.label} {TIMES} {price.label}"
    return _with(price, f"{count.label} {TIMES} {price.name}", label, values, texts)
