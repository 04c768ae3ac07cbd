"""Quotes that are rows of a table: whole, with their header, those that hold what is asked.

A row whose cells stand after their columns' names reads by itself ("host: ada; memory: 256 GB").
Several rows of a table are shown as a table, and so is each of a table in Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

from index.types import Document, Passage, Span, Table, TableRow
from rag.tables.reading.operators import DATE, Aggregate, aggregates, degrees
from rag.types import Claim, Quote
from rag.verification.evidence import compared_words, contains_word
from rag.verification.words import is_negation, parse_words

# A longer row is prose in a table: of it, the cells that are asked for are quoted.
_LONGEST = 600
_MOST_CELLS = 3
# A row of a table with so many columns that fills only one of them is a heading inside the table.
_COLUMNS_OF_HEADINGS = 3
_MOST_ROWS = 10
# Columns are lined up for readers of plain text, as long as a line stays this short.
_LINE = 100
_BAR = re.compile(r"(?<!\\)\|")

TablesIn = Callable[[str, int, int], Sequence[Table]]


@dataclass(frozen=True, slots=True)
class QuotedRow:
    """A row: the quote of the whole of it, its cells by column, and the name of its table.

    `header` quotes the line that names the columns, where there is one.
    """

    quote: Quote
    columns: tuple[str, ...]
    cells: tuple[str, ...]
    table: tuple[str, ...]
    header: Quote | None = None

    def holds(self, quote: Quote) -> bool:
        """Whether a quote is of this row."""
        same = self.quote.passage.id == quote.passage.id
        return same and self.quote.start <= quote.start and quote.end <= self.quote.end


def rows_of(
    passages: Sequence[Passage],
    tables_in: TablesIn,
    passages_in: Callable[[str], Sequence[Passage]],
) -> list[QuotedRow]:
    """The rows of tables that stand whole in passages; below a header line only if it can be
    quoted, perhaps from another passage. Columns may all be without a name.

    `tables_in` gives the tables between two characters of a document, `passages_in` all passages of
    a document, in order, if it is known.
    """
    found = list[QuotedRow]()
    for passage in passages:
        for table in tables_in(passage.document, passage.start, passage.end):
            header, names = None, sum(map(bool, table.columns))
            if table.header and names:
                header = _header(table.header, passage, passages) or _header(
                    table.header, passage, passages_in(passage.document)
                )
            is_named = names > 1 and (header or not table.header)
            if is_named or (not names and len(table.columns) > 1):
                found += _rows(table, passage, header)
    return found


def _header(span: Span, passage: Passage, passages: Sequence[Passage]) -> Quote | None:
    """The quote of a header line from a passage under the same heading."""
    for other in (passage, *passages):
        same = (other.document, other.heading) == (passage.document, passage.heading)
        if same and other.start <= span[0] and span[1] <= other.end:
            return Quote(other, *span)
    return None


def _rows(table: Table, passage: Passage, header: Quote | None) -> Iterator[QuotedRow]:
    name = str(header.start) if header else "\0".join(table.columns)
    for row in table.rows:
        is_inside = passage.start <= row.start and row.end <= passage.end
        if not is_inside or row.end - row.start > _LONGEST or is_label(row, table):
            continue
        spans = [*row.cells, *[None] * (len(table.columns) - len(row.cells))]
        cells = tuple(
            passage.text[span[0] - passage.start : span[1] - passage.start] if span else ""
            for span in spans
        )
        quote = Quote(passage, row.start, row.end)
        key = (passage.document, passage.heading, name)
        yield QuotedRow(quote, table.columns, cells, key, header)


def is_label(row: TableRow, table: Table) -> bool:
    """Whether a row only says what those below it are of."""
    filled = sum(1 for span in row.cells if span and span[0] < span[1])
    return filled < 2 and len(table.columns) >= _COLUMNS_OF_HEADINGS


def table_at(quote: Quote, document: Document) -> Table | None:
    """The table of several columns, each with a name, that a quote stands in."""
    spans = (t for t in document.tables if t.rows)
    inside = (t for t in spans if t.start <= quote.start and quote.end <= t.end)
    return next((table for table in inside if sum(map(bool, table.columns)) > 1), None)


def rows_asked(query: str, quote: Quote, table: Table, text: str) -> list[TableRow]:
    """The row of a quote, or those that the query names, if that is none of them."""
    own = [row for row in table.rows if row.start <= quote.start and quote.end <= row.end]
    named = [row for row in labelled_rows(query, table.rows, text) if not is_label(row, table)]
    if named and not any(row in named for row in own):
        return named[:_MOST_CELLS]
    return [row for row in own if not is_label(row, table)]


def labelled_rows(query: str, rows: Sequence[TableRow], text: str) -> list[TableRow]:
    """The rows of a document's text whose first cell holds a word of the query that few others
    hold: less than half of them.
    """
    asked = compared_words(parse_words(query))
    labels = [parse_words(text[slice(*row.cells[0])]) if row.cells[0] else [] for row in rows]
    held = [sum(contains_word(word, label) for label in labels) for word in asked]
    telling = [word for word, count in zip(asked, held, strict=True) if 2 * count < len(rows)]
    pairs = zip(rows, labels, strict=True)
    return [row for row, label in pairs if any(contains_word(word, label) for word in telling)]


def cell_claims(
    query: str, quote: Quote, row: TableRow, table: Table, passages: Sequence[Passage]
) -> Iterator[Claim]:
    """Of a long row the cells of the columns that the query names, each below the names of its row
    and column; else the cell that ends the quote. `passages` are those of the document.
    """
    asked = compared_words(parse_words(query))
    names = [parse_words(name) for name in table.columns]
    counts = [sum(contains_word(word, name) for word in asked) for name in names]
    filled = [at for at, span in enumerate(row.cells) if at and span and span[0] < span[1]]
    most = max((counts[at] for at in filled), default=0)
    places = [at for at in filled if counts[at] == most]
    if len(places) == len(filled):
        places = [at for at in filled if (row.cells[at] or (0, 0))[1] >= quote.end][:1]
    label = " ".join(one.text for one in quotes_between(passages, *(row.cells[0] or (0, 0))))
    for at in places[:_MOST_CELLS]:
        if quotes := quotes_between(passages, *(row.cells[at] or (0, 0))):
            text = _line(" ".join(one.text for one in quotes))
            named = ", ".join(filter(None, (label.strip("*_`"), table.columns[at].strip("*_`"))))
            yield Claim(text, quotes, "\n\n", frame=(f"**{named}:** {text}", ""))


def quotes_between(passages: Sequence[Passage], start: int, end: int) -> tuple[Quote, ...]:
    """The exact words of a span of a document, cut where its passages end, without white space at
    the ends.
    """
    found = list[Quote]()
    for passage in passages:
        first, last = max(start, passage.start), min(end, passage.end)
        if first >= last:
            continue
        text = passage.text[first - passage.start : last - passage.start]
        first += len(text) - len(text.lstrip())
        last -= len(text) - len(text.rstrip())
        if first < last:
            found.append(Quote(passage, first, last))
    return tuple(found)


def best_rows(
    query: str, quoted: Sequence[QuotedRow], rows: Sequence[QuotedRow]
) -> list[QuotedRow]:
    """Of a table's rows those whose cells hold most of the query, in the table's order.

    Those to be quoted otherwise, where the query tells no rows apart or asks what is not so. All of
    a short table, where what is asked is of all rows: the largest, a sum.
    """
    if is_of_all_rows(query) and len(rows) <= _MOST_ROWS:
        return list(rows)
    asked, texts = (
        parse_words(query),
        [parse_words("; ".join(filter(None, row.cells))) for row in rows],
    )
    counts = [sum(contains_word(word, text) for word in compared_words(asked)) for text in texts]
    best = quoted
    if max(counts) > min(counts) and not any(is_negation(word.low) for word in asked):
        best = [row for row, count in zip(rows, counts, strict=True) if count == max(counts)]
    return sorted(best, key=lambda row: row.quote.start)[:_MOST_ROWS]


def with_cell_of(query: str, rows: Sequence[QuotedRow]) -> list[QuotedRow]:
    """The rows of which the query holds a whole cell, and not all rows: "Hamburg", "red"."""
    asked = f" {' '.join(word.low for word in parse_words(query))} "
    found = [
        row
        for row in rows
        if any(
            f" {' '.join(word.low for word in parse_words(cell))} " in asked
            for cell in row.cells
            if cell
        )
    ]
    return found if len(found) < len(rows) else []


def is_of_all_rows(query: str) -> bool:
    """Whether a figure is asked for that no row of a table holds by itself; "the latest round" is
    mostly the name of one thing.
    """
    extremes = [one for one in degrees(query) if one.superlative]
    return any(DATE not in one.adjective.dimensions for one in extremes) or any(
        own in {Aggregate.SUM, Aggregate.MEAN} for own, _, _ in aggregates(query)
    )


def claims_of(rows: Sequence[QuotedRow]) -> Iterator[Claim]:
    """Claims for rows of one table; each quotes its row and the header, if that is a line."""
    if len(rows) == 1 and not rows[0].header and any(rows[0].columns):
        yield Claim(_line(rows[0].quote.text), (rows[0].quote,))
        return
    whole = [rows[0].columns, *(row.cells for row in rows)]
    used = [any(column) or bool(rows[0].header) for column in zip(*whole[1:], strict=True)]
    lines = [[_BAR.sub(r"\\|", _line(cell)) for cell in compress(line, used)] for line in whole]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    if sum(widths) + 3 * len(widths) > _LINE:
        widths = [3] * len(widths)
    rule = ["-" * width for width in widths]
    head = "".join(f"{_written(line, widths)} |\n" for line in (lines[0], rule))
    body = [_written(line, widths).rstrip() for line in lines[1:]]
    for place, (row, line) in enumerate(zip(rows, body, strict=True)):
        quotes = (row.quote, row.header) if row.header else (row.quote,)
        frame = (line if place else head + line, " |")
        yield Claim(_line(row.quote.text), quotes, "\n" if place else "\n\n", frame)


def _written(cells: Sequence[str], widths: Sequence[int]) -> str:
    """A line of a table without its end, to which markers may be put."""
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return "| " + " | ".join(padded)


def _line(text: str) -> str:
    return " ".join(text.split())
