"""Tables whose cells have types: each column is numbers, dates, times, yes and no, or text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from index.tables.dates import order_of, read_moment
from index.tables.numbers import decimal_mark, read_amount
from index.tables.units import MONEY, Measure, Unit, split_name
from index.types import Document, Table, TableRow

Value = float | str

_EMPTY = frozenset(["", "-", "–", "—", "?", "n/a", "na", "n.a.", "k.a.", "k. a.", "null", "nan"])
_YES = frozenset("yes y true ja oui sí si sim tak ✓ ✔ ☑".split())
_NO = frozenset("no n false nein non não nie ✗ ✘ ☐".split())
# A mark for yes, in columns where the other cells are left empty.
_MARKS = frozenset("x ✓ ✔ ☑ • ●".split())
_NONE = frozenset("none nil keine keiner aucun aucune ninguno ninguna nessuno brak".split())
_TOTALS = frozenset("total totals sum subtotal gesamt summe insgesamt totale somme suma".split())
# A cell whose whole text is bold, italic or code in Markdown.
_MARKED = re.compile(r"(?P<mark>\*{1,3}|_{1,3}|`)(?P<words>[^*_`]+)(?P=mark)")
# A column has a type if this share of its cells that are not empty do.
_MAJORITY = 0.8


class Kind(StrEnum):
    """What the cells of a column are."""

    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    BOOLEAN = "boolean"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, that without the unit, and a value for each row.

    Values are numbers, ISO dates ("2025-05-03 12:30"), times ("12:30"), 1 and 0 for yes and no, or
    texts; None where a cell is empty or not of the column's kind. `texts` are the cells as written.
    `unread` counts cells that are not empty and still have no value.
    """

    name: str
    label: str
    kind: Kind
    values: tuple[Value | None, ...]
    texts: tuple[str, ...]
    measure: Measure | None = None
    decimals: int = 0
    mark: str = "."
    grouped: bool = False
    unread: int = 0

    @property
    def readable(self) -> str:
        """The label with spaces for underscores: "service charge" of "service_charge_gbp"."""
        return self.label.replace("_", " ")

    @property
    def unit(self) -> Unit | None:
        """What its numbers count, if that is known."""
        return self.measure.unit if self.measure else None

    @property
    def is_money(self) -> bool:
        """Whether its numbers are amounts of money."""
        return self.unit is not None and self.unit.dimension == MONEY

    @property
    def is_key(self) -> bool:
        """Whether no two rows have the same value, and each has one."""
        return None not in self.values and len({*self.values}) == len(self.values)


@dataclass(frozen=True, eq=False)
class TypedTable:
    """A table of a document, or tables of one header on pages that follow each other, joined.

    `title` is its caption or the heading above it; `document` is the document's path and
    `document_title` its title. `rows` are spans of the document's text, `headers` those of the
    lines that name the columns. `totals` are rows that sum up others, which no figure rests on.
    `source` is the table in the document that this one is turned from; `parts` are the tables that
    it is joined of, each with its row, if any, for every row of this one.
    """

    document: str
    document_title: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    headers: tuple[tuple[int, int], ...] = ()
    totals: frozenset[int] = frozenset()
    source: TypedTable | None = None
    parts: tuple[tuple[TypedTable, tuple[int | None, ...]], ...] = ()

    @property
    def start(self) -> int:
        """Where it starts in the document's text, in characters."""
        return min([self.rows[0].start, *(header[0] for header in self.headers)])

    @property
    def end(self) -> int:
        """Where its last row ends."""
        return max(row.end for row in self.rows)


def typed(document: Document) -> tuple[TypedTable, ...]:
    """The tables of a document with typed cells, in order; parts of one table are joined."""
    groups = list[list[Table]]()
    for table in document.tables:
        if table.rows and groups and _continues(groups[-1][-1], table):
            groups[-1].append(table)
        elif table.rows:
            groups.append([table])
    return tuple(_typed(document, group) for group in groups)


def _continues(before: Table, after: Table) -> bool:
    """Whether a table goes on with the columns of the one before it."""
    names = [[name.casefold().strip() for name in one.columns] for one in (before, after)]
    return names[0] == names[1] and after.caption in {"", before.caption}


def _typed(document: Document, parts: Sequence[Table]) -> TypedTable:
    rows = tuple(row for part in parts for row in part.rows)
    names = parts[0].columns
    texts = [[_cell(document.text, row, place) for row in rows] for place in range(len(names))]
    mark = decimal_mark(text for column in texts for text in column[:200]) or "."
    columns = tuple(
        column_of(name, column, mark, names) for name, column in zip(names, texts, strict=True)
    )
    headers = tuple(part.header for part in parts if part.header)
    title = parts[0].caption or _heading_above(document, parts[0].start)
    return TypedTable(
        document.path, document.title, title, columns, rows, headers, totals_of(columns)
    )


