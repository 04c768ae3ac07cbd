"""Tables of a document, to be shown as the tables that they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from index.formats.table_spans import Grid, Row, Span
from ui.render import safe


def grid_html(grid: Grid, cited: Span, mark: Callable[[int, int], str]) -> str:
    """A table as HTML; rows that the cited characters touch are of the class `cited`.

    `mark` makes HTML of the characters between two places.
    """
    head = "".join(f'<th scope="col">{safe(name)}</th>' for name in grid.columns)
    body = "".join(_row_html(row, grid.columns, cited, mark) for row in grid.rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="grid">{table}</div>'


def _row_html(
    row: Row, columns: Sequence[str], cited: Span, mark: Callable[[int, int], str]
) -> str:
    touched = max(row.start, cited[0]) < min(row.end, cited[1])
    cells = "".join(f"<td>{cell}</td>" for cell in _cells(row, columns, mark))
    opening = '<tr class="cited">' if touched else "<tr>"
    return f"{opening}{cells}</tr>"


def _cells(row: Row, columns: Sequence[str], mark: Callable[[int, int], str]) -> Iterator[str]:
    for name in columns:
        yield mark(*row.cells[name]) if name in row.cells else ""
