"""Layout of PDFs: tables as rows, columns, wide lines, repeated lines, headings, form values."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import pytest
from reportlab.lib import colors
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

from index.formats.base import Parsed
from index.formats.pdf.render import boxes
from index.formats.pdf.text import parse_pdf
from tests.index.formats.pdf.test_text import drawn, written

pytestmark = pytest.mark.unit
PLAIN = getSampleStyleSheet()["BodyText"]
BOATS = [
    ["Boat", "Built", "Length (m)", "Crew"],
    ["Plover", "1998", "11.4", "4"],
    ["Heron", "2004", "9.1", ""],
    ["Grey Gull", "2011", "14.0", "12"],
]
BOAT_ROWS = [
    "Boat: Plover; Built: 1998; Length (m): 11.4; Crew: 4",
    "Boat: Heron; Built: 2004; Length (m): 9.1",
    "Boat: Grey Gull; Built: 2011; Length (m): 14.0; Crew: 12",
]


def platypus(*flowables: Flowable) -> bytes:
    file = io.BytesIO()
    SimpleDocTemplate(file).build(list(flowables))
    return file.getvalue()


def placed(*texts: tuple[int, int, str], size: float = 11) -> Callable[[Canvas], None]:
    def page(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", size)
        for left, top, text in texts:
            canvas.drawString(left, top, text)

    return page


def paragraphs(*pages: Callable[[Canvas], object]) -> list[str]:
    return parse_pdf(drawn(*pages)).text.split("\n\n")


def cells(found: Parsed) -> list[list[list[str | None]]]:
    return [
        [[cell and found.text[slice(*cell)] for cell in row.cells] for row in table.rows]
        for table in found.tables
    ]


# --- tables


@pytest.mark.parametrize(
    "style",
    [
        pytest.param([], id="aligned"),
        pytest.param([("GRID", (0, 0), (-1, -1), 0.5, colors.black)], id="ruled"),
        pytest.param([("LINEBELOW", (0, 0), (-1, 0), 1, colors.black)], id="a rule below names"),
    ],
)
def test_parse_pdf_table_is_rows_that_name_their_columns(style: list[tuple[object, ...]]) -> None:
    table = Table(BOATS, style=TableStyle(style))
    found = parse_pdf(platypus(Paragraph("Before it.", PLAIN), table, Paragraph("After.", PLAIN)))
    names = " ".join(BOATS[0])
    assert found.text.split("\n\n") == ["Before it.", names, *BOAT_ROWS, "After."]
    assert [table.columns for table in found.tables] == [tuple(BOATS[0])]
    assert cells(found) == [
        [["Plover", "1998", "11.4", "4"], ["Heron", "2004", "9.1"],
         ["Grey Gull", "2011", "14.0", "12"]]
    ]  # fmt: skip


def test_parse_pdf_ruled_table_has_merged_names_and_cells_of_several_lines() -> None:
    rows = [
        ["Town", "Rates", ""],
        ["", "Day", "Night"],
        ["Oban", Paragraph("eleven cents the hour of use by the quay", PLAIN), "5"],
        ["Wick", "12", "6"],
    ]
    style = [
        ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
        ("SPAN", (1, 0), (2, 0)),
        ("SPAN", (0, 0), (0, 1)),
    ]
    found = parse_pdf(platypus(Table(rows, style=TableStyle(style), colWidths=[60, 90, 60])))
    assert found.text.split("\n\n")[1:] == [
        "Town: Oban; Rates Day: eleven cents the hour of use by the quay; Rates Night: 5",
        "Town: Wick; Rates Day: 12; Rates Night: 6",
    ]


def test_parse_pdf_table_over_two_pages_is_one_and_names_its_columns_once() -> None:
    rows = [["Town", "Fee", "Tax"], *([f"Town {at}", str(at), str(2 * at)] for at in range(60))]
    found = parse_pdf(platypus(Table(rows, repeatRows=1)))
    assert [len(table.rows) for table in found.tables] == [60]
    assert found.text.count("Town Fee Tax") == 1
    assert len(found.page_starts) == 2


def test_parse_pdf_rows_without_names_are_paragraphs_and_no_table() -> None:
    lines = [("Rope", "12.00"), ("Cleats", "9.50"), ("Paint", "31.20")]
    texts = [(x, 700 - 14 * at, t) for at, line in enumerate(lines)
             for x, t in zip((72, 300), line, strict=True)]  # fmt: skip
    found = parse_pdf(drawn(placed(*texts)))
    assert found.text.split("\n\n") == ["Rope 12.00", "Cleats 9.50", "Paint 31.20"]
    assert found.tables == ()


@pytest.mark.parametrize(
    "marks", [pytest.param(["•", "•", "•"], id="dots"), pytest.param(["1.", "2.", "3."], id="nos")]
)
def test_parse_pdf_list_with_wide_marks_is_no_table(marks: Sequence[str]) -> None:
    words = ["Bring 2 ropes", "Check the 4 cleats", "Call 12 members"]
    texts = [(x, 700 - 14 * at, t) for at, line in enumerate(zip(marks, words, strict=True))
             for x, t in zip((72, 100), line, strict=True)]  # fmt: skip
    found = parse_pdf(drawn(placed(*texts)))
    assert found.tables == ()
    assert found.text.split("\n\n") == [f"{m} {w}" for m, w in zip(marks, words, strict=True)]


def test_boxes_of_a_row_are_on_its_line() -> None:
    data = platypus(Table(BOATS))
    (first,) = boxes(data, 1, BOAT_ROWS[0])
    (second,) = boxes(data, 1, BOAT_ROWS[1])
    assert first.bottom <= second.top
    assert first.right - first.left > second.right - second.left


# --- lines and columns


def test_parse_pdf_columns_drawn_row_by_row_are_read_one_after_the_other() -> None:
    left = [
        "The mill opens its gates at",
        "eight on weekdays and at nine",
        "on Sundays, but not in the",
        "weeks of the great harvest.",
    ]
    right = [
        "Flour is sold by the door in",
        "sacks of ten pounds each, and",
        "buyers bring their own sacks",
        "or pay a penny for a new one.",
    ]
    texts = [(x, 700 - 13 * at, t) for at, line in enumerate(zip(left, right, strict=True))
             for x, t in zip((72, 320), line, strict=True)]  # fmt: skip
    assert paragraphs(placed(*texts)) == [" ".join(left), " ".join(right)]


def test_parse_pdf_double_spaced_lines_are_paragraphs_up_to_a_sentence_end() -> None:
    lines = [
        "The tenant shall keep the garden in good order and shall cut the",
        "hedge in the month of June, at the cost of the owner of the house.",
        "No dog may be kept in the rooms of the upper floor without leave in",
        "writing.",
    ]
    texts = [(72, 700 - 26 * at, line) for at, line in enumerate(lines)]
    assert paragraphs(placed(*texts)) == [" ".join(lines[:2]), " ".join(lines[2:])]


def test_parse_pdf_wide_lines_that_are_items_stay_apart() -> None:
    texts = [(72, 700 - 26 * at, line) for at, line in enumerate(["Oats", "Barley", "Rye"])]
    assert paragraphs(placed(*texts)) == ["Oats", "Barley", "Rye"]


def test_parse_pdf_raised_digits_are_superscripts() -> None:
    def page(canvas: Canvas) -> None:
        text = canvas.beginText(72, 700)
        for size, rise, words in [(11, 0, "The pit holds 61"), (7, 4, "3"), (11, 0, " barrels.")]:
            text.setFont("Helvetica", size)
            text.setRise(rise)
            text.textOut(words)
        canvas.drawText(text)

    assert paragraphs(page) == ["The pit holds 61³ barrels."]


def test_parse_pdf_foot_note_does_not_cut_a_sentence() -> None:
    def first(canvas: Canvas) -> None:
        written("The key is lent to members only.", "", "Late returns cost a fee of")(canvas)
        canvas.setFont("Helvetica", 8)
        canvas.drawString(72, 60, "1 See the list of members.")

    assert paragraphs(first, written("ten crowns a week.")) == [
        "The key is lent to members only.",
        "1 See the list of members.",
        "Late returns cost a fee of ten crowns a week.",
    ]


# --- repeated lines and headings


def test_parse_pdf_alternating_heads_stand_once_and_are_no_headings() -> None:
    def page(head: str, body: str) -> Callable[[Canvas], None]:
        def draw(canvas: Canvas) -> None:
            placed((72, 800, head), size=14)(canvas)
            placed((72, 700, body))(canvas)

        return draw

    bodies = ["One is here.", "Two is here.", "Three is here.", "Four.", "Five.", "Six."]
    heads = ["The Weir", "B. Lund"] * 3
    found = parse_pdf(drawn(*map(page, heads, bodies)))
    assert found.text.split("\n\n") == ["The Weir", bodies[0], "B. Lund", *bodies[1:]]
    assert found.headings == ()


def test_parse_pdf_watermark_of_three_pages_is_no_heading_and_stands_once() -> None:
    def page(body: str) -> Callable[[Canvas], None]:
        def draw(canvas: Canvas) -> None:
            placed((150, 400, "COPY"), size=90)(canvas)
            placed((72, 700, body))(canvas)

        return draw

    found = parse_pdf(drawn(*map(page, ["Ada opens.", "Bo closes.", "Cy is away."])))
    assert (found.headings, found.title, found.text.count("COPY")) == ((), "", 1)


def test_parse_pdf_slanted_stamp_is_no_heading() -> None:
    def page(canvas: Canvas) -> None:
        written("The gate is open.")(canvas)
        canvas.translate(200, 300)
        canvas.rotate(40)
        placed((0, 0, "VOID"), size=60)(canvas)

    assert parse_pdf(drawn(page)).headings == ()


@pytest.mark.parametrize("text", ["Amount due: 1,324.20 EUR", "Total € 99.00", "USD 45.10"])
def test_parse_pdf_amounts_in_large_type_are_no_headings(text: str) -> None:
    def page(canvas: Canvas) -> None:
        placed((72, 700, text), size=18)(canvas)
        placed((72, 660, "Please pay within a week, in cash or by bank."))(canvas)

    assert parse_pdf(drawn(page)).headings == ()


def test_parse_pdf_bold_line_of_its_own_is_a_heading() -> None:
    def page(canvas: Canvas) -> None:
        placed((72, 660, "Boats are lent for a day to those who have passed the course."))(canvas)
        placed((72, 612, "Each of them needs a member who can swim across the bay."))(canvas)
        canvas.setFont("Helvetica-Bold", 11)
        canvas.drawString(72, 686, "Lending")
        canvas.drawString(72, 638, "Swimming")

    found = parse_pdf(drawn(page))
    assert {heading.text for heading in found.headings} <= {"Lending", "Swimming"}


# --- forms and titles


def test_parse_pdf_form_values_stand_behind_their_labels() -> None:
    def page(canvas: Canvas) -> None:
        for at, (label, value) in enumerate([("Owner:", "Ada Lind"), ("Berth:", "C 14")]):
            top = 700 - 40 * at
            canvas.drawString(72, top, label)
            canvas.acroForm.textfield(name=label, value=value, x=200, y=top - 6, height=20)
        canvas.drawString(72, 620, "Power:")
        canvas.acroForm.checkbox(name="power", checked=True, x=200, y=616)

    assert paragraphs(page) == ["Owner: Ada Lind", "Berth: C 14", "Power: ☑"]


def test_parse_pdf_title_that_was_not_given_is_none() -> None:
    assert parse_pdf(drawn(written("Only text."))).title == ""
