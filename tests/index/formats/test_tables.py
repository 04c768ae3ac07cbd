"""Tables as spans of the text: every cell's span holds its words, in every format that has one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from email.message import EmailMessage

import docx
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pptx import Presentation
from pptx.util import Inches

from index.catalog.table_json import dump_tables, load_tables
from index.formats.base import Parsed, TextBlock, from_blocks, joined, moved
from index.formats.registry import parse
from index.formats.tables import each_table_block, parsed_table, table_blocks
from index.formats.text.pipe_tables import pipe_tables
from index.types import Table

pytestmark = pytest.mark.unit

Rows = Sequence[Sequence[str]]
ROWS = [
    ["name", "role", "note"],
    ["Ada", "head of x", "She said: yes"],
    ["Bo", "", "none; yet"],
    ["Cy", "cook", ""],
]


def check(parsed: Parsed) -> list[tuple[tuple[str, ...], list[list[str]]]]:
    """Columns and cells of each table, whose spans are in order and apart."""
    found, position = [], 0
    for table in parsed.tables:
        if table.header:
            assert position <= table.header[0] < table.header[1] <= table.rows[0].start
        rows = list[list[str]]()
        for row in table.rows:
            assert position <= row.start < row.end <= len(parsed.text)
            assert len(row.cells) <= len(table.columns)
            position = row.start
            for cell in filter(None, row.cells):
                assert position <= cell[0] < cell[1] <= row.end
                position = cell[1]
            texts = [parsed.text[cell[0] : cell[1]] if cell else "" for cell in row.cells]
            rows.append(texts + [""] * (len(table.columns) - len(texts)))
            position = row.end
        found.append((table.columns, rows))
    return found


def as_csv(rows: Rows) -> bytes:
    return "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode()


def as_tsv(rows: Rows) -> bytes:
    return "\n".join("\t".join(row) for row in rows).encode()


def as_html(rows: Rows) -> bytes:
    lines = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    return f"<p>Before.</p><table><tr>{'<tr>'.join(lines)}</table><p>After.".encode()


def as_markdown(rows: Rows) -> bytes:
    lines = [f"| {' | '.join(row)} |" for row in (rows[0], ["---"] * len(rows[0]), *rows[1:])]
    return ("# Head\n\nBefore:\n\n" + "\n".join(lines) + "\n\nAfter.").encode()


def as_docx(rows: Rows) -> bytes:
    document = docx.Document()
    document.add_paragraph("Before.")
    table = document.add_table(len(rows), len(rows[0]))
    for line, row in zip(table.rows, rows, strict=True):
        for cell, text in zip(line.cells, row, strict=True):
            cell.text = text
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def as_xlsx(rows: Rows) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def as_pptx(rows: Rows) -> bytes:
    presentation = Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    size = (Inches(1), Inches(2), Inches(6), Inches(3))
    table = slide.shapes.add_table(len(rows), len(rows[0]), *size).table
    for line, row in zip(table.rows, rows, strict=True):
        for cell, text in zip(line.cells, row, strict=True):
            cell.text = text
    file = io.BytesIO()
    presentation.save(file)
    return file.getvalue()


def as_rtf(rows: Rows) -> bytes:
    lines = ("".join(rf"{cell}\cell " for cell in row) + r"\row " for row in rows)
    return (r"{\rtf1\ansi Before.\par \trowd " + "".join(lines) + r"\pard After.\par}").encode(
        "cp1252"
    )


def open_document(kind: str, body: str) -> bytes:
    names = "office table text draw".split()
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:'
        f'{"drawing" if name == "draw" else name}:1.0"'
        for name in names
    )
    content = (
        f"<office:document-content {spaces}><office:body><office:{kind}>{body}</office:{kind}>"
        "</office:body></office:document-content>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("content.xml", content)
    return file.getvalue()


def _open_table(rows: Rows) -> str:
    cells = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    lines = ("".join(map(cells.format, row)) for row in rows)
    body = "".join(f"<table:table-row>{line}</table:table-row>" for line in lines)
    return f'<table:table table:name="Staff">{body}</table:table>'


def as_odt(rows: Rows) -> bytes:
    return open_document("text", f"<text:p>Before.</text:p>{_open_table(rows)}")


def as_ods(rows: Rows) -> bytes:
    return open_document("spreadsheet", _open_table(rows))


def as_odp(rows: Rows) -> bytes:
    frame = f"<draw:page><draw:frame>{_open_table(rows)}</draw:frame></draw:page>"
    return open_document("presentation", frame)


def as_mail(rows: Rows) -> bytes:
    message = EmailMessage()
    message["Subject"] = "Staff"
    message.set_content(as_html(rows).decode(), subtype="html")
    message.add_attachment(
        as_docx(rows), maintype="application", subtype="octet-stream", filename="a.docx"
    )
    return message.as_bytes()


def as_mailbox(rows: Rows) -> bytes:
    return b"From me\n" + as_mail(rows) + b"\nFrom me\n" + as_mail(rows)


def as_epub(rows: Rows) -> bytes:
    page = as_html(rows).decode().replace("<p>After.", "<p>After.</p>")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(
            "META-INF/container.xml", '<container><rootfile full-path="a.opf"/></container>'
        )
        archive.writestr(
            "a.opf",
            '<package><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
            '</manifest><spine><itemref idref="a"/></spine></package>',
        )
        archive.writestr("a.xhtml", f"<html><body><h1>One</h1>{page}</body></html>")
    return file.getvalue()


FORMATS: dict[str, tuple[Callable[[Rows], bytes], int]] = {
    "a.csv": (as_csv, 1),
    "a.tsv": (as_tsv, 1),
    "a.html": (as_html, 1),
    "a.md": (as_markdown, 1),
    "a.txt": (as_markdown, 1),
    "a.docx": (as_docx, 1),
    "a.xlsx": (as_xlsx, 1),
    "a.pptx": (as_pptx, 1),
    "a.rtf": (as_rtf, 1),
    "a.odt": (as_odt, 1),
    "a.ods": (as_ods, 1),
    "a.odp": (as_odp, 1),
    "a.eml": (as_mail, 2),
    "a.mbox": (as_mailbox, 4),
    "a.epub": (as_epub, 1),
}


@pytest.mark.parametrize("name", FORMATS)
def test_parse_table_of_any_format_has_cells_as_spans(name: str) -> None:
    make, count = FORMATS[name]
    assert check(parse(name, make(ROWS))) == [(tuple(ROWS[0]), ROWS[1:])] * count


WORD = st.text("abcXYZ é123", min_size=1, max_size=9).map(lambda text: " ".join(text.split()))
TABLES = st.integers(2, 4).flatmap(
    lambda width: st.tuples(
        st.lists(WORD.filter(bool), min_size=width, max_size=width, unique=True),
        st.lists(
            st.tuples(WORD.filter(bool), *[WORD] * (width - 1)).map(list), min_size=1, max_size=4
        ),
    )
)


@pytest.mark.parametrize("name", FORMATS)
@given(TABLES)
@settings(max_examples=15)
def test_parse_random_table_spans_hold_the_cells(
    name: str, table: tuple[list[str], list[list[str]]]
) -> None:
    header, rows = table
    make, _ = FORMATS[name]
    for columns, cells in check(parse(name, make([header, *rows]))):
        # A sheet may take its first row for a title, or a short column for prose.
        written = {cell for row in [header, *rows] for cell in row if cell}
        assert {cell for row in cells for cell in row if cell} <= written
        assert name == "a.xlsx" or len(columns) <= len(header)


def test_parse_table_with_hidden_characters_has_spans_of_what_is_seen() -> None:
    rows = [["na\u200bme", "role"], ["\u2060Ada", "co\u00adok"], ["\u200b", "none"]]
    parsed = parse("a.csv", as_csv(rows))
    assert check(parsed) == [(("name", "role"), [["Ada", "cook"], ["", "none"]])]
    assert parsed.hidden == 5


@given(st.lists(st.lists(st.text(" ab:;|", max_size=4), max_size=4), max_size=5))
def test_table_blocks_of_any_rows_lose_no_cell(rows: list[list[str]]) -> None:
    parsed = from_blocks(table_blocks(rows))
    found = [cell for _, cells in check(parsed) for row in cells for cell in row if cell]
    body = rows[1:] if len(rows) > 1 else []
    assert found == [" ".join(cell.split()) for row in body for cell in row if cell.strip()]


@given(st.text("|-: a\n\\>", max_size=60))
def test_pipe_tables_of_any_text_have_spans_in_order(text: str) -> None:
    check(Parsed(text, tables=pipe_tables(text)))


def test_pipe_tables_header_is_the_line_above_the_dashes() -> None:
    text = "> a | b\n> :-- | --:\n> 1 | x \\| y\n> 2\n\n| not | one |\n| a | b |"
    (table,) = pipe_tables(text)
    assert table.header == (2, 7)
    assert check(Parsed(text, tables=(table,))) == [(("a", "b"), [["1", "x \\| y"]])]


def test_parse_markdown_table_in_code_is_none() -> None:
    assert parse("a.md", b"```\n| a | b |\n|---|---|\n| 1 | 2 |\n```\n").tables == ()


def test_joined_texts_move_their_tables() -> None:
    part = from_blocks(table_blocks(ROWS))
    whole = joined([Parsed("First."), part, part])
    assert check(whole) == [(tuple(ROWS[0]), ROWS[1:])] * 2
    assert whole.tables[0] == moved(part.tables, len("First.\n\n"))[0]


def table_of(rows: Rows) -> Table:
    return from_blocks(table_blocks(rows)).tables[0]


def test_load_tables_gives_what_was_dumped() -> None:
    table = table_of(ROWS)
    piped = pipe_tables(as_markdown(ROWS).decode())
    assert load_tables(dump_tables((table, *piped))) == (table, *piped)


def test_table_between_two_characters_has_the_rows_that_stand_there_in_part() -> None:
    table = table_of(ROWS)
    second = table.rows[1]
    assert table.between(second.start, second.end).rows == (second,)
    assert table.between(second.end - 1, table.rows[2].start + 1).rows == table.rows[1:3]
    assert table.between(table.end, table.end + 9).rows == ()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("sep=;\nBoat;Price\nPlover;4,50\n", "Boat: Plover; Price: 4,50"),
        ('"sep=|"\r\nBoat|Price\r\nPlover|4;50\r\n', "Boat: Plover; Price: 4;50"),
        (
            "# Station 4\n# metres\ntime,level\n2026-02-01,3.66\n",
            "Station 4\nmetres\n\ntime: 2026-02-01; level: 3.66",
        ),
    ],
)
def test_parse_csv_lines_above_the_table_are_no_rows(data: str, expected: str) -> None:
    assert parse("a.csv", data.encode()).text == expected


CELL = st.text(st.sampled_from("ab1%s;: \t\u00a0\x1f\n"), max_size=6)
WIDE = st.lists(CELL, min_size=0, max_size=16)


@given(st.lists(WIDE, max_size=6), st.lists(CELL, max_size=2))
def test_parsed_table_is_what_its_rows_give_one_by_one(
    rows: list[list[str]], titles: list[str]
) -> None:
    above = [TextBlock(title) for title in titles]
    assert parsed_table(above, rows) == from_blocks([*above, *each_table_block(rows)])
