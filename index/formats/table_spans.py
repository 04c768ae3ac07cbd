"""Rows of a table told from a document's text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

# Formats whose tables are read as a paragraph per row, each cell after its column's name.
_KINDS = frozenset(
    ".csv .tsv .xlsx .xlsm .xls .ods .docx .odt .pptx .odp .html .htm .xhtml .eml".split()
)
_SHEETS = frozenset(".csv .tsv .xlsx .xlsm .xls .ods".split())
_PARAGRAPH = re.compile(r"[^\n]+(?:\n[^\n]+)*")
_NAMED = re.compile(r"(?:(?<=^)|(?<=; ))([^:;\n]{1,60}): ")
# A name that fewer rows have is taken for part of a cell.
_SHARE = 0.1
_FILLED = 0.6

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Row:
    """A row's place in the text, and that of each of its cells by column; empty ones are left out.

    Places are counted in the document's characters, half open.
    """

    start: int
    end: int
    cells: dict[str, Span]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: the names of its columns in order, and its rows."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def start(self) -> int:
        """Where its first row starts."""
        return self.rows[0].start

    @property
    def end(self) -> int:
        """Where its last row ends."""
        return self.rows[-1].end


def grids(path: str, text: str, start: int, end: int) -> list[Grid]:
    """The tables between two places of a document's text, in order.

    Formats that hold no tables give none. Elsewhere a table has two rows or more.
    """
    kind = PurePosixPath(path).suffix.lower()
    if kind not in _KINDS:
        return []
    least = 1 if kind in _SHEETS else 2
    found, group = list[Grid](), list[Span]()
    paragraphs = [match.span() for match in _PARAGRAPH.finditer(text, start, end)]
    for place in [*paragraphs, (end, end)]:
        if _NAMED.match(text[slice(*place)]):
            group.append(place)
            continue
        grid = _grid(text, group) if len(group) >= least else None
        found += [grid] if grid else []
        group = []
    return found


def _grid(text: str, places: Sequence[Span]) -> Grid | None:
    """The rows at these places as a table, if they have columns in common."""
    named = [_NAMED.findall(text[start:end]) for start, end in places]
    counts = Counter(name for names in named for name in set(names))
    # What a row starts with is a name in any case, so that nothing of the row is lost.
    kept = {names[0] for names in named}
    kept |= {name for name, count in counts.items() if count >= _SHARE * len(places)}
    columns = in_order([[name for name in names if name in kept] for names in named])
    # Prose may hold a colon now and then; a table has a column that nearly every row fills.
    if len(columns) < 2 or max(counts.values()) < _FILLED * len(places):
        return None
    rows = [_row(text, start, end, frozenset(columns)) for start, end in places]
    return Grid(tuple(columns), tuple(rows))


def in_order(rows: Sequence[Sequence[str]]) -> list[str]:
    """All names of rows, each behind the one that it follows in the row that has it first."""
    columns = list[str]()
    for names in rows:
        at = 0
        for name in names:
            if name not in columns:
                columns.insert(at, name)
            at = columns.index(name) + 1
    return columns


def _row(text: str, start: int, end: int, columns: frozenset[str]) -> Row:
    """A row's cells: each goes from behind its name to before the next name."""
    found = dict[str, re.Match[str]]()
    for match in _NAMED.finditer(text[start:end]):
        if match[1] in columns:
            found.setdefault(match[1], match)
    ends = [start + match.start() - len("; ") for match in found.values()]
    stops = [*ends[1:], end]
    pairs = zip(found.items(), stops, strict=True)
    return Row(start, end, {name: (start + match.end(), stop) for (name, match), stop in pairs})
