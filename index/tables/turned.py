"""Tables whose columns are periods or things and whose rows are measures, turned by a quarter.

Of "| | 2022 | 2023 |" over "| Profit | 2.1 | 1.4 |" a row is no record: a year with its profit is.
"""

from __future__ import annotations

import re
from functools import lru_cache

from index.tables.dates import read_moment
from index.tables.typed import Column, Kind, TypedTable, column_of, totals_of
from index.types import TableRow

# Larger tables with a name for each row and column are grids of data, not made for reading.
_MOST = 40
_DIGITS = re.compile(r"\d+")
_YEAR = re.compile(r"(?:18|19|20|21)\d\d")


@lru_cache(512)
def turned(table: TypedTable) -> TypedTable | None:
    """The same cells with rows for columns, where the columns are periods or the corner is blank.

    None for other tables. Its `source` is the table, of which column n + 1 was row n, and each of
    its rows spans the whole of that.
    """
    first, *others = table.columns
    if not (2 <= len(others) <= _MOST and len(table.rows) <= _MOST and _names_rows(first)):
        return None
    names = [column.name for column in others]
    if not all(names) or (first.name and not _are_periods(names)):
        return None
    label = "Year" if all(map(_YEAR.fullmatch, names)) else _shared_name(names)
    labels = [text or str(at + 1) for at, text in enumerate(first.texts)]
    columns = (
        column_of(label, names),
        *(
            column_of(name, [column.texts[row] for column in others], others[0].mark, labels)
            for row, name in enumerate(labels)
        ),
    )
    rows = (TableRow(table.rows[0].start, table.rows[-1].end, ()),) * len(names)
    return TypedTable(
        table.document, table.document_title, table.title, columns, rows, table.headers,
        totals_of(columns), table,
    )  # fmt: skip


def _shared_name(names: list[str]) -> str:
    """What periods are called that differ in their numbers only; "" for others."""
    if all(map(read_moment, names)):
        return "Date"
    words = {_DIGITS.sub("", name).strip() for name in names}
    word = next(iter(words)) if len(words) == 1 else ""
    return {"Q": "Quarter", "H": "Half-year"}.get(word, word)


def _names_rows(column: Column) -> bool:
    return column.kind is Kind.TEXT and column.is_key


def _are_periods(names: list[str]) -> bool:
    """Whether names differ in their numbers only ("Q1", "Q2") or are dates and months."""
    shapes = {_DIGITS.sub("0", name.casefold().strip()) for name in names}
    return (len(shapes) == 1 and "0" in next(iter(shapes))) or all(
        read_moment(name) is not None for name in names
    )
