"""Tables whose cells are drawn with rules: rows, columns and merged cells by the lines."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from index.formats.pdf.geometry import Shown, objects
from index.formats.pdf.page_items import PageTable, is_value, names_columns
from index.formats.pdf.words import PdfWord, WordLine
from index.formats.tables import MergedCell, read_table

if TYPE_CHECKING:
    from pypdfium2 import PdfObject, PdfPage

# Rules no further apart than so many points are one; shorter ones are none.
_NEAR = 3.0
_LEAST_LENGTH = 5.0
# A page with more rules is a drawing.
_MOST_RULES = 3000
_CELL_CHARACTERS = 200
# What is in one column only is a frame around text.
_LEAST_COLUMNS = 2
# Values below each other in so many columns are rows without a rule between.
_VALUE_COLUMNS = 2


class Rule(NamedTuple):
    """A straight line that runs across or down: where it stands, and from where to where."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class RuledGrid:
    """Where the rows and columns of a ruled table begin and end, and the rules between columns."""

    rows: Sequence[float]
    columns: Sequence[float]
    across: Sequence[Rule]
    down: Sequence[Rule]

    def cell(self, word: PdfWord) -> tuple[int, int] | None:
        """Row and column of the cell that a word stands in; None if it stands outside."""
        x, y = word.middle
        column, row = _between(self.columns, x), _between(self.rows, y)
        return None if row is None or column is None else (row, column)


def with_ruled_tables(page: PdfPage, lines: Sequence[WordLine]) -> list[WordLine | PageTable]:
    """Lines of a page with its ruled tables, each where the first of its words stands."""
    left, items = list[WordLine | PageTable](lines), list[WordLine | PageTable]()
    for grid in ruled_grids(page):
        items, place, words = [], -1, list[tuple[tuple[int, int], PdfWord]]()
        for item in left:
            if isinstance(item, PageTable):
                items.append(item)
                continue
            inside = [(cell, word) for word in item.words if (cell := grid.cell(word))]
            if inside and place < 0:
                place = len(items)
            words += inside
            outside = tuple(word for word in item.words if not grid.cell(word))
            if outside:
                items.append(item if not inside else WordLine(outside, outside[-1].base))
        table = _table(grid, words, lines)
        if table:
            items.insert(place, table)
            left = items
    return left


def _table(
    grid: RuledGrid, words: Sequence[tuple[tuple[int, int], PdfWord]], lines: Sequence[WordLine]
) -> PageTable | None:
    cells = [[list[PdfWord]() for _ in grid.columns[1:]] for _ in grid.rows[1:]]
    for (row, column), word in words:
        cells[row][column].append(word)
    spans = list(_merged(grid, cells))
    spanned = {row for span in spans for row in range(span.row, span.row + span.rows)}
    lines_of_rows = (
        [cells[at]] if at in spanned else _split(cells[at]) for at in range(len(cells))
    )
    cells = [line for lines_of_row in lines_of_rows for line in lines_of_row]
    texts = [[_text(cell) for cell in row] for row in cells]
    filled = [text for row in texts for text in row if text]
    columns = sum(any(column) for column in zip(*texts, strict=True))
    if (
        columns < _LEAST_COLUMNS
        or len(filled) < len(grid.columns)
        or fmean(map(len, filled)) > _CELL_CHARACTERS
    ):
        return None
    shown = [at for at, row in enumerate(texts) if any(row)]
    bold_words = {word for line in lines if line.bold for word in line.words}
    bold = [all(word in bold_words for cell in cells[at] for word in cell) for at in shown]
    found = read_table(texts, spans)
    rows = [tuple(row) for row in (found.names, *found.rows) if any(row)]
    if not rows:
        return None
    titles = tuple(found.titles)
    bases = [word.base for _, word in words]
    has_names = len(rows) > 1 and names_columns(rows, bold[len(shown) - len(rows) :])
    has_names = has_names or (len(rows) > 1 and any(span.row == 0 for span in spans))
    return PageTable(
        min(bases), max(bases), words[0][1].size, rows[0] if has_names else (),
        tuple(rows[has_names:]), titles,
    )  # fmt: skip


def _split(row: list[list[PdfWord]]) -> list[list[list[PdfWord]]]:
    """A row whose cells hold several values below each other as that many rows.

    A cell of a single line holds in each of them.
    """
    cells = [_lines(cell) for cell in row]
    values = [
        len(lines)
        for lines in cells
        if len(lines) > 1 and all(is_value(_text(line)) for line in lines)
    ]
    if len(values) < _VALUE_COLUMNS or {len(lines) for lines in cells} - {0, 1, values[0]}:
        return [row]
    return [
        [lines[min(at, len(lines) - 1)] if lines else [] for lines in cells]
        for at in range(values[0])
    ]


def _lines(cell: Sequence[PdfWord]) -> list[list[PdfWord]]:
    lines = list[list[PdfWord]]()
    for word in sorted(cell, key=lambda word: word.base):
        if lines and word.base - lines[-1][-1].base <= word.size / 2:
            lines[-1].append(word)
        else:
            lines.append([word])
    return lines


def _text(words: Sequence[PdfWord]) -> str:
    return " ".join(
        word.text for line in _lines(words) for word in sorted(line, key=lambda word: word.left)
    )


def _merged(grid: RuledGrid, cells: list[list[list[PdfWord]]]) -> Iterator[MergedCell]:
    """Merged cells of more than one column or row; their words are moved to the first of them."""
    seen = set[tuple[int, int]]()
    for row in range(len(cells)):
        for column in range(len(cells[row])):
            if (row, column) in seen:
                continue
            span = _span(grid, row, column)
            covered = set(
                product(range(row, row + span.rows), range(column, column + span.columns))
            )
            seen |= covered
            for at, beside in sorted(covered - {(row, column)}):
                cells[row][column] += cells[at][beside]
                cells[at][beside] = []
            if len(covered) > 1:
                yield span