def _cell(text: str, row: TableRow, place: int) -> str:
    span = row.cells[place] if place < len(row.cells) else None
    words = " ".join(text[span[0] : span[1]].split()) if span else ""
    marked = _MARKED.fullmatch(words)
    return marked["words"] if marked else words


def _heading_above(document: Document, start: int) -> str:
    above = [heading.text for heading in document.headings if heading.start < start]
    return above[-1] if above else ""


def totals_of(columns: Sequence[Column]) -> frozenset[int]:
    """Places of the rows below others whose first word is that of a sum."""
    found, rows = set[int](), len(columns[0].texts) if columns else 0
    for row in range(1, rows):
        first = next((column.texts[row] for column in columns if column.texts[row]), "")
        words = first.casefold().strip(":").split()
        if words and words[0] in _TOTALS and len(words) < 4:
            found.add(row)
    return frozenset(found)


def column_of(
    name: str, texts: Sequence[str], mark: str = ".", names: Sequence[str] = ()
) -> Column:
    """A column from its name and cells; `mark` is the decimal mark if its own cells do not tell.

    `names` are those of all columns of the table.
    """
    label, measure = split_name(name, names)
    filled = [text for text in texts if text.casefold() not in _EMPTY]
    shown = tuple(texts)
    base = Column(
        name, label or name, Kind.TEXT, tuple(_text(text) for text in texts), shown, measure
    )
    if not filled:
        return base
    read = _marks(texts) or _booleans(texts) or _moments(texts)
    if read is not None and _enough(read[1], filled):
        kind, values = read
        return Column(name, label or name, kind, values, shown, unread=_unread(values, filled))
    return _numbers(base, filled, decimal_mark(filled) or mark) or base


def is_none(text: str) -> bool:
    """Whether a cell says that there is nothing: "none", "no", "keine"."""
    return text.casefold().strip() in _NO | _NONE


def _text(text: str) -> str | None:
    return None if text.casefold() in _EMPTY else text


def _enough(values: Sequence[Value | None], filled: Sequence[str]) -> bool:
    return len(values) - values.count(None) >= _MAJORITY * len(filled)


def _unread(values: Sequence[Value | None], filled: Sequence[str]) -> int:
    return max(0, len(filled) - (len(values) - values.count(None)))


def _marks(texts: Sequence[str]) -> tuple[Kind, tuple[Value | None, ...]] | None:
    """Yes where one mark stands, and no where there is none; None for other columns."""
    words = {text.casefold() for text in texts} - _EMPTY
    if len(words) != 1 or not words <= _MARKS:
        return None
    return Kind.BOOLEAN, tuple(float(text.casefold() in words) for text in texts)


def _booleans(texts: Sequence[str]) -> tuple[Kind, tuple[Value | None, ...]] | None:
    words = [text.casefold() for text in texts]
    if not {word for word in words if word not in _EMPTY} <= _YES | _NO:
        return None
    return Kind.BOOLEAN, tuple(
        1.0 if word in _YES else 0.0 if word in _NO else None for word in words
    )


def _moments(texts: Sequence[str]) -> tuple[Kind, tuple[Value | None, ...]] | None:
    order = order_of(list(texts))
    read = {text: read_moment(text, order) for text in dict.fromkeys(texts)}
    found = [moment for moment in read.values() if moment]
    if not found:
        return None
    timed = sum(moment.year is None for moment in found) * 2 > len(found)
    values = tuple(
        moment.text if moment and (moment.year is None) == timed else None
        for moment in map(read.__getitem__, texts)
    )
    return Kind.TIME if timed else Kind.DATE, values


def _numbers(base: Column, filled: Sequence[str], mark: str) -> Column | None:
    """The column as numbers of one unit, or None if its cells are not."""
    read = {text: read_amount(text, mark) for text in dict.fromkeys(base.texts)}
    units = Counter(amount.unit for amount in read.values() if amount and amount.unit)
    if len(units) > 1:
        return None
    values = tuple(amount.value if amount else None for amount in map(read.__getitem__, base.texts))
    amounts = [amount for amount in read.values() if amount]
    if not amounts or not _enough(values, filled):
        return None
    unit = next(iter(units), None)
    measure = base.measure or (Measure("", unit) if unit else None)
    decimals = max(amount.decimals for amount in amounts)
    grouped = any(amount.grouped for amount in amounts)
    unread = _unread(values, filled)
    return Column(
        base.name,
        base.label,
        Kind.NUMBER,
        values,
        base.texts,
        measure,
        decimals,
        mark,
        grouped,
        unread,
    )
