"""Workbooks to text: values as their formats show them, what is hidden left out."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from index.formats.base import Parsed, Unreadable, left_out
from index.formats.containers.archive import check_archive
from index.formats.office.drawings import SheetDrawings, sheet_drawings
from index.formats.office.number_formats import shown
from index.formats.office.opendocument import (
    ROWS,
    find,
    numbered,
    open_document,
    q,
    read_cells,
    tags,
    words,
)
from index.formats.office.sheets import Axis, Sheet, check_size, from_sheets
from index.formats.tables import MergedCell

if TYPE_CHECKING:
    from lxml.etree import _Element
    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet
    from python_calamine import CalamineSheet

_CELL = re.compile(rb"<(?:\w+:)?c[ />]")
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell ref="([A-Z\d:]+)"')
_FORMULA_WITHOUT_VALUE = re.compile(rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v ?/>|<v></v>|</(?:\w+:)?c>)")


def parse_xlsx(data: bytes) -> Parsed:
    """Each sheet's tables under its name. A formula that was never worked out stays a formula."""
    from openpyxl import load_workbook

    check_archive(data)
    lacks_values = _check_sheets(data)
    try:
        book = load_workbook(io.BytesIO(data), data_only=True)
    except KeyError as error:
        raise Unreadable(f"damaged: not an Excel workbook ({error})") from None
    formulas = load_workbook(io.BytesIO(data)) if lacks_values else None
    drawn = sheet_drawings(data)
    comments = sum(cell.comment is not None for sheet in book.worksheets for cell in _cells(sheet))
    return from_sheets(
        _sheets(book, formulas, drawn),
        book.properties.title or "",
        (
            *left_out("comment", comments),
            *left_out("chart", sum(sheet.charts for sheet in drawn.values())),
            *left_out("picture", sum(sheet.pictures for sheet in drawn.values())),
        ),
    )


def _check_sheets(data: bytes) -> bool:
    """Whether a formula has no value, as in files that no spreadsheet program has saved.

    Raises Unreadable for more cells than are read: a million take 45 s and 0.8 GB.
    """
    cells, lacks_values = 0, False
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                content = archive.read(name)
                cells += sum(1 for _ in _CELL.finditer(content))
                # openpyxl also makes each cell that a merged one covers.
                cells += sum(_area(found[1].decode()) for found in _MERGED.finditer(content))
                lacks_values |= bool(_FORMULA_WITHOUT_VALUE.search(content))
                check_size(cells)
    return lacks_values


def _area(reference: str) -> int:
    from openpyxl.utils.cell import range_boundaries

    left, top, right, bottom = map(int, range_boundaries(reference))
    return (right - left + 1) * (bottom - top + 1)


def _cells(sheet: Worksheet) -> list[Any]:
    # Its public ways to the cells make all those that are missing, up to 17 thousand million.
    return list(sheet._cells.values())


def _sheets(
    book: Workbook, formulas: Workbook | None, drawn: Mapping[str, SheetDrawings]
) -> Iterator[Sheet]:
    for sheet in book.worksheets:
        cells = {
            (cell.row - 1, cell.column - 1): shown(cell.value, cell.number_format)
            for cell in _cells(sheet)
            if cell.value is not None
        }
        for cell in _cells(formulas[sheet.title]) if formulas else ():
            place = (cell.row - 1, cell.column - 1)
            if cell.data_type == "f" and place not in cells:
                cells[place] = str(getattr(cell.value, "text", cell.value))
        yield Sheet(
            name=sheet.title,
            cells={place: text for place, text in cells.items() if text},
            spans=[
                MergedCell(
                    some.min_row - 1, some.min_col - 1, some.size["rows"], some.size["columns"]
                )
                for some in sheet.merged_cells.ranges
            ],
            hidden=sheet.sheet_state != "visible",
            rows=Axis(
                range(number - 1, number)
                for number, row in sheet.row_dimensions.items()
                if row.hidden
            ),
            columns=Axis(
                range(column.min - 1, column.max)
                for column in sheet.column_dimensions.values()
                if column.hidden and column.min
            ),
            boxes=drawn.get(sheet.title, SheetDrawings()).texts,
        )


def parse_xls(data: bytes) -> Parsed:
    """The sheets of Excel's old format; its numbers' formats and hidden rows are not known."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    except PasswordError:
        raise Unreadable("needs a password") from None
    except CalamineError as error:
        raise Unreadable(f"damaged: not an Excel workbook ({error})") from None
    visible = SheetVisibleEnum.Visible
    sheets = (
        _old_sheet(book.get_sheet_by_name(known.name), known.visible != visible)
        for known in book.sheets_metadata
    )
    return from_sheets(sheets, "")


def _old_sheet(sheet: CalamineSheet, hidden: bool) -> Sheet:
    check_size(sheet.total_height)
    cells = {
        (row, column): shown(value, "General")
        for row, values in enumerate(sheet.to_python(skip_empty_area=False))
        for column, value in enumerate(values)
        if value != ""
    }
    spans = [
        MergedCell(top, left, bottom - top + 1, right - left + 1)
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
    ]
    return Sheet(sheet.name, cells, spans, hidden)


_COLUMNS = tags("table:table-header-columns table:table-columns table:table-column-group")


def parse_ods(data: bytes) -> Parsed:
    """Each sheet's tables under its name, as they are shown but for ISO dates."""
    document = open_document(data, "spreadsheet")
    hidden = document.styles("style:table-properties/@table:display='false'")
    sheets = (
        Sheet(
            table.get(q("table:name"), ""),
            *read_cells(table, _value),
            hidden=table.get(q("table:style-name")) in hidden,
            rows=_axis(table, ROWS, q("table:table-row")),
            columns=_axis(table, _COLUMNS, q("table:table-column")),
        )
        for table in find(document.body, "table:table")
    )
    parsed = from_sheets(sheets, document.title, document.notes)
    return replace(parsed, hidden=parsed.hidden + document.hidden)


def _value(cell: _Element) -> str:
    date = cell.get(q("office:date-value"), "")
    text = " ".join(words(line) for line in find(cell, "text:p"))
    formula = cell.get(q("table:formula"), "").partition(":")[2]
    return date.replace("T", " ").removesuffix(" 00:00:00") or text.strip() or formula


def _axis(table: _Element, groups: frozenset[str], tag: str) -> Axis:
    return Axis(
        range(start, start + times)
        for start, times, element in numbered(table, groups, tag)
        if element.get(q("table:visibility")) in {"collapse", "filter"}
    )
