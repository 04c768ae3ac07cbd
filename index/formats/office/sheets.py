"""Sheets of a workbook to text: where their tables lie, and the rows of each after its header."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, groupby, pairwise

from index.formats.base import Parsed, TextBlock, Unreadable, from_blocks
from index.formats.tables import Grid, MergedCell, is_value, read_table

Place = tuple[int, int]
_CELLS = 1_000_000
# A longer line in a single column is prose, not a value under a name.
_VALUE_CHARACTERS = 80


class Axis:
    """The rows or the columns of a sheet, counted from 0, some of them hidden."""

    def __init__(self, hidden: Iterable[range] = ()) -> None:
        self._ranges = sorted(hidden, key=lambda numbers: numbers.start)
        self._starts = [numbers.start for numbers in self._ranges]
        self._lengths = list(accumulate(map(len, self._ranges), initial=0))

    def hides(self, number: int) -> bool:
        """Whether a reader of the sheet does not see this one."""
        at = bisect_right(self._starts, number)
        return at > 0 and number in self._ranges[at - 1]

    def seen(self, number: int) -> int:
        """How many before this one a reader sees."""
        at = bisect_right(self._starts, number)
        ahead = max(0, self._ranges[at - 1].stop - number) if at else 0
        return number - self._lengths[at] + ahead


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet's cells that hold text, by row and column from 0, its merged cells and text boxes."""

    name: str
    cells: Mapping[Place, str]
    spans: Sequence[MergedCell] = ()
    hidden: bool = False
    rows: Axis = field(default_factory=Axis)
    columns: Axis = field(default_factory=Axis)
    boxes: Sequence[str] = ()


def from_sheets(sheets: Iterable[Sheet], title: str, notes: Sequence[str] = ()) -> Parsed:
    """Each visible sheet as a heading and its tables; what is hidden is counted and noted.

    Raises Unreadable for more cells than a document can need.
    """
    blocks, left_out, hidden, count = list[TextBlock](), list[str](), 0, 0
    for sheet in sheets:
        count += len(sheet.cells)
        check_size(count)
        shown = _shown(sheet)
        hidden += sum(map(len, sheet.cells.values())) - sum(map(len, shown.cells.values()))
        left_out += _left_out(sheet)
        tables = [*_blocks(shown), *map(TextBlock, shown.boxes)]
        blocks += [TextBlock(sheet.name, 1), *tables] if tables else []
    parsed = from_blocks(blocks)
    # The name of the first sheet tells no more than the file's own.
    return replace(parsed, title=title, hidden=hidden, notes=(*left_out, *notes))


def check_size(cells: int) -> None:
    """Raises Unreadable for more cells than a document can need."""
    if cells > _CELLS:
        raise Unreadable(f"too large: its sheets have over {_CELLS:,} cells")


def _shown(sheet: Sheet) -> Sheet:
    """What a reader sees of a sheet, without gaps where rows or columns are hidden."""
    if sheet.hidden:
        return Sheet(sheet.name, {})
    rows, columns = sheet.rows, sheet.columns
    cells = {
        (rows.seen(row), columns.seen(column)): text
        for (row, column), text in sheet.cells.items()
        if not (rows.hides(row) or columns.hides(column))
    }
    spans = [
        MergedCell(
            rows.seen(span.row),
            columns.seen(span.column),
            rows.seen(span.row + span.rows) - rows.seen(span.row),
            columns.seen(span.column + span.columns) - columns.seen(span.column),
        )
        for span in sheet.spans
        if not (rows.hides(span.row) or columns.hides(span.column))
    ]
    return Sheet(sheet.name, cells, spans, boxes=sheet.boxes)


def _left_out(sheet: Sheet) -> list[str]:
    if sheet.hidden:
        return [f"sheet {sheet.name} is hidden and left out"] if sheet.cells else []
    rows = {row for row, _ in sheet.cells if sheet.rows.hides(row)}
    columns = {column for _, column in sheet.cells if sheet.columns.hides(column)}
    counts = [
        f"{len(found)} hidden {noun}{'s' * (len(found) > 1)}"
        for found, noun in ((rows, "row"), (columns, "column"))
        if found
    ]
    verb = "are" if len(rows) + len(columns) > 1 else "is"
    return [f"{' and '.join(counts)} of sheet {sheet.name} {verb} left out"] if counts else []


def _blocks(sheet: Sheet) -> list[TextBlock]:
    """The tables of a sheet from top to bottom, each with its own header.

    The line above a table is a heading, so that each of its rows is found by it. Rows below an
    empty one that start with values go on with the header above.
    """
    blocks, above, is_alone = list[TextBlock](), dict[int, str](), False
    regions = (part for region in _regions(_covered(sheet)) for part in _labelled(sheet, region))
    for region in regions:
        columns = sorted({column for _, column in region})
        table = _table(sheet, region, columns)
        lines = _lines(table)
        if not lines:
            names = [above.get(column, "") for column in columns]
            if not _is_header(table.names, below=all(names)):
                table = Grid(table.titles, names, [table.names, *table.rows])
            above = dict(zip(columns, table.names, strict=True))
            lines = table.blocks(sheet.name)
            if table.titles:
                lines[0] = TextBlock(lines[0].text, 2)
            elif blocks and _is_title(blocks[-1].text) and is_alone:
                blocks[-1] = TextBlock(blocks[-1].text, 2)
        is_alone = len(region) == 1
        blocks += lines
    return blocks


def _is_title(text: str) -> bool:
    return len(text) <= _VALUE_CHARACTERS and not text.endswith(".") and not is_value(text)


