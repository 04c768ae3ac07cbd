"""Values that a table of a document has in the row and column that a statement names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from index.types import Passage
from rag.types import Quote
from rag.verification.words import parse_words

_ROW = re.compile(r"^[ \t]*\|.*\|[ \t]*$", re.MULTILINE)
_RULE = re.compile(r"[\s|:-]+")

Cells = list[tuple[str, ...]]


def value_quote(row: str, column: str, value: str, passages: Sequence[Passage]) -> Quote | None:
    """The row of a table in a passage that has a value for `row` in the column named `column`, or,
    where the two are exchanged, for `column` in the column named `row`; None if none has.

    Names and values must be the same words; a name may be the first words of a column's. Where a
    table has no column of that name, any of the row's cells may have the value.
    """
    return next((quote for quote, same in _named(row, column, value, passages) if same), None)


def is_contradicted(row: str, column: str, value: str, passages: Sequence[Passage]) -> bool:
    """Whether tables have this row and column, and another value there."""
    found = [same for _, same in _named(row, column, value, passages)]
    return bool(found) and not any(found)


def _named(
    row: str, column: str, value: str, passages: Sequence[Passage]
) -> Iterator[tuple[Quote, bool]]:
    """The rows of tables that are named so, and whether they have the value."""
    for passage in passages:
        for head, start, end in _rows(passage):
            cells = _cells(passage.text[start:end])
            for name, of in ((row, column), (column, row)):
                if not _words(name) or _words(name) not in cells:
                    continue
                below = _below(head, cells, of)
                if below or of == column:
                    quote = Quote(passage, passage.start + start, passage.start + end)
                    yield quote, _words(value) in (below or cells)


def _below(head: Cells, cells: Cells, column: str) -> Cells:
    """The cells below the heads that are named so."""
    named = _words(column)
    return [
        cell
        for name, cell in zip(head, cells, strict=False)
        if named and name[: len(named)] == named
    ]


def _rows(passage: Passage) -> Iterator[tuple[Cells, int, int]]:
    """The rows of a passage's tables, as spans of its text, each with the cells of its head."""
    head: Cells = []
    last = -1
    for found in _ROW.finditer(passage.text):
        follows = passage.text[last : found.start()].strip(" \t") == "\n" if last >= 0 else False
        if not follows:
            head = _cells(found.group())
        elif not _RULE.fullmatch(found.group()):
            yield head, found.start(), found.end()
        last = found.end()


def _cells(line: str) -> Cells:
    return [_words(cell) for cell in line.strip().strip("|").split("|")]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.number or word.low for word in parse_words(text))
