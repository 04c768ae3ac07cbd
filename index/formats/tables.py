"""Tables to text, a paragraph per row in which each cell stands after its column's name."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from index.formats.base import Block, Parsed, Unreadable, from_blocks, table_blocks
from index.formats.decode import decode


def parse_csv(data: bytes) -> Parsed:
    """A table whose cells are apart by commas, semicolons, tabs or bars."""
    text = decode(data)
    first, _, _ = text.lstrip().partition("\n")
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:8192], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    # The sniffer guesses from a sample, and may find in it what is not so.
    dialect.doublequote = True
    return _table(text, dialect if dialect.delimiter in first else csv.excel)


def parse_tsv(data: bytes) -> Parsed:
    """A table whose cells are apart by tabs."""
    return _table(decode(data), csv.excel_tab)


def _table(text: str, dialect: type[csv.Dialect]) -> Parsed:
    # A cell may be as long as the file; csv has this limit for the whole process only.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    try:
        lines = csv.reader(io.StringIO(text, newline=None), dialect)
        rows = [row for row in lines if any(map(str.strip, row))]
    except csv.Error as error:
        raise Unreadable(f"damaged: not a table of values ({error})") from None
    return from_blocks(table_blocks(rows))


# A cell that covers more rows than this is no part of a header: it stands beside the table.
_HEADER_ROWS = 3


@dataclass(frozen=True, slots=True)
class Span:
    """A merged cell: its first row and column, from 0, and how many of each it covers."""

    row: int
    column: int
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Table:
    """Lines above a table's header, its columns' names, and its rows, all as wide as the header."""

    titles: list[str]
    names: list[str]
    rows: list[list[str]]

    @property
    def blocks(self) -> list[Block]:
        """The titles, then a paragraph per row."""
        return [Block(title) for title in self.titles] + table_blocks([self.names, *self.rows])


def read_table(rows: Sequence[Sequence[str]], spans: Sequence[Span] = ()) -> Table:
    """Tell titles, header and rows apart; what merged cells cover is empty in `rows`.

    Lines of one cell above the header are titles. A header of two rows is joined by column. What a
    merged cell says holds in each row that it covers; in each column of them, in the header only.
    """
    width = max(map(len, rows), default=0)
    grid = [[*row, *[""] * (width - len(row))] for row in rows]
    top = _titles(grid, spans)
    end = top + _header_rows(grid, spans, top)
    for span in spans:
        text = grid[span.row][span.column]
        for row in range(span.row, min(span.row + span.rows, len(grid))):
            columns = min(span.columns, width - span.column) if top <= row < end else 1
            grid[row][span.column : span.column + columns] = [text] * columns
    header = zip(*grid[top:end], strict=True)
    names = [" ".join(dict.fromkeys(filter(None, column))) for column in header]
    titles = [" ".join(filter(None, row)) for row in grid[:top]]
    return Table(list(filter(None, titles)), names, grid[end:])


def _titles(grid: Sequence[Sequence[str]], spans: Sequence[Span]) -> int:
    """How many rows stand above the header: each has no cell but one at the left, or over all."""
    width = len(grid[0]) if grid else 0
    over_all = {span.row for span in spans if span.columns == width}
    for at, row in enumerate(grid):
        filled = sum(map(bool, row))
        if filled > 1 or (filled and not row[0] and at not in over_all):
            return at
    return 0


def _header_rows(grid: Sequence[Sequence[str]], spans: Sequence[Span], top: int) -> int:
    """One row, or those that its merged cells cover, or two where names stand under a wide cell."""
    first = [span for span in spans if span.row == top]
    tall = max((span.rows for span in first), default=1)
    under = {span.column + at for span in first if span.columns > 1 for at in range(span.columns)}
    if tall == 1 and under and len(grid) > top + 2:
        pairs = enumerate(zip(grid[top], grid[top + 1], strict=True))
        # A row of values would also fill the columns beside the wide cell.
        beside = [bool(name and below) for column, (name, below) in pairs if column not in under]
        return 1 if any(beside) else 2
    return tall if tall <= _HEADER_ROWS else 1
