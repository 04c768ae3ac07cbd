"""Tables to text, a paragraph per row in which each cell stands after its column's name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain, islice

from index.formats.base import Parsed, TableHead, TextBlock, from_blocks
from index.types import RowSpans, Span, Table


def table_blocks(rows: Sequence[Sequence[str]], caption: str = "") -> list[TextBlock]:
    """A table as a paragraph per row, each cell after its column's name from the first row.

    A single row names no columns: it is no table but its cells in a line.
    """
    return list(each_table_block(rows, caption))


def each_table_block(rows: Sequence[Sequence[str]], caption: str = "") -> Iterator[TextBlock]:
    """As `table_blocks`, one at a time: a table of a million rows is not held twice."""
    if len(rows) < 2:
        for row in rows:
            yield TextBlock("; ".join(cell for cell in row if cell.strip()))
        return
    head = _head(rows, caption)
    for row in islice(rows, 1, None):
        for piece in _pieces(row):
            yield row_block(piece, head)


def _head(rows: Sequence[Sequence[str]], caption: str = "") -> TableHead:
    names = [" ".join(name.split()) for name in rows[0]]
    names += [""] * (max(map(len, islice(rows, 1, None))) - len(names))
    return TableHead(tuple(names), caption)


# A longer row is cut, so that a part of it still tells what it is of.
_ROW_CHARACTERS = 600
_PIECE_CELLS = 12
_LABEL_CHARACTERS = 80


def _pieces(row: Sequence[str]) -> list[Sequence[str]]:
    """A row, or a wide one in pieces that each start with its first cell."""
    label, *rest = row or ("",)
    is_wide = len(rest) > _PIECE_CELLS and sum(map(len, row)) + 20 * len(row) > _ROW_CHARACTERS
    if not is_wide or not label.strip() or len(label) > _LABEL_CHARACTERS:
        return [row]
    starts = range(0, len(rest), _PIECE_CELLS)
    cut = [rest[start : start + _PIECE_CELLS] for start in starts]
    return [
        [label, *[""] * start, *cells]
        for start, cells in zip(starts, cut, strict=True)
        if any(map(str.strip, cells))
    ]


def is_value(text: str) -> bool:
    """Whether a cell is a number, a date or a truth value, and so no name of a column."""
    has_digit = any(map(str.isdigit, text))
    return (has_digit and not any(map(str.isalpha, text))) or text in {"TRUE", "FALSE"}


def row_block(row: Sequence[str], table: TableHead) -> TextBlock:
    """A row as a paragraph: "host: ada; memory: 256 GB", of a column without a name the cell."""
    pieces, cells, position, gap = list[str](), list[Span | None](), 0, 0
    for label, text in zip(table.labels, row, strict=False):
        words = " ".join(text.split())
        if words:
            pieces.append(label + words)
            start = position + gap + len(label)
            position = start + len(words)
            cells.append((start, position))
            gap = 2
        else:
            cells.append(None)
    while cells and cells[-1] is None:
        cells.pop()
    return TextBlock("; ".join(pieces), cells=tuple(cells), table=table)


def parsed_table(above: Sequence[TextBlock], rows: Sequence[Sequence[str]]) -> Parsed:
    """What stands above a table, and the table as from `each_table_block`: without an object for
    each row, of which a file may have a million.
    """
    if len(rows) < 2:
        return from_blocks([*above, *each_table_block(rows)])
    parsed, head, spans = from_blocks(above), _head(rows), RowSpans()
    parts = [parsed.text] if parsed.text else []
    position = len(parsed.text) + 2 * len(parts)
    width = len(head.columns) if len(head.columns) <= _PIECE_CELLS else 0
    for row in islice(rows, 1, None):
        if row and len(row) == width and _is_tidy(row):
            # Most rows of large tables are full and tidy: no cell is looked at by itself.
            lengths = chain.from_iterable(zip(head.gaps, map(len, row), strict=True))
            text = head.template % tuple(row)
            spans.add_places(position, position + len(text), accumulate(lengths, initial=position))
            parts.append(text)
            position += len(text) + 2
            continue
        for block in (row_block(piece, head) for piece in _pieces(row)):
            if block.text:
                spans.add(position, position + len(block.text), block.cells, position)
                parts.append(block.text)
                position += len(block.text) + 2
    tables = (Table(head.columns, spans, caption=head.caption),) if len(spans) else ()
    return replace(parsed, text="\n\n".join(parts), tables=tables)


def _is_tidy(row: Sequence[str]) -> bool:
    """Whether no cell is empty, or has white space but single blanks between its words."""
    joined = "\0".join(row)
    if " ".join(joined.split()) != joined or not (row[0] and row[-1]):
        return False
    return not ("\0\0" in joined or "\0 " in joined or " \0" in joined)


# A cell that covers more rows than this is no part of a header: it stands beside the table.
_HEADER_ROWS = 3
_PREAMBLE_ROWS = 20


@dataclass(frozen=True, slots=True)
class MergedCell:
    """A merged cell: its first row and column, from 0, and how many of each it covers."""

    row: int
    column: int
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Lines above a table's header, its columns' names, and its rows, all as wide as the header."""

    titles: list[str]
    names: list[str]
    rows: list[list[str]]

    def blocks(self, caption: str = "") -> list[TextBlock]:
        """The titles, then a paragraph per row; `caption` is the table's where it has no title."""
        titles = [TextBlock(title) for title in self.titles]
        caption = " ".join(self.titles) or caption
        return titles + table_blocks([self.names, *self.rows], caption)


def read_table(rows: Sequence[Sequence[str]], spans: Sequence[MergedCell] = ()) -> Grid:
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
    titles = [
        (": " if len([*filter(None, row)]) == 2 else " ").join(filter(None, row))
        for row in grid[:top]
    ]
    return Grid(list(filter(None, titles)), names, grid[end:])


def _titles(grid: Sequence[Sequence[str]], spans: Sequence[MergedCell]) -> int:
    """How many rows stand above the header: each has no cell but one at the left, or over all."""
    width = len(grid[0]) if grid else 0
    if preamble := _preamble(grid, spans):
        return preamble
    over_all = {span.row for span in spans if span.columns == width}
    for at, row in enumerate(grid):
        filled = sum(map(bool, row))
        if filled > 1 or (filled and not row[0] and at not in over_all):
            return at
    return 0


def _preamble(grid: Sequence[Sequence[str]], spans: Sequence[MergedCell]) -> int:
    """How many rows of a label with what it says stand above a header of three names or more."""
    merged = {span.row for span in spans}
    for at, row in enumerate(grid[:_PREAMBLE_ROWS]):
        if at in merged:
            return 0
        if any(row[2:]):
            names = [*filter(None, row)]
            is_header = len(names) > 2 and not any(map(is_value, names)) and at + 1 < len(grid)
            return at if at > 1 and is_header else 0
    return 0


def _header_rows(grid: Sequence[Sequence[str]], spans: Sequence[MergedCell], top: int) -> int:
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
