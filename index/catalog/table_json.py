"""Tables of a document as the catalog's JSON: few small numbers per cell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from index.types import RowSpans, Span, Table, TableRow

# Per row its start and length, then for each cell the gap since the last cell and its length;
# -1 is the gap of an empty cell.
_EMPTY = (-1, 0)


def dump_tables(tables: Sequence[Table]) -> str:
    """Tables as JSON."""
    values = [
        {
            "columns": table.columns,
            "header": table.header,
            "caption": table.caption,
            "rows": [_packed(row) for row in table.rows],
        }
        for table in tables
    ]
    return json.dumps(values, separators=(",", ":"))


def load_tables(text: str) -> tuple[Table, ...]:
    """Tables from JSON, those without rows left out."""
    return tuple(_table(value) for value in json.loads(text) if value["rows"])


def _table(value: dict[str, Any]) -> Table:
    header = value["header"]
    return Table(
        tuple(value["columns"]),
        RowSpans(map(_unpacked, value["rows"])),
        tuple(header) if header else None,
        value["caption"],
    )


def _packed(row: TableRow) -> list[int]:
    numbers, position = [row.start, row.end - row.start], row.start
    for cell in row.cells:
        if cell is None:
            numbers += _EMPTY
        else:
            numbers += cell[0] - position, cell[1] - cell[0]
            position = cell[1]
    return numbers


def _unpacked(numbers: Sequence[int]) -> TableRow:
    start, length = numbers[:2]
    cells, position = list[Span | None](), start
    for gap, size in zip(numbers[2::2], numbers[3::2], strict=True):
        if gap < 0:
            cells.append(None)
        else:
            position += gap + size
            cells.append((position - size, position))
    return TableRow(start, start + length, tuple(cells))
