"""A page's tables as paragraphs, before main content is looked for, which would tear them."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from index.formats.base import TextBlock, Unreadable
from index.formats.html.blocks import words
from index.formats.tables import MergedCell, read_table

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_CELLS = 1_000_000
# Browsers cut spans of rows there, and those of columns at 1000.
_ROWS, _COLUMNS = 65_534, 100


def flatten_tables(tree: HtmlElement) -> list[TextBlock]:
    """Put a paragraph per row in place of each table, and boxes in place of tables for layout.

    Gives the rows as blocks with their cells, in order. Raises Unreadable for a table of over a
    million cells.
    """
    found = list[list[TextBlock]]()
    tables = [(table, _is_layout(table)) for table in tree.iter("table")]
    # The innermost first, so that a table in a cell is words of that cell.
    for table, is_layout in reversed(tables):
        if is_layout:
            for element in table.iter("table", "thead", "tbody", "tfoot", "tr", "td", "th"):
                element.tag = "div"
        else:
            found.append(_flatten(table))
    return [block for rows in reversed(found) for block in rows]


def with_cells(blocks: Iterable[TextBlock], rows: Sequence[TextBlock]) -> Iterator[TextBlock]:
    """Blocks of a page; those that read as its tables' rows do are these rows."""
    known = defaultdict[str, deque[TextBlock]](deque)
    for row in rows:
        known[row.text].append(row)
    for block in blocks:
        same = known.get(block.text.strip()) if not block.level else None
        yield same.popleft() if same else block


def _is_layout(table: HtmlElement) -> bool:
    if table.get("role") in ("presentation", "none") or table.find(".//table") is not None:
        return True
    widest = max((len(row.findall("td")) for row in table.iter("tr")), default=0)
    return widest < 2 and table.find(".//th") is None


def _flatten(table: HtmlElement) -> list[TextBlock]:
    """Put a table's rows in its place as paragraphs; gives those that have cells."""
    from lxml.html import Element

    for item in table.iter("li"):
        if item.getnext() is not None:
            _append(item, ",")
    captions = [text for caption in table.iter("caption") if (text := words(caption))]
    blocks = [*map(TextBlock, captions), *_paragraphs(table, " ".join(captions))]
    for child in list(table):
        table.remove(child)
    table.tag, table.text = "div", None
    for block in blocks:
        if block.text:
            paragraph = Element("p")
            paragraph.text = block.text
            table.append(paragraph)
    return [block for block in blocks if block.table]


def _append(element: HtmlElement, text: str) -> None:
    if len(element):
        element[-1].tail = f"{(element[-1].tail or '').rstrip()}{text}"
    else:
        element.text = f"{(element.text or '').rstrip()}{text}"


def _paragraphs(table: HtmlElement, caption: str) -> list[TextBlock]:
    """A paragraph per row, its values after the names of columns, or after the row's own."""
    named = _named_rows(table)
    if named is not None:
        return named
    rows, spans = _grid(table)
    return read_table(rows, spans).blocks(caption)


def _named_rows(table: HtmlElement) -> list[TextBlock] | None:
    """Rows that have names instead of the columns, if all do: a heading cell, then its value."""
    rows = [
        [(cell.tag, text) for cell in row.iterchildren("td", "th") if (text := words(cell))]
        for row in table.iter("tr")
    ]
    starts = [[tag for tag, _ in row][:2] for row in rows if row]
    if ["th", "td"] not in starts or not all(len(s) == 1 or s == ["th", "td"] for s in starts):
        return None
    return [_named_row([text for _, text in row]) for row in rows if row]


def _named_row(texts: Sequence[str]) -> TextBlock:
    name, *values = texts
    return TextBlock(f"{name}: {'; '.join(values)}" if values else name)


def _grid(table: HtmlElement) -> tuple[list[list[str]], list[MergedCell]]:
    """The words of each cell where its row and column are, and the cells that cover several."""
    rows, spans, reaching = list[list[str]](), list[MergedCell](), dict[int, int]()
    for number, line in enumerate(table.iter("tr")):
        row = list[str]()
        for cell in line.iterchildren("td", "th"):
            _fill(row, reaching)
            span = MergedCell(
                number, len(row), _span(cell, "rowspan", _ROWS), _span(cell, "colspan", _COLUMNS)
            )
            if span.rows > 1 or span.columns > 1:
                spans.append(span)
            covered = range(span.column, span.column + span.columns)
            reaching |= dict.fromkeys(covered, span.rows - 1)
            row += [words(cell), *[""] * (span.columns - 1)]
        _fill(row, reaching)
        rows.append(row)
    if len(rows) * max(map(len, rows), default=0) > _CELLS:
        raise Unreadable(f"too large: a table of over {_CELLS:,} cells")
    return rows, spans


def _fill(row: list[str], reaching: dict[int, int]) -> None:
    """Leave places for the cells that reach down from the rows above."""
    while reaching.get(len(row), 0) > 0:
        reaching[len(row)] -= 1
        row.append("")


def _span(cell: HtmlElement, name: str, most: int) -> int:
    value = cell.get(name, "")
    return max(1, min(int(value), most)) if value.isascii() and value.isdigit() else 1
