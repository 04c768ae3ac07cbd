"""Lines and tables of a page on their way to becoming text, whether PDFium or OCR gave them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.formats.base import TableHead, TextBlock
from index.formats.tables import row_block

# Ends a line whose last word goes on in the next one.
DIVIDED = "\x02"
_SENTENCE_END = re.compile(r"[.!?:…。！？؟۔][\"'”’»)\]]*[¹²³⁰⁴-⁹]*$")


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of a page; text that ends in DIVIDED goes on in the next line without a space.

    `top` and `bottom` are the base lines of its first and its last character, in points from the
    top of the page, `left` is where it starts; `height` is that of its type, in points. `size` is
    the same where type may tell a heading, else 0. A slanted line is a stamp or a watermark. A
    `block` is a paragraph of its own, such as the row of a table.
    """

    text: str
    top: float
    bottom: float
    height: float
    size: float = 0.0
    left: float = 0.0
    bold: bool = False
    slanted: bool = False
    block: TextBlock | None = None

    @property
    def ends_sentence(self) -> bool:
        """Whether a sentence ends where the line does."""
        return bool(_SENTENCE_END.search(self.text))


# "18.4", "EUR 30", "3 April", "-4 %" and "(1,200)".
_VALUE = re.compile(r"(?:[^\w\s]|[A-Z]{3}\s|\s)*\d")
_YEAR = re.compile(r"(?:19|20)\d\d")
_NAME_CHARACTERS = 40
_TELLING_ROWS = 4


@dataclass(frozen=True, slots=True)
class PageTable:
    """Rows of one table on one page; `names` is empty where no row names the columns.

    `top` and `bottom` are base lines in points from the top of the page, `height` is its type's.
    """

    top: float
    bottom: float
    height: float
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    titles: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many columns it has."""
        return max(map(len, (self.names, *self.rows)))


def names_columns(rows: Sequence[Sequence[str]], bold: Sequence[bool]) -> bool:
    """Whether the first row names the columns of those below it; `bold` tells it for each row."""
    first, *body = rows
    width = max(map(len, rows))
    cells = [cell for cell in first if cell]
    if not body or len(cells) < max(width - 1, 2) or any(map(_is_no_name, cells)):
        return False
    if _names_both_ways(rows):
        return True
    if all(map(is_value, cells)):
        return False
    if bold[0] and not all(bold):
        return True
    columns = [[row[at] for row in body if at < len(row) and row[at]] for at in range(width)]
    if any(_YEAR.fullmatch(cell) for cell in cells):
        return any(2 * sum(map(is_value, column)) > len(column) for column in columns[1:])
    if any(map(is_value, cells)):
        return False
    if any(column and 2 * sum(map(is_value, column)) >= len(column) for column in columns):
        return True
    return width > 2 and len(rows) >= _TELLING_ROWS


def _names_both_ways(rows: Sequence[Sequence[str]]) -> bool:
    """Whether only the corner of the first row is blank and each row below begins with a name."""
    first, *body = rows
    labels = [row[0] for row in body]
    return not first[0] and all(first[1:]) and all(labels) and not any(map(is_value, labels))


def is_value(text: str) -> bool:
    """Whether a cell begins with a number, whatever signs or currency stand before it."""
    return bool(_VALUE.match(text))


def _is_no_name(cell: str) -> bool:
    return len(cell) > _NAME_CHARACTERS or cell.endswith((".", ":", ";", ","))


# --- rows as lines of text

# A table goes on on the next page if no more lines than this stand between, heads and feet.
_LINES_BETWEEN = 4


def with_rows(pages: Sequence[Sequence[TextLine | PageTable]]) -> list[list[TextLine]]:
    """Pages whose tables are lines, a row each: "Year: 2022; Profit: 1.1".

    A table that goes on on the next page is one, and the names of its columns are a line once.
    """
    found, last = list[list[TextLine]](), _LastTable()
    for items in pages:
        lines = list[TextLine]()
        for item in items:
            if isinstance(item, TextLine):
                last.lines_since += 1
                lines.append(item)
            else:
                lines += last.lines(item)
        last.pages_since += 1
        found.append(lines)
    return found


class _LastTable:
    """The last table of the pages so far, which may go on."""

    def __init__(self) -> None:
        self.lines_since = self.pages_since = 0
        self._head: TableHead | None = None

    def lines(self, table: PageTable) -> Iterator[TextLine]:
        """The lines of the table that stands next."""
        goes_on = self._head and self.pages_since == 1 and self._goes_on(table, self._head)
        for title in () if goes_on else table.titles:
            yield _line(table, TextBlock(title))
        if not goes_on:
            self._head = None
            if any(table.names):
                self._head = TableHead(table.names, " ".join(table.titles))
                yield _line(table, TextBlock(" ".join(filter(None, table.names))))
        for row in table.rows:
            text = " ".join(filter(None, row))
            yield _line(table, row_block(row, self._head) if self._head else TextBlock(text))
        self.lines_since = self.pages_since = 0

    def _goes_on(self, table: PageTable, head: TableHead) -> bool:
        if table.names:
            return table.names == head.columns
        return table.width == len(head.columns) and self.lines_since <= _LINES_BETWEEN


def _line(table: PageTable, block: TextBlock) -> TextLine:
    return TextLine(block.text, table.top, table.bottom, table.height, block=block)
