"""Tables written with bars, as in Markdown: their header line, rows and cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from index.types import Span, Table, TableRow

_LINE = re.compile(r"([^\r\n]*)(?:\r\n?|\n|\Z)")
# What stands before a table in a quotation or in a list item.
_INDENT = re.compile(r"[ \t]*(?:>[ \t]*)*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+(?=\|))?")
_BAR = re.compile(r"(?<!\\)\|")
_DELIMITER_CELL = re.compile(r":?-+:?")


def pipe_tables(text: str, excluded: Sequence[Span] = ()) -> tuple[Table, ...]:
    """The tables of a text, below each a line of dashes that makes the line above its header.

    `excluded` are the spans of lines that hold no tables (code), in order.
    """
    return tuple(_tables(text, list(_lines(text, excluded))))


def _lines(text: str, excluded: Sequence[Span]) -> Iterator[Span]:
    """The lines without indent and trailing blanks; those without a bar or excluded are empty."""
    left = list(reversed(excluded))
    for match in _LINE.finditer(text):
        start, end = match.span(1)
        while left and left[-1][1] <= start:
            left.pop()
        if "|" not in match[1] or (left and left[-1][0] <= start):
            yield start, start
            continue
        indent = _INDENT.match(text, start, end)
        yield (indent.end() if indent else start), start + len(match[1].rstrip())


def _tables(text: str, lines: Sequence[Span]) -> Iterator[Table]:
    at = 0
    while at + 1 < len(lines):
        header, rule = (cells_of(text, line) for line in lines[at : at + 2])
        if not header or len(header) != len(rule) or not _is_rule(text, rule):
            at += 1
            continue
        first = at + 2
        while (last := at + 2) < len(lines) and lines[last][0] < lines[last][1]:
            at += 1
        rows = [_row(text, line) for line in lines[first : at + 2]]
        if rows:
            width = max(len(header), *(len(row.cells) for row in rows))
            names = [text[start:end] for start, end in header]
            names += [""] * (width - len(names))
            yield Table(tuple(names), tuple(rows), lines[first - 2])
        at += 2


def _is_rule(text: str, cells: Sequence[Span]) -> bool:
    return all(_DELIMITER_CELL.fullmatch(text, *cell) for cell in cells)


def _row(text: str, line: Span) -> TableRow:
    cells = [cell if cell[0] < cell[1] else None for cell in cells_of(text, line)]
    while cells and cells[-1] is None:
        cells.pop()
    return TableRow(*line, tuple(cells))


def cells_of(text: str, line: Span) -> list[Span]:
    """The spans of a line's cells without blanks around them; none for a line without bars."""
    start, end = line
    bars = [match.start() for match in _BAR.finditer(text, start, end)]
    if not bars:
        return []
    edges = bars if bars[0] == start else [start - 1, *bars]
    edges = edges if edges[-1] == end - 1 and len(edges) > 1 else [*edges, end]
    return [_stripped(text, left + 1, right) for left, right in pairwise(edges)]


def _stripped(text: str, start: int, end: int) -> Span:
    inside = text[start:end]
    lead = len(inside) - len(inside.lstrip())
    return (start + lead, start + lead + len(inside.strip())) if inside.strip() else (start, start)
