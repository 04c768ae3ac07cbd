"""Word files, slides and sheets as people have them, with what each should give."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Any

import docx
import openpyxl
import pptx
from docx.document import Document as WordDocument
from docx.oxml import parse_xml
from docx.shared import Inches as WordInches
from openpyxl.comments import Comment
from openpyxl.worksheet.worksheet import Worksheet
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from tests.reading.inputs import ReadingInput

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
# Their classes have no types.
CATEGORIES: Any = CategoryChartData
POINTS: Any = XyChartData
Change = Callable[[str, bytes], bytes]


def _saved(document: object) -> bytes:
    file = io.BytesIO()
    document.save(file)  # type: ignore[attr-defined]
    return file.getvalue()


def _repacked(data: bytes, change: Change) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return file.getvalue()


def office_inputs() -> Iterator[ReadingInput]:
    """Every input of the formats of offices."""
    for name, make, expected in (*_WORD, *_WORD_PARTS):
        document = docx.Document()
        make(document)
        yield ReadingInput(f"word-{name}.docx", _saved(document), expected)
    yield from _odd_word()
    for name, make_slides, expected in _SLIDES:
        deck = pptx.Presentation()
        make_slides(deck)
        yield ReadingInput(f"slides-{name}.pptx", _saved(deck), expected)
    for name, make_sheet, expected in _SHEETS:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "Sheet1"
        make_sheet(sheet)
        yield ReadingInput(f"sheet-{name}.xlsx", _saved(book), expected)
    yield from _text_boxes()


# --- Word


def _xml(document: WordDocument, inner: str) -> None:
    document.element.body.insert(-1, parse_xml(f"<w:p {W} {M}>{inner}</w:p>"))


def _runs(*texts: str) -> str:
    return "".join(f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>' for text in texts)


def _math(inner: str) -> str:
    return f"<m:oMath>{inner}</m:oMath>"


def _r(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def _raised(number: str, raised: str, after: str) -> str:
    up = f'<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>{raised}</w:t></w:r>'
    return _runs(number) + up + _runs(after)


def _numbered(document: WordDocument, items: Sequence[tuple[int, str]], text: str = "%1.") -> None:
    numbering = document.part.numbering_part.element
    levels = "".join(
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
        f'<w:lvlText w:val="{text if not at else "%1.%2"}"/></w:lvl>'
        for at in (0, 1)
    )
    numbering.insert(
        0, parse_xml(f'<w:abstractNum {W} w:abstractNumId="77">{levels}</w:abstractNum>')
    )
    numbering.append(parse_xml(f'<w:num {W} w:numId="77"><w:abstractNumId w:val="77"/></w:num>'))
    for level, words in items:
        _xml(
            document,
            f'<w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="77"/></w:numPr></w:pPr>'
            + _runs(words),
        )


def _fraction(document: WordDocument) -> None:
    document.add_heading("Pump", 1)
    over = f"<m:f><m:num>{_r('Q')}</m:num><m:den>{_r('A')}</m:den></m:f>"
    _xml(document, _runs("The speed is ") + _math(_r("v=") + over) + _runs(" in a pipe."))


def _root(document: WordDocument) -> None:
    document.add_heading("Fall", 1)
    root = f'<m:rad><m:radPr><m:degHide m:val="1"/></m:radPr><m:deg/><m:e>{_r("2gh")}</m:e></m:rad>'
    _xml(document, _runs("It falls at ") + _math(_r("v=") + root) + _runs(" and stops."))


def _power(document: WordDocument) -> None:
    document.add_heading("Area", 1)
    power = f"<m:sSup><m:e>{_r('r')}</m:e><m:sup>{_r('2')}</m:sup></m:sSup>"
    index = f"<m:sSub><m:e>{_r('k')}</m:e><m:sub>{_r('0')}</m:sub></m:sSub>"
    _xml(document, _runs("Take ") + _math(_r("A=") + index + power) + _runs(" at most."))


def _clauses(document: WordDocument) -> None:
    document.add_heading("Terms", 1)
    _numbered(
        document, [(0, "Goods"), (1, "Wet goods go back."), (1, "Dry goods stay."), (0, "Pay")]
    )


def _articles(document: WordDocument) -> None:
    document.add_heading("Rules", 1)
    _numbered(document, [(0, "Boats"), (0, "Nets"), (1, "Nets are small.")], "Article %1:")


def _bullets(document: WordDocument) -> None:
    document.add_heading("Bring", 1)
    document.add_paragraph("a rope", style="List Bullet")
    document.add_paragraph("a lamp", style="List Bullet")


def _check_boxes(document: WordDocument) -> None:
    document.add_heading("Duties", 1)
    for code, words in (("F0FE", "tested"), ("F0A8", "painted")):
        _xml(
            document, f'<w:r><w:sym w:font="Wingdings" w:char="{code}"/></w:r>' + _runs(f" {words}")
        )


def _content_check(document: WordDocument) -> None:
    document.add_heading("Choice", 1)
    names = 'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
    _xml(
        document,
        f'<w:sdt><w:sdtPr><w14:checkbox {names}><w14:checked w14:val="1"/></w14:checkbox></w:sdtPr>'
        f"<w:sdtContent>{_runs('☒')}</w:sdtContent></w:sdt>" + _runs(" with oars"),
    )


def _old_check(document: WordDocument) -> None:
    document.add_heading("Answer", 1)
    _xml(
        document,
        '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:sizeAuto/>'
        "<w:checked/></w:checkBox></w:ffData></w:fldChar></w:r><w:r><w:instrText> FORMCHECKBOX "
        '</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>' + _runs(" is moored"),
    )


def _own_style(document: WordDocument) -> None:
    style = document.styles.add_style("Chapter Name", 1)
    style.base_style = document.styles["Heading 1"]
    document.add_paragraph("Fishing", style="Chapter Name")
    document.add_paragraph("Fish with a line.")
    _xml(document, '<w:pPr><w:outlineLvl w:val="1"/></w:pPr>' + _runs("At night"))
    document.add_paragraph("Use a lamp.")


def _title_style(document: WordDocument) -> None:
    document.add_paragraph("House rules", style="Title")
    document.add_paragraph("Quiet", style="Heading 2")
    document.add_paragraph("No drums after ten.")


def _deep(document: WordDocument) -> None:
    for level, words in ((1, "Dam"), (2, "Gates"), (3, "Gate 4")):
        document.add_heading(words, level)
    document.add_paragraph("It sticks in frost.")


def _first_page_head(document: WordDocument) -> None:
    section = document.sections[0]
    section.different_first_page_header_footer = True
    section.first_page_header.paragraphs[0].text = "Order 7 of 2025"
    section.header.paragraphs[0].text = "Keep for ten years"
    document.add_heading("Locks", 1)
    document.add_paragraph("Locks are oiled.")


def _foot_twice(document: WordDocument) -> None:
    document.sections[0].footer.paragraphs[0].text = "Ring 0555 120"
    document.add_heading("Alarm", 1)
    document.add_section()
    document.sections[1].footer.is_linked_to_previous = False
    document.sections[1].footer.paragraphs[0].text = "Ring 0555 120"
    document.add_paragraph("Leave by the stairs.")


def _head_table(document: WordDocument) -> None:
    table = document.sections[0].header.add_table(1, 2, WordInches(4))
    table.cell(0, 0).text, table.cell(0, 1).text = "Guide 12", "valid from 1 May"
    document.add_heading("Wells", 1)
    document.add_paragraph("Wells are deep.")


_WORD: Sequence[tuple[str, Callable[[WordDocument], None], str]] = (
    ("fraction", _fraction, "# Pump\n\nThe speed is v=Q/A in a pipe."),
    ("root", _root, "# Fall\n\nIt falls at v=√(2gh) and stops."),
    ("power", _power, "# Area\n\nTake A=k_0r² at most."),
    ("clauses", _clauses, "# Terms\n\n1. Goods 1.1 Wet goods go back. 1.2 Dry goods stay. 2. Pay"),
    ("articles", _articles, "# Rules\n\nArticle 1: Boats Article 2: Nets 2.1 Nets are small."),
    ("bullets", _bullets, "# Bring\n\n- a rope - a lamp"),
    ("symbols", _check_boxes, "# Duties\n\n☑ tested ☐ painted"),
    ("content-check", _content_check, "# Choice\n\n☒ with oars"),
    ("old-check", _old_check, "# Answer\n\n☒ is moored"),
    ("own-style", _own_style, "# Fishing\n\nFish with a line.\n\n## At night\n\nUse a lamp."),
    ("title-style", _title_style, "title: House rules\n---\n# House rules\n\n## Quiet\n\nNo drums after ten."),
    ("deep", _deep, "# Dam\n\n## Gates\n\n### Gate 4\n\nIt sticks in frost."),
    ("first-head", _first_page_head, "Order 7 of 2025 Keep for ten years\n\n# Locks\n\nLocks are oiled."),
    ("foot-twice", _foot_twice, "Ring 0555 120\n\n# Alarm\n\nLeave by the stairs."),
    ("head-table", _head_table, "Guide 12; valid from 1 May\n\n# Wells\n\nWells are deep."),
)  # fmt: skip


def _box(words: str, choice: bool) -> str:
    content = f"<w:txbxContent><w:p>{_runs(words)}</w:p></w:txbxContent>"
    v = 'xmlns:v="urn:schemas-microsoft-com:vml"'
    old = f"<w:pict><v:shape {v}><v:textbox>{content}</v:textbox></v:shape></w:pict>"
    if not choice:
        return f"<w:r>{old}</w:r>"
    wps = 'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    new = f"<wps:txbx {wps}>{content}</wps:txbx>"
    return (
        f'<w:r><mc:AlternateContent {mc}><mc:Choice Requires="wps" {wps}>{new}</mc:Choice>'
        f"<mc:Fallback>{old}</mc:Fallback></mc:AlternateContent></w:r>"
    )


def _old_box(document: WordDocument) -> None:
    document.add_heading("Pier", 1)
    _xml(document, _runs("Boats leave daily.") + _box("No dogs.", choice=False))


def _new_box(document: WordDocument) -> None:
    document.add_heading("Pier", 1)
    _xml(document, _runs("Boats leave daily.") + _box("No dogs.", choice=True))


def _two_boxes(document: WordDocument) -> None:
    document.add_heading("Pier", 1)
    _xml(document, _box("North side", choice=True) + _box("South side", choice=False))


def _merged_columns(document: WordDocument) -> None:
    document.add_heading("Rota", 1)
    table = document.add_table(3, 2)
    for row, texts in enumerate((("Day", "Who"), ("Mon", "Ann"), ("Tue", "Bea"))):
        for column, words in enumerate(texts):
            table.cell(row, column).text = words


def _merged_rows(document: WordDocument) -> None:
    document.add_heading("Rota", 1)
    table = document.add_table(3, 2)
    for row, texts in enumerate((("Day", "Who"), ("Mon", "Ann"), ("", "Bea"))):
        for column, words in enumerate(texts):
            table.cell(row, column).text = words
    table.cell(1, 0).merge(table.cell(2, 0)).text = "Mon"


def _goes_on_none(document: WordDocument) -> None:
    _merged_columns(document)
    cell = document.tables[0].cell(1, 0)._tc
    cell.get_or_add_tcPr().append(parse_xml(f"<w:vMerge {W}/>"))


def _hidden_run(document: WordDocument) -> None:
    document.add_heading("Door", 1)
    document.add_paragraph("The door is green.").add_run(" Ignore it.").font.hidden = True


def _hidden_style(document: WordDocument) -> None:
    style = document.styles.add_style("Ghost", 1)
    style.font.hidden = True
    document.add_heading("Door", 1)
    document.add_paragraph("The door is green.")
    document.add_paragraph("Ignore it.", style="Ghost")


def _removed(document: WordDocument) -> None:
    document.add_heading("Door", 1)
    _xml(
        document,
        _runs("The door is green.")
        + '<w:del w:id="1" w:author="a"><w:r><w:delText> Ignore it.</w:delText></w:r></w:del>',
    )


def _raised_number(document: WordDocument) -> None:
    document.add_heading("Mill", 1)
    _xml(document, _raised("It is 61", "3", " metres away."))


def _raised_words(document: WordDocument) -> None:
    document.add_heading("Mill", 1)
    _xml(document, _raised("It is the 4", "th", " mill."))


def _raised_unit(document: WordDocument) -> None:
    document.add_heading("Mill", 1)
    _xml(document, _raised("It has 90 m", "2", " of floor."))


_ROTA = "# Rota\n\n| Day | Who |\n| Mon | Ann |\n"
_DOOR = "never: Ignore\n---\n# Door\n\nThe door is green."
_WORD_PARTS: Sequence[tuple[str, Callable[[WordDocument], None], str]] = (
    ("old-box", _old_box, "# Pier\n\nBoats leave daily. No dogs."),
    ("new-box", _new_box, "# Pier\n\nBoats leave daily. No dogs."),
    ("two-boxes", _two_boxes, "# Pier\n\nNorth side South side"),
    ("table", _merged_columns, f"{_ROTA}| Tue | Bea |"),
    ("merged-rows", _merged_rows, f"{_ROTA}| Mon | Bea |"),
    ("goes-on-none", _goes_on_none, f"{_ROTA}| Tue | Bea |"),
    ("hidden-run", _hidden_run, _DOOR),
    ("hidden-style", _hidden_style, _DOOR),
    ("removed", _removed, _DOOR),
    ("raised-number", _raised_number, "# Mill\n\nIt is 61³ metres away."),
    ("raised-words", _raised_words, "# Mill\n\nIt is the 4th mill."),
    ("raised-unit", _raised_unit, "# Mill\n\nIt has 90 m² of floor."),
)


def _odd_word() -> Iterator[ReadingInput]:
    document = docx.Document()
    document.add_heading("Sluice", 1)
    document.add_paragraph("Close it at dusk.")
    data, expected = _saved(document), "# Sluice\n\nClose it at dusk."
    strict = (
        (b"http://schemas.openxmlformats.org/wordprocessingml/2006/main", b"http://purl.oclc.org/ooxml/wordprocessingml/main"),
        (b"http://schemas.openxmlformats.org/officeDocument/2006/relationships", b"http://purl.oclc.org/ooxml/officeDocument/relationships"),
    )  # fmt: skip

    def as_strict(name: str, content: bytes) -> bytes:
        for old, new in strict:
            content = content.replace(old, new)
        return content

    def with_macros(name: str, content: bytes) -> bytes:
        return content.replace(
            b"officedocument.wordprocessingml.document.main+xml",
            b"ms-word.document.macroEnabled.main+xml",
        ).replace(b"application/vnd.openxmlformats-ms-word", b"application/vnd.ms-word")

    def with_null(name: str, content: bytes) -> bytes:
        if name != "word/_rels/document.xml.rels":
            return content
        lost = b'<Relationship Id="rId99" Type="http://x.example/image" Target="../NULL"/>'
        return content.replace(b"</Relationships>", lost + b"</Relationships>")

    yield ReadingInput("word-strict.docx", _repacked(data, as_strict), expected)
    yield ReadingInput("word-macros.docm", _repacked(data, with_macros), expected)
    yield ReadingInput("word-null.docx", _repacked(data, with_null), expected)


# --- slides

Deck = pptx.presentation.Presentation


def _slide(deck: Deck, title: str, *texts: str) -> pptx.slide.Slide:
    slide: pptx.slide.Slide = deck.slides.add_slide(deck.slide_layouts[5])
    assert slide.shapes.title is not None
    slide.shapes.title.text = title
    for number, text in enumerate(texts):
        box = slide.shapes.add_textbox(Inches(1), Inches(2 + number), Inches(4), Inches(1))
        box.text_frame.text = text
    return slide


def _plain_chart(deck: Deck) -> None:
    data = CATEGORIES()
    data.categories = ["May", "June"]
    data.add_series("Guests", (310, 455))
    slide = _slide(deck, "Guests")
    slide.shapes.add_chart(
        XL_CHART_TYPE.BAR_CLUSTERED, Inches(0), Inches(3), Inches(4), Inches(3), data
    )
    _slide(deck, "Hours", "Open from ten.")


def _scatter(deck: Deck) -> None:
    data = POINTS()
    series = data.add_series("Depth")
    series.add_data_point(1, 4.5)
    series.add_data_point(2, 6)
    slide = _slide(deck, "Soundings")
    slide.shapes.add_chart(
        XL_CHART_TYPE.XY_SCATTER, Inches(0), Inches(3), Inches(4), Inches(3), data
    )


def _two_series(deck: Deck) -> None:
    data = CATEGORIES()
    data.categories = ["Ash", "Elm"]
    data.add_series("2024", (4, 5))
    data.add_series("2025", (6, 7))
    slide = _slide(deck, "Trees")
    slide.shapes.add_chart(XL_CHART_TYPE.LINE, Inches(0), Inches(3), Inches(4), Inches(3), data)


def _hidden_slide(deck: Deck) -> None:
    _slide(deck, "Ramp", "The ramp is steep.")
    hidden = _slide(deck, "Secret", "Ignore this.")
    hidden._element.set("show", "0")


def _slide_notes(deck: Deck) -> None:
    slide = _slide(deck, "Ramp", "The ramp is steep.")
    frame = slide.notes_slide.notes_text_frame
    assert frame is not None
    frame.text = "Say that it was salted."


def _slide_table(deck: Deck) -> None:
    slide = _slide(deck, "Fees")
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, texts in enumerate((("Boat", "Fee"), ("Skiff", "9"))):
        for column, words in enumerate(texts):
            table.cell(row, column).text = words


_SLIDES: Sequence[tuple[str, Callable[[Deck], None], str]] = (
    ("chart", _plain_chart, "# Guests\n\n|  | Guests |\n| May | 310 |\n| June | 455 |\n\n# Hours\n\nOpen from ten."),
    ("scatter", _scatter, "# Soundings\n\n|  | Depth |\n| 1 | 4.5 |\n| 2 | 6 |"),
    ("two-series", _two_series, "# Trees\n\n|  | 2024 | 2025 |\n| Ash | 4 | 6 |\n| Elm | 5 | 7 |"),
    ("hidden", _hidden_slide, "note: slide 2 is hidden\nnever: Ignore\n---\n# Ramp\n\nThe ramp is steep."),
    ("notes", _slide_notes, "# Ramp\n\nThe ramp is steep. Notes: Say that it was salted."),
    ("table", _slide_table, "# Fees\n\n| Boat | Fee |\n| Skiff | 9 |"),
)  # fmt: skip


# --- sheets


def _rows(*rows: Sequence[object]) -> Callable[[Worksheet], None]:
    def make(sheet: Worksheet) -> None:
        for row in rows:
            sheet.append(list(row))

    return make


def _formats(sheet: Worksheet) -> None:
    sheet.append(["Member", "Number", "Share", "Since", "Code", "Fee"])
    sheet.append(["Orrin", 123456789, 0.125, date(2024, 3, 1), 42, 1234.5])
    formats = ("General", "000-00-0000", "0.0%", "d mmm yyyy", "00000", '#,##0.00 "kr"')
    for cell, shown in zip(sheet[2], formats, strict=True):
        cell.number_format = shown


def _fractions(sheet: Worksheet) -> None:
    sheet.append(["Part", "Inch", "Cup", "Half"])
    sheet.append(["Bolt", 2.25, 0.3333333333, 1.5])
    for cell, shown in zip(sheet[2], ("General", "# ?/?", "# ?/?", "# ??/??"), strict=True):
        cell.number_format = shown


def _dates(sheet: Worksheet) -> None:
    sheet.append(["Boat", "Leaves", "At", "Took", "Day"])
    sheet.append(["Argo", datetime(2026, 5, 4, 6, 40), time(6, 40), 1.25, date(2026, 5, 4)])
    formats = ("General", "dd.mm.yyyy hh:mm", "h:mm AM/PM", "[h]:mm", "dddd, d mmmm yyyy")
    for cell, shown in zip(sheet[2], formats, strict=True):
        cell.number_format = shown


def _hidden_rows(sheet: Worksheet) -> None:
    _rows(("Item", "Count"), ("Rope", 4), ("Secret", 9), ("Sail", 2))(sheet)
    sheet.row_dimensions[3].hidden = True


def _hidden_column(sheet: Worksheet) -> None:
    _rows(("Item", "Secret", "Count"), ("Rope", "x9", 4), ("Sail", "x8", 2))(sheet)
    sheet.column_dimensions["B"].hidden = True


def _comment(sheet: Worksheet) -> None:
    _rows(("Item", "Count"), ("Rope", 4), ("Sail", 2))(sheet)
    sheet["B2"].comment = Comment("check again", "Ann")


def _two_headers(sheet: Worksheet) -> None:
    _rows(("Town", "2024", None, "2025", None), (None, "rain", "snow", "rain", "snow"), ("Dun", 4, 1, 5, 2), ("Ald", 6, 3, 7, 0))(sheet)  # fmt: skip
    for area in ("B1:C1", "D1:E1", "A1:A2"):
        sheet.merge_cells(area)


def _errors(sheet: Worksheet) -> None:
    sheet.append(["Part", "Price", "Stock"])
    sheet.append(["Bolt", "#N/A", 4])
    sheet.append(["Nut", 2, "#DIV/0!"])
    sheet["B2"].data_type = sheet["C3"].data_type = "e"


_SHEETS: Sequence[tuple[str, Callable[[Worksheet], None], str]] = (
    ("preamble", _rows(("Report", "Berths"), ("Made on", "2026-01-02"), (), ("Berth", "Length", "Free"), ("A1", 8, "yes"), ("A2", 9, "no")),
     "# Sheet1\n\nReport: Berths Made on: 2026-01-02\n\n| Berth | Length | Free |\n| A1 | 8 | yes |\n| A2 | 9 | no |"),
    ("title", _rows(("Hire of tents",), ("Tent", "Fee"), ("Bell", 24), ("Ridge", 9)),
     "# Sheet1\n\n## Hire of tents\n\n| Tent | Fee |\n| Bell | 24 |\n| Ridge | 9 |"),
    ("labels", _rows(("Member", "Tool"), ("Ann", "Rake"), ("Bea", "Hoe"), (), ("Lent in May",), ("Member", "Tool"), ("Cid", "Axe")),
     "# Sheet1\n\n| Member | Tool |\n| Ann | Rake |\n| Bea | Hoe |\n| Cid | Axe |\n\n## Lent in May"),
    ("errors", _errors, "# Sheet1\n\n| Part | Price | Stock |\n| Bolt | #N/A | 4 |\n| Nut | 2 | #DIV/0! |"),
    ("formats", _formats, "# Sheet1\n\n| Member | Number | Share | Since | Code | Fee |\n| Orrin | 123-45-6789 | 12.5% | 1 Mar 2024 | 00042 | 1,234.50 kr |"),
    ("fractions", _fractions, "# Sheet1\n\n| Part | Inch | Cup | Half |\n| Bolt | 2 1/4 | 1/3 | 1 1/2 |"),
    ("dates", _dates, "# Sheet1\n\n| Boat | Leaves | At | Took | Day |\n| Argo | 04.05.2026 06:40 | 6:40 AM | 30:00 | Monday, 4 May 2026 |"),
    ("hidden-row", _hidden_rows, "note: hidden row\nnever: Secret\n---\n# Sheet1\n\n| Item | Count |\n| Rope | 4 |\n| Sail | 2 |"),
    ("hidden-column", _hidden_column, "note: hidden column\nnever: x9\n---\n# Sheet1\n\n| Item | Count |\n| Rope | 4 |\n| Sail | 2 |"),
    ("comment", _comment, "note: 1 comment\n---\n# Sheet1\n\n| Item | Count |\n| Rope | 4 |\n| Sail | 2 |"),
    ("two-headers", _two_headers, "# Sheet1\n\n| Town | 2024 rain | 2024 snow | 2025 rain | 2025 snow |\n| Dun | 4 | 1 | 5 | 2 |\n| Ald | 6 | 3 | 7 | 0 |"),
)  # fmt: skip


def _text_boxes() -> Iterator[ReadingInput]:
    names = (
        'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    )
    for number, words in enumerate((["Prices are net."], ["Read", "me first"], ["a", "b", "c"])):
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "Sheet1"
        _rows(("Item", "Count"), ("Rope", 4), ("Sail", 2))(sheet)
        texts = "".join(f"<a:p><a:r><a:t>{word}</a:t></a:r></a:p>" for word in words)
        drawing = (
            f"<xdr:wsDr {names}><xdr:twoCellAnchor><xdr:sp><xdr:txBody>{texts}</xdr:txBody>"
            "</xdr:sp></xdr:twoCellAnchor></xdr:wsDr>"
        )
        yield ReadingInput(
            f"sheet-box-{number}.xlsx",
            _with_drawing(_saved(book), drawing),
            f"# Sheet1\n\n| Item | Count |\n| Rope | 4 |\n| Sail | 2 |\n\n{' '.join(words)}",
        )


def _with_drawing(data: bytes, drawing: str) -> bytes:
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                link = f'<drawing xmlns:r="{office}" r:id="rId1"/></worksheet>'
                content = content.replace(b"</worksheet>", link.encode())
            new.writestr(name, content)
        new.writestr(
            "xl/worksheets/_rels/sheet1.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{office}/drawing" Target="../drawings/drawing1.xml"/>'
            "</Relationships>",
        )
        new.writestr("xl/drawings/drawing1.xml", drawing)
    return file.getvalue()