def _table(sheet: Sheet, region: Sequence[Place], columns: Sequence[int]) -> Grid:
    """The table in a region, without the columns that are empty in it."""
    top, bottom = min(region)[0], max(region)[0]
    places = {column: at for at, column in enumerate(columns)}
    inside = set(region)
    grid = [[""] * len(columns) for _ in range(bottom - top + 1)]
    for row, column in region:
        grid[row - top][places[column]] = sheet.cells.get((row, column), "")
    spans = [
        MergedCell(
            span.row - top,
            places[span.column],
            span.rows,
            sum(column in places for column in range(span.column, span.column + span.columns)),
        )
        for span in sheet.spans
        if (span.row, span.column) in inside
    ]
    return read_table(grid, spans)


def _covered(sheet: Sheet) -> set[Place]:
    """Where cells hold text, and the edges of merged cells that do."""
    covered = set(sheet.cells)
    bottom = max((row for row, _ in covered), default=0)
    right = max((column for _, column in covered), default=0)
    for span in sheet.spans:
        if (span.row, span.column) in sheet.cells:
            rows = range(span.row, min(span.row + span.rows, bottom + 1))
            columns = range(span.column, min(span.column + span.columns, right + 1))
            covered.update((row, span.column) for row in rows)
            covered.update((span.row, column) for column in columns)
    return covered


def _labelled(sheet: Sheet, region: Sequence[Place]) -> list[list[Place]]:
    """The parts of a region below a line that is one label: over all columns, or above a header
    that has a name of the first one.
    """
    rows = [list(places) for _, places in groupby(region, key=lambda place: place[0])]
    columns = {column for _, column in region}
    left, names = min(columns), {sheet.cells.get(place, "") for row in rows[:3] for place in row}
    over_all = {
        span.row
        for span in sheet.spans
        if span.rows == 1 and span.columns > 1 and span.column == left
        if columns <= set(range(span.column, span.column + span.columns))
    }
    parts: list[list[Place]] = [[]]
    for number, row in enumerate(rows):
        filled = [place for place in row if sheet.cells.get(place)]
        if 1 < number < len(rows) - 1 and filled == [(row[0][0], left)]:
            below = [sheet.cells.get(place, "") for place in rows[number + 1]]
            is_header = len(below) == len(columns) and not any(map(is_value, below))
            shares = is_header and not names.isdisjoint(below)
            if shares or (row[0][0] in over_all and any(map(is_value, below))):
                parts.append([])
        parts[-1] += row
    return parts


def _regions(places: Iterable[Place]) -> list[list[Place]]:
    """Parts of a sheet that empty rows or columns keep apart, from top to bottom."""
    whole = sorted(places)
    parts = [part for band in _bands(whole) for part in _sides(band)]
    if len(parts) < 2:
        return parts
    return sorted(region for part in parts for region in _regions(part))


def _bands(places: Sequence[Place]) -> list[list[Place]]:
    bands = list[list[Place]]()
    for place in places:
        if not bands or place[0] > bands[-1][-1][0] + 1:
            bands.append([])
        bands[-1].append(place)
    return bands


def _sides(band: Sequence[Place]) -> list[list[Place]]:
    """Parts side by side. Those that start in the same row share a header, so they stay one."""
    columns = sorted({column for _, column in band})
    ends = [left for left, right in pairwise(columns) if right > left + 1]
    parts: list[list[Place]] = [[] for _ in range(len(ends) + 1)]
    for place in band:
        parts[bisect_left(ends, place[1])].append(place)
    sides = parts[:1]
    for part in parts[1:]:
        if _are_apart(sides[-1], part):
            sides.append(part)
        else:
            sides[-1] = sorted(sides[-1] + part)
    return sides


def _are_apart(left: Sequence[Place], right: Sequence[Place]) -> bool:
    upper, lower = sorted((left, right), key=lambda part: part[0])
    if upper[0][0] == lower[0][0]:
        return False
    # A single column may be the labels of the rows beside it, which begin below the header; a
    # lone cell higher up is a title.
    is_title = len(upper) == 1
    lone = [all(column == part[0][1] for _, column in part) for part in (left, right)]
    return is_title or not any(lone)


def _lines(table: Grid) -> list[TextBlock]:
    """The paragraphs of what is no table but prose, or a form of labels with what they say."""
    rows = [table.names, *table.rows]
    titles = [TextBlock(title) for title in table.titles]
    if len(table.names) == 1:
        texts = [row[0] for row in rows]
        is_prose = len(texts) == 1 or any(
            len(text) > _VALUE_CHARACTERS or text.endswith(".") for text in texts
        )
        return [*titles, *map(TextBlock, texts)] if is_prose else []
    if len(table.names) == 2 and _is_form(rows):
        return [*titles, *(TextBlock(": ".join(filter(None, (a.rstrip(":"), b)))) for a, b in rows)]
    return []


def _is_form(rows: Sequence[Sequence[str]]) -> bool:
    """Whether each of two columns' rows is a label with a text, number or date of its own."""
    if all(label.endswith(":") for label, _ in rows):
        return True
    kinds = [is_value(text) for _, text in rows if text]
    labels = [label for label, _ in rows]
    is_mixed = len(kinds) > 3 and not kinds[0] and 0 < sum(kinds[1:]) < len(kinds) - 1
    return is_mixed and not any(map(is_value, labels)) and len({*labels}) == len(labels)


def _is_header(names: Sequence[str], *, below: bool) -> bool:
    """Whether a row names columns: by words, or on top also by numbers that count on (years)."""
    values = [name for name in names if is_value(name)]
    if not values:
        return True
    counting = all(name.isdigit() for name in values) and all(
        int(after) == int(before) + 1 for before, after in pairwise(values)
    )
    dates = all(name[:4].isdigit() and name[4:5] == "-" for name in values)
    on_top = counting or (dates and values == sorted({*values}))
    return on_top and len(values) > 1 and not below and not is_value(names[0])
