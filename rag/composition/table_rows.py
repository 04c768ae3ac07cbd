"""Quotes that are rows of a table: whole, with their header, those that hold what is asked.

A row whose cells stand after their columns' names reads by itself ("host: ada; memory: 256 GB").
Several rows of a table are shown as a table, and so is each of a table in Markdown.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice

from index.formats.table_spans import grids, in_order
from index.types import Passage
from rag.types import Claim, Quote
from rag.verification.evidence import content, held
from rag.verification.words import denies, read

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


def rows_of(
    passages: Sequence[Passage], passages_in: Callable[[str], Sequence[Passage]]
) -> list[Row]:
    """The rows of the tables in passages; those of a Markdown table only below a header, which may
    stand in another passage. `passages_in` gives all of a document, in order, if it is known.
    """
    found = [row for passage in passages for row in _named(passage)]
    parts = defaultdict[str, list[Passage]](list)
    for passage in sorted(passages, key=lambda passage: passage.start):
        if _PIPED.search(passage.text):
            parts[passage.document].append(passage)
    for document, own in parts.items():
        near = own if all(map(_is_headed, own)) else passages_in(document) or own
        found += _piped(near, {passage.id for passage in own})
    return [row for row in found if row.quote.end - row.quote.start <= _LONGEST]


def _named(passage: Passage) -> Iterator[Row]:
    """Rows whose cells stand after the names of their columns."""
    text = passage.text
    for grid in grids(passage.document, text, 0, len(text)):
        for row in grid.rows:
            cells = {name: text[slice(*place)] for name, place in row.cells.items()}
            quote = Quote(passage, passage.start + row.start, passage.start + row.end)
            yield Row(quote, cells, (passage.document, passage.heading, next(iter(cells))))


def _is_headed(passage: Passage) -> bool:
    """Whether the first line between bars is a header."""
    lines = [line[1] for line in islice(_PIPED.finditer(passage.text), 2)]
    return len(lines) == 2 and bool(_RULE.fullmatch(lines[1]))


def _piped(passages: Sequence[Passage], wanted: Set[str]) -> Iterator[Row]:
    """Rows between bars that stand in the wanted passages, each below a header in one of all."""
    lines = [(passage, line) for passage in passages for line in _PIPED.finditer(passage.text)]
    below = [line[1] for _, line in lines[1:]] + [""]
    header, names = None, list[str]()
    for (passage, line), after in zip(lines, below, strict=True):
        quote = Quote(passage, passage.start + line.start(1), passage.start + line.end(1))
        cells = _cells(line[1])
        if _RULE.fullmatch(after):
            header, names = quote, cells
        elif _RULE.fullmatch(line[1]) or passage.id not in wanted:
            continue
        elif header and header.passage.heading == passage.heading and len(names) == len(cells):
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
