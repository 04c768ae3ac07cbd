"""Sheets of workbooks: where their tables lie, each row after its header, values as shown."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.worksheet.worksheet import Worksheet

from index.formats.base import Parsed, Unreadable
from index.formats.office.number_formats import shown
from index.formats.registry import parse
from index.formats.tables import MergedCell, read_table

pytestmark = pytest.mark.unit
SHARED = Path(__file__).parents[4].parent / "shared" / "data" / "formats"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
OFFICE = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
OTHERS = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("style", "table", "text")
)

Rows = list[list[object]]


def saved(workbook: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def workbook(rows: Rows, change: Callable[[Worksheet], None] = lambda sheet: None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Stock"
    for row in rows:
        sheet.append(row)
    change(sheet)
    return saved(book)


def paragraphs(rows: Rows, change: Callable[[Worksheet], None] = lambda sheet: None) -> list[str]:
    """What stands below the sheet's heading."""
    name, *others = parse("a.xlsx", workbook(rows, change)).text.split("\n\n")
    assert name == "Stock"
    return others


def heads(parsed: Parsed) -> list[tuple[int, str]]:
    for heading in parsed.headings:
        assert parsed.text[heading.start :].startswith(heading.text)
    return [(heading.level, heading.text) for heading in parsed.headings]


def shared(name: str) -> Parsed:
    return parse(name, (SHARED / name).read_bytes())


# --- where tables lie

TABLE: Rows = [["Item", "Price"], ["Nut", 2], ["Bolt", 3.5]]
READ = ["Item: Nut; Price: 2", "Item: Bolt; Price: 3.5"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(TABLE, READ, id="one table"),
        pytest.param([["Prices of May"], *TABLE], ["Prices of May", *READ], id="title above"),
        pytest.param([["Prices of May"], [], *TABLE], ["Prices of May", *READ], id="title apart"),
        pytest.param(
            [*TABLE, [], ["Town", "Shops"], ["Rome", 4]],
            [*READ, "Town: Rome; Shops: 4"],
            id="another table below",
        ),
        pytest.param(
            [*TABLE, [], ["Screw", 4]], [*READ, "Item: Screw; Price: 4"], id="blank row within"
        ),
        pytest.param(
            [[*TABLE[0]], [*TABLE[1], None, "Town", "Shops"], [*TABLE[2], None, "Rome", 4]],
            [*READ, "Town: Rome; Shops: 4"],
            id="another table beside",
        ),
        pytest.param([["Item", None, "Price"], ["Nut", None, 2]], READ[:1], id="blank column"),
        pytest.param(
            [[None, None, "Q1", "Q2"], ["Nut", None, 2, 3]], ["Nut; Q1: 2; Q2: 3"], id="labels"
        ),
        pytest.param([["Nut", 2], ["Bolt", 3]], ["Nut; 2", "Bolt; 3"], id="no header"),
        pytest.param(
            [["Item", 2019, 2020], ["Nut", 2, 3]], ["Item: Nut; 2019: 2; 2020: 3"], id="years"
        ),
        pytest.param(
            [["Name:", "Acme"], ["Founded:", 1987]], ["Name: Acme", "Founded: 1987"], id="colons"
        ),
        pytest.param(
            [["Name", "Acme"], ["Founded", 1987], ["Seat", "Rome"], ["Staff", 12]],
            ["Name: Acme", "Founded: 1987", "Seat: Rome", "Staff: 12"],
            id="form",
        ),
        pytest.param(
            [["All prices are in euros."], ["They hold for May."]],
            ["All prices are in euros.", "They hold for May."],
            id="prose",
        ),
    ],
)
def test_parse_xlsx_each_row_stands_after_its_own_header(rows: Rows, expected: list[str]) -> None:
    assert paragraphs(rows) == expected


def test_parse_xlsx_sheets_and_lines_above_tables_are_headings() -> None:
    parsed = parse("a.xlsx", workbook([["Prices of May"], [], *TABLE]))
    assert heads(parsed) == [(1, "Stock"), (2, "Prices of May")]
    assert parsed.title == ""


def test_parse_xlsx_merged_cells_hold_for_all_that_they_cover() -> None:
    rows: Rows = [
        ["Prices"],
        ["Item", "Rome", None, "Oslo"],
        [None, "May", "June", "May"],
        ["Nut", 1, 2, 3],
        [None, 4, 5, 6],
    ]

    def merge(sheet: Worksheet) -> None:
        for cells in ("A1:D1", "A2:A3", "B2:C2", "A4:A5"):
            sheet.merge_cells(cells)

    assert paragraphs(rows, merge) == [
        "Prices",
        "Item: Nut; Rome May: 1; Rome June: 2; Oslo May: 3",
        "Item: Nut; Rome May: 4; Rome June: 5; Oslo May: 6",
    ]


