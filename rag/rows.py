"""Quotes that are rows of a table: whole, with their header, those that hold what is asked.

A row whose cells stand after their columns' names reads by itself ("host: ada; memory: 256 GB").
Several rows of a table are shown as a table, and so is each of a table in Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from index.passages import Passage
from rag.answers import Claim, Quote
from rag.grids import grids, in_order
from rag.support_evidence import content, held
from rag.words import denies, read

# A longer row is prose in a table: of it, the sentence alone is quoted.
_LONGEST = 600
_MOST_ROWS = 10
# Columns are lined up for readers of plain text, as long as a line stays this short.
_LINE = 100
_PIPED = re.compile(r"^[ \t]*(\|[^\r\n]*\|)[ \t\r]*$", re.MULTILINE)
_BAR = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\|(?:[ \t]*:?-+:?[ \t]*\|)+")


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the quote of the whole of it, its cells by column, and the name of its table.

    `header` quotes the line that names the columns, where there is one.
    """

    quote: Quote
    cells: Mapping[str, str]
    table: tuple[str, ...]
    header: Quote | None = None

    def holds(self, quote: Quote) -> bool:
        """Whether a quote is of this row."""
        same = self.quote.passage.id == quote.passage.id
        return same and self.quote.start <= quote.start and quote.end <= self.quote.end


def rows_of(passages: Sequence[Passage]) -> list[Row]:
    """The rows of the tables in passages; those of a Markdown table only if a passage holds its
    header.
    """
    in_order = sorted(passages, key=lambda passage: (passage.document, passage.start))
    found = [row for passage in passages for row in _named(passage)]
    headers = dict[str, tuple[Quote, list[str]]]()
    for passage in in_order:
        found += _piped(passage, headers)
    return [row for row in found if row.quote.end - row.quote.start <= _LONGEST]


def _named(passage: Passage) -> Iterator[Row]:
    """Rows whose cells stand after the names of their columns."""
    text = passage.text
    for grid in grids(passage.document, text, 0, len(text)):
        for row in grid.rows:
            cells = {name: text[slice(*place)] for name, place in row.cells.items()}
            quote = Quote(passage, passage.start + row.start, passage.start + row.end)
            yield Row(quote, cells, (passage.document, passage.heading, next(iter(cells))))


def _piped(passage: Passage, headers: dict[str, tuple[Quote, list[str]]]) -> Iterator[Row]:
    """Rows between bars, below a header here or in the passage before; headers are by document."""
    lines = list(_PIPED.finditer(passage.text))
    for place, line in enumerate(lines):
        quote = Quote(passage, passage.start + line.start(1), passage.start + line.end(1))
        cells = _cells(line[1])
        if place + 1 < len(lines) and _RULE.fullmatch(lines[place + 1][1]):
            headers[passage.document] = quote, cells
        elif passage.document in headers and not _RULE.fullmatch(line[1]):
            header, names = headers[passage.document]
            if len(names) == len(cells) and header.passage.heading == passage.heading:
                name = (passage.document, passage.heading, str(header.start))
                yield Row(quote, dict(zip(names, cells, strict=True)), name, header)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in _BAR.split(line)[1:-1]]


def best_rows(query: str, quoted: Sequence[Row], rows: Sequence[Row]) -> list[Row]:
    """Of a table's rows those whose cells hold most of the query, in the table's order.

    Those to be quoted otherwise, where the query tells no rows apart or asks what is not so.
    """
    asked, texts = read(query), [read("; ".join(row.cells.values())) for row in rows]
    counts = [sum(held(word, text) for word in content(asked)) for text in texts]
    best = quoted
    if max(counts) > min(counts) and not any(denies(word.low) for word in asked):
        best = [row for row, count in zip(rows, counts, strict=True) if count == max(counts)]
    return sorted(best, key=lambda row: row.quote.start)[:_MOST_ROWS]


def claims_of(rows: Sequence[Row]) -> Iterator[Claim]:
    """Claims for rows of one table; each quotes its row and the header, if that is a line."""
    if len(rows) == 1 and not rows[0].header:
        yield Claim(_line(rows[0].quote.text), (rows[0].quote,))
        return
    columns = in_order([list(row.cells) for row in rows])
    lines = [columns, *([row.cells.get(name, "") for name in columns] for row in rows)]
    lines = [[_BAR.sub(r"\\|", _line(cell)) for cell in line] for line in lines]
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