def _span(grid: RuledGrid, row: int, column: int) -> MergedCell:
    """How far a cell goes until a rule parts it from the next one."""
    height, width = _middle(grid.rows, row), _middle(grid.columns, column)
    columns, rows = column + 1, row + 1
    while columns < len(grid.columns) - 1 and not _parts(grid.down, grid.columns[columns], height):
        columns += 1
    while rows < len(grid.rows) - 1 and not _parts(grid.across, grid.rows[rows], width):
        rows += 1
    return MergedCell(row, column, rows - row, columns - column)


def _middle(edges: Sequence[float], at: int) -> float:
    return (edges[at] + edges[at + 1]) / 2


def _parts(rules: Sequence[Rule], at: float, middle: float) -> bool:
    return any(abs(rule.at - at) <= _NEAR and rule.start <= middle <= rule.end for rule in rules)


def _between(edges: Sequence[float], place: float) -> int | None:
    pairs = enumerate(pairwise(edges))
    return next((at for at, (start, end) in pairs if start <= place < end), None)


# --- rules


def ruled_grids(page: PdfPage) -> list[RuledGrid]:
    """The grids of a page that have at least two rows and two columns, from top to bottom."""
    rules = _rules(page)
    if rules is None:
        return []
    across, down = rules
    grids = list[RuledGrid]()
    for group_across, group_down in _crossing(across, down):
        columns = _edges([*(rule.at for rule in group_down), *_ends(group_across)])
        rows = _edges([*(rule.at for rule in group_across), *_ends(group_down)])
        if len(rows) > 2 and len(columns) > 2:
            grids.append(RuledGrid(rows, columns, group_across, group_down))
    return sorted(grids, key=lambda grid: (grid.rows[0], grid.columns[0]))


def _ends(rules: Sequence[Rule]) -> list[float]:
    return [min(rule.start for rule in rules), max(rule.end for rule in rules)]


def _edges(places: Sequence[float]) -> list[float]:
    edges = list[float]()
    for place in sorted(places):
        if not edges or place - edges[-1] > _NEAR:
            edges.append(place)
    return edges


def _crossing(
    across: Sequence[Rule], down: Sequence[Rule]
) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Groups of rules that touch each other."""
    left = set(range(len(down)))
    todo = set(range(len(across)))
    while todo:
        group, found, queue = set[int](), set[int](), [todo.pop()]
        while queue:
            at = queue.pop()
            group.add(at)
            new = {other for other in left if _touch(across[at], down[other])}
            left -= new
            found |= new
            reached = {
                other for other in todo if any(_touch(across[other], down[at]) for at in new)
            }
            todo -= reached
            queue += sorted(reached)
        if len(group) > 1 and len(found) > 0:
            yield [across[at] for at in sorted(group)], [down[at] for at in sorted(found)]


def _touch(across: Rule, down: Rule) -> bool:
    return (
        across.start - _NEAR <= down.at <= across.end + _NEAR
        and down.start - _NEAR <= across.at <= down.end + _NEAR
    )


def _rules(page: PdfPage) -> tuple[list[Rule], list[Rule]] | None:
    """The rules that run across a page and those that run down it; None for a drawing."""
    import pypdfium2.raw as pdfium

    shown, across, down = Shown(page), list[Rule](), list[Rule]()
    for item in objects(page, pdfium.FPDF_PAGEOBJ_PATH):
        # What is inside a form object tells its place in the form's space only.
        if item.level:
            continue
        for (x0, y0), (x1, y1) in _straight_lines(item):
            (left, top), (right, bottom) = shown.place(x0, y0), shown.place(x1, y1)
            width, height = abs(right - left), abs(bottom - top)
            if height < 1 and width >= _LEAST_LENGTH:
                across.append(Rule(top, min(left, right), max(left, right)))
            elif width < 1 and height >= _LEAST_LENGTH:
                down.append(Rule(left, min(top, bottom), max(top, bottom)))
        if len(across) + len(down) > _MOST_RULES:
            return None
    return _joined(across), _joined(down)


def _joined(rules: Sequence[Rule]) -> list[Rule]:
    """Rules that go on in one another as one; tables are often drawn cell by cell."""
    found = list[Rule]()
    for rule in sorted(rules, key=lambda rule: (round(rule.at / _NEAR), rule.start)):
        last = found[-1] if found else None
        if last and abs(rule.at - last.at) <= _NEAR and rule.start - last.end <= _NEAR:
            found[-1] = Rule(last.at, last.start, max(last.end, rule.end))
        else:
            found.append(rule)
    return found


Point = tuple[float, float]


def _straight_lines(item: PdfObject) -> Iterator[tuple[Point, Point]]:
    """The straight lines of a path, in the page's own space."""
    import pypdfium2.raw as pdfium

    matrix = item.get_matrix()
    start = last = None
    x, y = ctypes.c_float(), ctypes.c_float()
    for at in range(min(pdfium.FPDFPath_CountSegments(item), _MOST_RULES)):
        segment = pdfium.FPDFPath_GetPathSegment(item, at)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        point = matrix.on_point(x.value, y.value)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            start = point
        elif kind == pdfium.FPDF_SEGMENT_LINETO and last:
            yield last, point
        if pdfium.FPDFPathSegment_GetClose(segment) and start and start != point:
            yield point, start
        last = point