@pytest.mark.parametrize(
    ("rows", "spans", "names"),
    [
        pytest.param(
            [["", "B", ""], ["", "x", "y"], ["1", "2", "3"]],
            [MergedCell(0, 1, 1, 2)],
            ["", "B x", "B y"],
            id="names under a wide cell",
        ),
        pytest.param(
            [["A", "B", ""], ["1", "2", "3"], ["4", "5", "6"]],
            [MergedCell(0, 1, 1, 2)],
            ["A", "B", "B"],
            id="values under a wide cell",
        ),
        pytest.param(
            [["A", "B"], ["", "2"], ["", "3"], ["", "4"], ["", "5"]],
            [MergedCell(0, 0, 5, 1)],
            ["A", "B"],
            id="a label beside the table",
        ),
    ],
)
def test_read_table_tells_how_deep_the_header_is(
    rows: list[list[str]], spans: list[MergedCell], names: list[str]
) -> None:
    assert read_table(rows, spans).names == names


# --- what is not shown


def test_parse_xlsx_what_is_hidden_is_left_out_counted_and_told() -> None:
    rows: Rows = [["Item", "Cost", "Price"], ["Nut", 1, 2], ["Secret", 77, 88], ["Bolt", 3, 4]]
    book = openpyxl.load_workbook(io.BytesIO(workbook(rows)))
    sheet = book["Stock"]
    sheet.column_dimensions["B"].hidden = True
    sheet.row_dimensions[3].hidden = True
    sheet["A2"].comment = Comment("Ask Anna", "Bo")
    other = book.create_sheet("Notes")
    other.append(["Private"])
    other.sheet_state = "hidden"
    parsed = parse("a.xlsx", saved(book))
    assert parsed.text.split("\n\n") == ["Stock", "Item: Nut; Price: 2", "Item: Bolt; Price: 4"]
    assert parsed.hidden == len("Cost1Secret77883Private")
    assert parsed.notes == (
        "1 hidden row and 1 hidden column of sheet Stock are left out",
        "sheet Notes is hidden and left out",
        "1 comment is left out",
    )


# --- values


@pytest.mark.parametrize(
    ("value", "number_format", "expected"),
    [
        (3.0, "General", "3"),
        (0.1 + 0.2, "General", "0.3"),
        (3, "0.00", "3.00"),
        (2.5, "0", "3"),
        (0.256, "0.0%", "25.6%"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (-1234.5, "#,##0.00;[Red]-#,##0.00", "-1,234.50"),
        (12.5, '_-* #,##0.00\\ "€"_-', "12.50 €"),
        (12.5, "[$€-407] #,##0.00", "€ 12.50"),
        (12.5, '"$"#,##0.00', "$12.50"),
        (42, "00000", "00042"),
        (1_500_000, '0.0,,"M"', "1.5M"),
        (1234.5, "0.00E+00", "1234.5"),
        (datetime(2024, 1, 5, 13, 30), "dd/mm/yy h:mm", "2024-01-05 13:30"),
        (datetime(2024, 1, 5, 13, 30), "dd.mm.yyyy hh:mm", "05.01.2024 13:30"),
        (datetime(2024, 1, 5), "mm-dd-yy", "2024-01-05"),
        (datetime(2024, 1, 5), "dddd, d mmmm yyyy", "Friday, 5 January 2024"),
        (datetime(2024, 1, 5), "[$-409]mmm\\ d, yyyy;@", "Jan 5, 2024"),
        (datetime(2024, 1, 5), "mmm yyyy", "Jan 2024"),
        (datetime(2024, 1, 5, 9), "h:mm", "2024-01-05 09:00"),
        (time(0, 5, 9), "h:mm:ss AM/PM", "12:05:09 AM"),
        (2.25, "# ?/?", "2 1/4"),
        (0.5, "# ??/??", "1/2"),
        (-3.0, "# ?/?", "-3"),
        (0.3, "?/8", "2/8"),
        (time(13, 30), "h:mm", "13:30"),
        (timedelta(hours=30), "[h]:mm:ss", "30:00:00"),
        ("#DIV/0!", "0.00", "#DIV/0!"),
    ],
)
def test_shown_value_reads_as_in_the_sheet(
    value: object, number_format: str, expected: str
) -> None:
    assert shown(value, number_format) == expected


def test_parse_xlsx_values_are_read_with_their_formats() -> None:
    def form(sheet: Worksheet) -> None:
        sheet["B2"].number_format = "0%"
        sheet["C2"].number_format = "dd/mm/yyyy"

    rows: Rows = [["Item", "Share", "From"], ["Nut", 0.25, date(2024, 1, 5)]]
    assert paragraphs(rows, form) == ["Item: Nut; Share: 25%; From: 2024-01-05"]


def with_part(data: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """The same container with something else in one of its parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(file, "w") as changed:
        for entry in archive.namelist():
            content = archive.read(entry)
            assert entry != name or old in content
            changed.writestr(entry, content.replace(old, new) if entry == name else content)
    return file.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_parse_xlsx_formula_gives_its_value_or_else_itself() -> None:
    data = workbook([["Item", "Double"], ["Nut", "=2*2"]])
    assert parse("a.xlsx", data).text == "Stock\n\nItem: Nut; Double: =2*2"
    worked_out = with_part(data, SHEET, b"<v></v>", b"<v>4</v>")
    assert parse("a.xlsm", worked_out).text == "Stock\n\nItem: Nut; Double: 4"


# --- sheets that say they are huge

CORNER = b'<row r="1048576"><c r="XFD1048576"/></row></sheetData>'


@pytest.mark.parametrize(
    ("old", "new"), [(b'ref="A1:B3"', b'ref="A1:XFD1048576"'), (b"</sheetData>", CORNER)]
)
def test_parse_xlsx_huge_empty_sheet_is_read(old: bytes, new: bytes) -> None:
    parsed = parse("a.xlsx", with_part(workbook(TABLE), SHEET, old, new))
    assert parsed.text.split("\n\n") == ["Stock", *READ]


MERGED = b'</sheetData><mergeCells count="1"><mergeCell ref="A9:XFD1048576"/></mergeCells>'


@pytest.mark.parametrize("new", [b"<c/>" * 1_000_001 + b"</sheetData>", MERGED])
def test_parse_xlsx_too_many_cells_are_refused(new: bytes) -> None:
    data = with_part(workbook(TABLE), SHEET, b"</sheetData>", new)
    with pytest.raises(Unreadable, match=r"^too large: its sheets have over 1,000,000 cells$"):
        parse("a.xlsx", data)


# --- other formats


def test_parse_xls_gives_rows_after_their_header() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([["Prices of May"], *TABLE])))
    other = book.create_sheet("Notes")
    other.append(["Private"])
    other.sheet_state = "hidden"
    # The library tells Excel's formats apart by their bytes, so this one stands for the old.
    parsed = parse("a.xls", saved(book))
    assert parsed.text.split("\n\n") == ["Stock", "Prices of May", *READ]
    assert (parsed.hidden, parsed.notes) == (7, ("sheet Notes is hidden and left out",))


@pytest.mark.parametrize("name", ["a.xls", "a.xlsx"])
def test_parse_workbook_damaged_file_is_refused(name: str) -> None:
    with pytest.raises(Unreadable, match=r"^damaged: "):
        parse(name, b"PK\x03\x04 and no more")


def cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def ods(table: str, styles: str = "") -> bytes:
    content = (
        f"<office:document-content {OFFICE} {OTHERS}>"
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body>"
        f"<office:spreadsheet>{table}</office:spreadsheet></office:body></office:document-content>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("content.xml", content)
    return file.getvalue()


def row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


FILL = row(
    '<table:table-cell table:number-columns-repeated="16384"/>',
    attributes='table:number-rows-repeated="1048000"',
)


def test_parse_ods_gives_what_is_shown_of_each_sheet() -> None:
    styles = (
        '<style:style style:name="off" style:family="table">'
        '<style:table-properties table:display="false"/></style:style>'
    )
    day = 'office:value-type="date" office:date-value="2024-01-05"'
    rows = [
        row(cell("Prices", 'table:number-columns-spanned="3"'), "<table:covered-table-cell/>"),
        row(cell("Item"), cell("From"), cell("Share<office:annotation>hm</office:annotation>")),
        row(cell("Nut"), cell("05.01.24", day), cell("25 %")),
        row(cell("Secret"), attributes='table:visibility="collapse"'),
        row(cell("Bolt"), cell("x", 'table:number-columns-repeated="2"')),
        FILL,
    ]
    data = ods(
        f'<table:table table:name="Stock">{"".join(rows)}</table:table>'
        f'<table:table table:name="Off" table:style-name="off">{row(cell("Gone"))}</table:table>',
        styles,
    )
    parsed = parse("a.ods", data)
    assert parsed.text.split("\n\n") == [
        "Stock",
        "Prices",
        "Item: Nut; From: 2024-01-05; Share: 25 %",
        "Item: Bolt; From: x; Share: x",
    ]
    assert heads(parsed) == [(1, "Stock"), (2, "Prices")]
    assert parsed.hidden == len("SecretGone")
    assert parsed.notes == (
        "1 hidden row of sheet Stock is left out",
        "sheet Off is hidden and left out",
        "1 comment is left out",
    )


def test_parse_ods_text_repeated_without_end_is_refused() -> None:
    repeated = row(
        cell("x", 'table:number-columns-repeated="16384"'),
        attributes='table:number-rows-repeated="99"',
    )
    with pytest.raises(Unreadable, match=r"^too large: its sheets have over 1,000,000 cells$"):
        parse("a.ods", ods(f'<table:table table:name="S">{repeated}</table:table>'))


# --- real files


@needs_shared
def test_parse_xlsx_real_files_give_sheets_and_rows() -> None:
    parsed = shared("mit_test.xlsx")
    assert heads(parsed) == [(1, "Sheet1"), (1, "09060124-b5e7-4717-9d07-3c046eb")]
    assert "Alpha: 58; Beta: 6ff4173b-42a5-4784-9b19-f49caff4d93d; Gamma: 22" in parsed.text
    assert "ColC: 15; ColD: affc7dad-52dc-4b98-9b5d-51e65d8a8ad0" in parsed.text


@needs_shared
def test_parse_xlsx_real_file_with_tables_side_by_side_and_merged_cells() -> None:
    parsed = shared("xlsx_01.xlsx")
    assert [text for _, text in heads(parsed)] == ["Sheet1", "Sheet2", "Sheet3"]
    lines = parsed.text.split("\n\n")
    assert lines.count("col-1: 4; col-2: 8; col-3: 12; col-4: 16") == 1
    assert lines.count("col-1: 4; col-2: 8; col-3: 12") == 2
    assert "first (f): 3; header (f) second: 6; header (f) third: 7" in lines
    assert parsed.notes == (
        "sheet Sheet4 is hidden and left out",
        "2 charts are left out",
        "1 picture is left out",
    )


@needs_shared
@pytest.mark.parametrize("name", ["xlsx_05_table_with_title.xlsx", "odf_table_with_title_01.ods"])
def test_parse_real_sheet_with_a_title_above_its_table(name: str) -> None:
    parsed = shared(name)
    assert heads(parsed)[1:] == [(2, "Number of freshwater ducks per year")]
    assert parsed.text.endswith("\n\nYear: 2024; Freshwater Ducks: 180")


def test_parse_xlsx_labels_with_what_they_say_above_a_table_are_no_header() -> None:
    rows: Rows = [
        ["Report", "Boats"],
        ["Printed", "May"],
        ["Boat", "Seats", "Fee"],
        ["Swift", 2, 3],
    ]
    assert paragraphs(rows) == ["Report: Boats", "Printed: May", "Boat: Swift; Seats: 2; Fee: 3"]


def test_parse_xlsx_a_label_between_rows_starts_a_table_of_its_own_header() -> None:
    rows: Rows = [
        ["Tool", "Place"],
        ["Saw", "hut"],
        ["Drill", "barn"],
        ["Lent"],
        ["Who", "Tool"],
        ["Bo", "Axe"],
    ]
    assert paragraphs(rows)[-2:] == ["Lent", "Who: Bo; Tool: Axe"]


def test_parse_xlsx_a_label_over_all_columns_stands_above_rows_of_the_same_header() -> None:
    rows: Rows = [["Item", "Price"], ["Nut", 1], ["Wood"], ["Bar", 2]]
    read = paragraphs(rows, lambda sheet: sheet.merge_cells("A3:B3"))
    assert read == ["Item: Nut; Price: 1", "Wood", "Item: Bar; Price: 2"]


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        (123456789, "000-00-0000", "123-45-6789"),
        (5550123, "(000) 000-0000", "(000) 555-0123"),
        (42, "00.00", "42.00"),
        (7, '00"-"00', "00-07"),
    ],
)
def test_shown_digits_go_on_their_places(value: int, style: str, text: str) -> None:
    assert shown(value, style) == text
