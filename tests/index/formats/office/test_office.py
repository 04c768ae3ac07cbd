"""Office documents: slides with pages, text boxes, notes, and what is hidden, in each format."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pptx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from index.formats.base import Parsed, Unreadable
from index.formats.registry import parse

pytestmark = pytest.mark.unit
SHARED = Path(__file__).parents[4].parent / "shared" / "data" / "formats"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
CHOICE = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def saved(document: object) -> bytes:
    file = io.BytesIO()
    document.save(file)  # type: ignore[attr-defined]
    return file.getvalue()


def heads(parsed: Parsed) -> list[tuple[int, str]]:
    for heading in parsed.headings:
        assert parsed.text[heading.start :].startswith(heading.text)
    return [(heading.level, heading.text) for heading in parsed.headings]


def pages(parsed: Parsed) -> list[list[str]]:
    """The paragraphs of each page."""
    ends = [*parsed.page_starts[1:], len(parsed.text)]
    texts = [parsed.text[a:b] for a, b in zip(parsed.page_starts, ends, strict=True)]
    return [text.strip().split("\n\n") if text.strip() else [] for text in texts]


def shared(name: str) -> Parsed:
    return parse(name, (SHARED / name).read_bytes())


# --- PPTX


def test_parse_pptx_gives_a_page_per_slide_also_where_it_is_empty_or_hidden() -> None:
    deck = pptx.Presentation()
    for title, text in (("One", "First words."), ("", ""), ("Gone", "Unseen."), ("Four", "End.")):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, text
    deck.slides[2].element.set("show", "0")
    deck.slides[3].notes_slide.notes_text_frame.text = "Speak slowly."
    parsed = parse("a.pptx", saved(deck))
    assert pages(parsed) == [
        ["One", "- First words."],
        [],
        [],
        ["Four", "- End.", "Notes: Speak slowly."],
    ]
    assert heads(parsed) == [(1, "One"), (1, "Four")]
    assert (parsed.title, parsed.hidden) == ("One", len("Gone- Unseen."))
    assert parsed.notes == ("slide 3 is hidden and left out",)


def test_parse_pptx_shapes_are_read_from_top_to_bottom_and_left_to_right() -> None:
    deck = pptx.Presentation()
    shapes = deck.slides.add_slide(deck.slide_layouts[6]).shapes
    places = {"low": (1, 5.0), "right": (6, 2.0), "left": (1, 2.1), "top": (4, 0.5)}
    for text, (left, top) in places.items():
        box = shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(1))
        box.text_frame.text = text
    group = shapes.add_group_shape()
    for text, top in (("in group 2", 4.0), ("in group 1", 3.5)):
        box = group.shapes.add_textbox(Inches(1), Inches(top), Inches(2), Inches(0.3))
        box.text_frame.text = text
    parsed = parse("a.pptx", saved(deck))
    assert pages(parsed) == [["Slide 1", "top", "left", "right", "in group 1", "in group 2", "low"]]
    assert parsed.title == ""


def test_parse_pptx_tables_and_charts_are_rows_after_their_header() -> None:
    deck = pptx.Presentation()
    shapes = deck.slides.add_slide(deck.slide_layouts[5]).shapes
    shapes.title.text = "Prices"
    table = shapes.add_table(3, 3, Inches(1), Inches(2), Inches(5), Inches(1)).table
    for row, cells in enumerate([["Item", "Rome", ""], ["", "May", "June"], ["Nut", "1", "2"]]):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    table.cell(0, 1).merge(table.cell(0, 2))
    data = CategoryChartData()  # type: ignore[no-untyped-call]
    data.categories = ["2023", "2024"]
    data.add_series("Sold", [4, 5.5])  # type: ignore[no-untyped-call]
    chart = shapes.add_chart(
        XL_CHART_TYPE.PIE, Inches(1), Inches(4), Inches(5), Inches(3), data
    ).chart
    chart.chart_title.text_frame.text = "Sales"
    assert pages(parse("a.pptx", saved(deck))) == [
        [
            "Prices",
            "Item: Nut; Rome May: 1; Rome June: 2",
            "Sales",
            "2023; Sold: 4",
            "2024; Sold: 5.5",
        ]
    ]


def test_parse_pptx_chart_of_any_kind_is_rows() -> None:
    deck = pptx.Presentation()
    shapes = deck.slides.add_slide(deck.slide_layouts[5]).shapes
    data = CategoryChartData()  # type: ignore[no-untyped-call]
    data.categories = ["2023", "2024"]
    data.add_series("Sold", [4, None])  # type: ignore[no-untyped-call]
    data.add_series("Left", [1, 2.5])  # type: ignore[no-untyped-call]
    place = (Inches(1), Inches(4), Inches(5), Inches(3))
    shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *place, data)

    def in_depth(name: str, content: bytes) -> bytes:
        return content.replace(b"c:barChart>", b"c:bar3DChart>")

    text = parse("a.pptm", repacked(saved(deck), in_depth)).text
    assert text.split("\n\n")[1:] == ["2023; Sold: 4; Left: 1", "2024; Left: 2.5"]


def test_parse_pptx_items_have_their_marks_and_raised_digits_are_apart() -> None:
    deck = pptx.Presentation()
    frame = deck.slides.add_slide(deck.slide_layouts[6]).shapes.add_textbox(0, 0, 9, 9).text_frame
    drawn = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    for text in ("one", "two", "in", "three"):
        paragraph = frame.add_paragraph()
        paragraph.add_run().text = text
        properties = paragraph._p.get_or_add_pPr()
        properties.append(parse_xml(f'<a:buAutoNum {drawn} type="arabicPeriod"/>'))
        paragraph.level = int(text == "in")
    raised = frame.add_paragraph()
    for text, height in (("61", "0"), ("3", "30000"), (" m", "0")):
        run = raised.add_run()
        run.text = text
        run._r.get_or_add_rPr().set("baseline", height)
    assert pages(parse("a.pptx", saved(deck))) == [
        ["Slide 1", "1. one", "2. two", "   1. in", "3. three", "61³ m"]
    ]


# --- DOCX


def word(*paragraphs: str) -> docx.document.Document:
    """A document of such XML."""
    document = docx.Document()
    for at, xml in enumerate(paragraphs):
        document.element.body.insert(at, parse_xml(f"<w:p {WORD} {CHOICE}>{xml}</w:p>"))
    return document


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def box(text: str) -> str:
    return f"<w:pict><w:txbxContent><w:p>{run(text)}</w:p></w:txbxContent></w:pict>"


def test_parse_docx_text_box_is_read_once_after_its_paragraph() -> None:
    both = (
        f"<mc:AlternateContent><mc:Choice>{box('Boxed.')}</mc:Choice>"
        f"<mc:Fallback>{box('Boxed.')}</mc:Fallback></mc:AlternateContent>"
    )
    document = word(f"<w:r>{both}</w:r>{run('Anchor.')}", f"{run('Next.')}<w:r>{box('Old.')}</w:r>")
    assert parse("a.docx", saved(document)).text == "Anchor.\n\nBoxed.\n\nNext.\n\nOld."


def test_parse_docx_hidden_text_is_left_out_and_counted() -> None:
    document = word(
        run("Seen ") + run("unseen", "<w:vanish/>") + run("and back.", '<w:vanish w:val="0"/>'),
        run("secret", '<w:rStyle w:val="Secret"/>'),
    )
    document.styles.add_style("Secret", WD_STYLE_TYPE.CHARACTER).font.hidden = True
    parsed = parse("a.docx", saved(document))
    assert (parsed.text, parsed.hidden) == ("Seen and back.", len("unseensecret"))


NUMBERED = f"""<w:numbering {WORD}><w:abstractNum w:abstractNumId="5">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
<w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2"/></w:lvl>
</w:abstractNum><w:abstractNum w:abstractNumId="6"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/>
<w:lvlText w:val="x"/></w:lvl></w:abstractNum>
<w:num w:numId="8"><w:abstractNumId w:val="5"/></w:num>
<w:num w:numId="9"><w:abstractNumId w:val="5"/>
<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>
<w:num w:numId="7"><w:abstractNumId w:val="6"/></w:num></w:numbering>"""


def item(text: str, number: int, depth: int = 0) -> str:
    return (
        f'<w:pPr><w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr></w:pPr>'
        f"{run(text)}"
    )


def test_parse_docx_automatic_numbers_stand_before_their_items() -> None:
    texts = [("a", 8, 0), ("b", 8, 1), ("c", 8, 1), ("d", 8, 0), ("e", 8, 1), ("f", 9, 0)]
    document = word(*(item(*each) for each in texts), item("g", 7), item("h", 0))
    document.part.numbering_part._element = parse_xml(NUMBERED)
    assert parse("a.docx", saved(document)).text.split("\n\n") == [
        *("1. a", "   1.a b", "   1.b c", "2. d", "   2.a e", "1. f", "- g", "h")
    ]


def test_parse_docx_raised_digits_stay_apart_from_a_number() -> None:
    raised = '<w:vertAlign w:val="superscript"/>'
    text = (
        run("is 61") + run("1", raised) + run("2", raised) + run(" high, the 1") + run("st", raised)
    )
    assert parse("a.docx", saved(word(text))).text == "is 61¹² high, the 1st"


def test_parse_docx_headings_are_told_by_ancestry_and_outline() -> None:
    document = word(run("Own"), '<w:pPr><w:outlineLvl w:val="1"/></w:pPr>' + run("Lined"))
    style = document.styles.add_style("Chapter", WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Heading 2"]
    document.paragraphs[0].style = style
    assert heads(parse("a.docx", saved(document))) == [(2, "Own"), (2, "Lined")]


def test_parse_docx_title_stands_above_headings_of_its_level() -> None:
    document = docx.Document()
    document.add_heading("Minutes of 14 April", 0)
    for level in (1, 2, 1):
        document.add_heading(f"Part {level}", level)
    expected = [(1, "Minutes of 14 April"), (2, "Part 1"), (3, "Part 2"), (2, "Part 1")]
    assert heads(parse("a.docx", saved(document))) == expected


def test_parse_docx_title_above_deeper_headings_moves_none() -> None:
    document = docx.Document()
    document.add_heading("Minutes", 0)
    document.add_heading("Part", 2)
    assert heads(parse("a.docx", saved(document))) == [(1, "Minutes"), (2, "Part")]


def test_parse_docx_heads_and_feet_come_first_and_once() -> None:
    document = word(run("Body."))
    section = document.sections[0]
    section.header.paragraphs[0].text = "Help line 0555"
    section.footer.paragraphs[0].text = "In force since 2 June"
    section.footer.add_paragraph("Page 3 of 9")._p.append(
        parse_xml(f'<w:r {WORD}><w:fldChar w:fldCharType="begin"/></w:r>')
    )
    document.add_section()
    text = parse("a.docx", saved(document)).text
    assert text == "Help line 0555\nIn force since 2 June\n\nBody."


def test_parse_docx_formula_is_a_line_of_text() -> None:
    math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    names = {name: f"<m:{name}><m:r><m:t>{{}}</m:t></m:r></m:{name}>" for name in ("num", "den")}
    fraction = f"<m:f>{names['num'].format('a+b')}{names['den'].format('2')}</m:f>"
    power = (
        "<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
    )
    xml = f'<m:oMath xmlns:m="{math}"><m:r><m:t>y=</m:t></m:r>{fraction}{power}</m:oMath>'
    assert parse("a.docx", saved(word(run("So ") + xml))).text == "So y=(a+b)/2x²"


def test_parse_docx_code_is_fenced() -> None:
    document = word(run("make"), run("run"), run("Then."))
    style = document.styles.add_style("Source Code", WD_STYLE_TYPE.PARAGRAPH)
    for paragraph in document.paragraphs[:2]:
        paragraph.style = style
    assert parse("a.docx", saved(document)).text == "```\nmake\nrun\n```\n\nThen."


def repacked(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(file, "w") as written:
        for name in archive.namelist():
            written.writestr(name, change(name, archive.read(name)))
    return file.getvalue()


def strict(name: str, content: bytes) -> bytes:
    found = rb"http://schemas\.openxmlformats\.org/(officeDocument|wordprocessingml)/2006/"
    return re.sub(found, rb"http://purl.oclc.org/ooxml/\1/", content)


def with_macros(name: str, content: bytes) -> bytes:
    plain = b"openxmlformats-officedocument.wordprocessingml.document.main"
    return content.replace(plain, b"ms-word.document.macroEnabled.main")


def with_lost_part(name: str, content: bytes) -> bytes:
    lost = f'<Relationship Id="rId99" Type="{RELATIONS}/image" Target="NULL"/></Relationships>'
    return content.replace(b"</Relationships>", lost.encode())


@pytest.mark.parametrize("change", [strict, with_macros, with_lost_part])
def test_parse_docx_of_another_kind_is_read(change: Callable[[str, bytes], bytes]) -> None:
    data = repacked(saved(word(run("Read."))), change)
    assert parse("a.docm", data).text == "Read."


def test_parse_docx_cell_that_goes_on_none_is_a_cell() -> None:
    document = docx.Document()
    table = document.add_table(3, 2)
    for cell, text in zip(
        table._cells, ("Boat", "Berth", "Heron", "A1", "Teal", "A2"), strict=True
    ):
        cell.text = text
    table.cell(1, 1)._tc.get_or_add_tcPr().append(parse_xml(f"<w:vMerge {WORD}/>"))
    table.cell(0, 0)._tc.get_or_add_tcPr().append(parse_xml(f'<w:gridSpan {WORD} w:val="2"/>'))
    table.rows[0]._tr.remove(table.rows[0]._tr.tc_lst[1])
    assert "A1" in parse("a.docx", saved(document)).text


def test_parse_docx_comments_are_left_out_and_told() -> None:
    document = docx.Document()
    for text in ("One.", "Two."):
        document.add_comment(document.add_paragraph(text).runs, text="Doubtful", author="Bo")
    parsed = parse("a.docx", saved(document))
    assert (parsed.text, parsed.notes) == ("One.\n\nTwo.", ("2 comments are left out",))


def test_parse_docx_footnote_stands_after_its_paragraph() -> None:
    document = word(run("Claim.") + '<w:r><w:footnoteReference w:id="2"/></w:r>', run("More."))
    notes = (
        f"<w:footnotes {WORD}><w:footnote w:id='0'><w:p/></w:footnote>"
        f"<w:footnote w:id='2'><w:p>{run('Its source.')}</w:p></w:footnote></w:footnotes>"
    )
    part = Part(PackURI("/word/footnotes.xml"), "text/xml", notes.encode(), document.part.package)
    document.part.relate_to(part, f"{RELATIONS}/footnotes")
    text = parse("a.docx", saved(document)).text
    assert text == "Claim.\n\nFootnote: Its source.\n\nMore."


# --- OpenDocument

NAMES = ("draw:drawing office presentation style svg:svg-compatible table text").split()
NAMESPACES = " ".join(
    f'xmlns:{name.partition(":")[0]}="urn:oasis:names:tc:opendocument:xmlns:'
    f'{name.rpartition(":")[2]}:1.0"'
    for name in NAMES
)


def opendocument(kind: str, body: str, styles: str = "", manifest: str = "") -> bytes:
    content = (
        f"<office:document-content {NAMESPACES}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}>"
        "</office:body></office:document-content>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return file.getvalue()


def style(name: str, properties: str, parent: str = "") -> str:
    return (
        f'<style:style style:name="{name}" style:parent-style-name="{parent}">'
        f"{properties}</style:style>"
    )


def test_parse_odt_gives_headings_lists_tables_and_notes_in_order() -> None:
    cells = [
        [f"<table:table-cell><text:p>{c}</text:p></table:table-cell>" for c in r]
        for r in ("AB", "12")
    ]
    rows = "".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in cells)
    body = (
        "<text:tracked-changes><text:p>Deleted.</text:p></text:tracked-changes>"
        '<text:p text:style-name="P1">The title</text:p>'
        '<text:h text:outline-level="2">Part</text:h>'
        "<text:p>A<text:s text:c='2'/>b<text:tab/>c\n   d<text:note><text:note-citation>1"
        "</text:note-citation><text:note-body><text:p>Source.</text:p></text:note-body></text:note>"
        "<office:annotation><text:p>Hm.</text:p></office:annotation>, "
        '<text:span text:style-name="T1">unseen</text:span>e.</text:p>'
        "<text:list><text:list-item><text:p>one</text:p><text:list><text:list-item>"
        "<text:p>inner</text:p></text:list-item></text:list></text:list-item></text:list>"
        f"<table:table>{rows}</table:table>"
        "<text:p>Anchor.<draw:frame><draw:text-box><text:p>Boxed.</text:p></draw:text-box>"
        "<svg:desc>A box</svg:desc></draw:frame></text:p>"
    )
    styles = style("P1", "", "Title") + style("T1", '<style:text-properties text:display="none"/>')
    parsed = parse("a.odt", opendocument("text", body, styles))
    assert parsed.text.split("\n\n") == [
        "The title",
        "Part",
        "A  b\tc d, e.",
        "Note 1: Source.",
        "- one",
        "   - inner",
        "A: 1; B: 2",
        "Anchor.",
        "Boxed.",
    ]
    assert heads(parsed) == [(1, "The title"), (2, "Part")]
    assert (parsed.hidden, parsed.notes) == (6, ("1 comment is left out",))


def test_parse_odt_numbers_code_and_raised_digits_are_told() -> None:
    level = '<text:list-level-style-number text:level="{}" style:num-format="{}" {}/>'
    levels = level.format(1, "1", 'style:num-suffix="."')
    levels += level.format(2, "a", 'text:display-levels="2"')
    styles = f'<text:list-style style:name="L1">{levels}</text:list-style>'
    styles += style("S", '<style:text-properties style:text-position="super 58%"/>')

    def listed(items: str, attributes: str = "") -> str:
        return f'<text:list text:style-name="L1" {attributes}>{items}</text:list>'

    def item(words: str, inside: str = "") -> str:
        return f"<text:list-item><text:p>{words}</text:p>{inside}</text:list-item>"

    body = (
        listed(item("one", f"<text:list>{item('in')}{item('on')}</text:list>") + item("two"))
        + listed(item("three"), 'text:continue-numbering="true"')
        + listed(item("anew"))
        + '<text:p>61<text:span text:style-name="S">3</text:span> m</text:p>'
        '<text:p text:style-name="Preformatted_20_Text">make</text:p>'
        '<text:p text:style-name="Preformatted_20_Text">  run</text:p>'
    )
    assert parse("a.odt", opendocument("text", body, styles)).text.split("\n\n") == [
        *("1. one", "   1.a in", "   1.b on", "2. two", "3. three", "1. anew", "61³ m"),
        "```\nmake\n run\n```",
    ]


def frame(text: str, attributes: str) -> str:
    return (
        f"<draw:frame {attributes}><draw:text-box><text:p>{text}</text:p></draw:text-box>"
        "</draw:frame>"
    )


def test_parse_odp_gives_a_page_per_slide() -> None:
    spoken = frame("Slowly.", 'presentation:class="notes"')
    notes = f"<presentation:notes>{spoken}</presentation:notes>"
    body = (
        "<draw:page>"
        + frame("low", 'svg:y="9cm" svg:x="1cm"')
        + frame("high", 'svg:y="20mm" svg:x="1cm"')
        + frame("Head", 'presentation:class="title" svg:y="1cm"')
        + frame("7", 'presentation:class="page-number"')
        + f'{notes}</draw:page><draw:page draw:style-name="off">{frame("Unseen", "")}</draw:page>'
        + f"<draw:page>{frame('No title', '')}</draw:page>"
    )
    off = '<style:drawing-page-properties presentation:visibility="hidden"/>'
    parsed = parse("a.odp", opendocument("presentation", body, style("off", off)))
    assert pages(parsed) == [["Head", "high", "low", "Notes: Slowly."], [], ["Slide 3", "No title"]]
    assert (parsed.title, parsed.hidden) == ("Head", 6)
    assert parsed.notes == ("slide 2 is hidden and left out",)


# --- RTF

RTF = rb"""{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}}
{\stylesheet{\s1\outlinelevel0 heading 1;}}{\info{\title The T\'eftle}}{\header Top}
\pard\outlinelevel1 Part\par
\pard Caf\'e9, \u8364?, \u-10179?\u-8704?, {\f1 \'cf\'f0\'e8\'e2\'e5\'f2}{\v secret}.
{\footnote n}\par
{\field{\*\fldinst HYPERLINK "http://x.org"}{\fldrslt one}} and
{\field{\*\fldinst HYPERLINK "http://y.org"}{\fldrslt two}}{\deleted gone}.\par
{\pict\wmetafile8 0100090000037800}\trowd\intbl Item\cell Price\cell\row
\trowd\intbl Nut\cell 2\cell\row\pard Last \{one\}.\par}"""


def test_parse_rtf_gives_text_in_its_encodings_without_pictures_and_hidden_words() -> None:
    parsed = parse("a.rtf", RTF)
    assert parsed.text.split("\n\n") == [
        "Part",
        "Café, €, 😀, Привет.",
        "one andtwo.",
        "Item: Nut; Price: 2",
        "Last {one}.",
    ]
    assert heads(parsed) == [(2, "Part")]
    assert (parsed.title, parsed.hidden) == ("The Tïtle", 6)
    assert parsed.notes == ("1 footnote is left out",)


# --- what is refused

ENCRYPTED = OLE + bytes(99) + "EncryptedPackage".encode("utf-16-le")


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.xlsm", "a.pptx"])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (ENCRYPTED, r"needs a password$"),
        (OLE + bytes(99), r"in an old office format; save it in today's \(DOCX, XLSX or PPTX\)$"),
        (opendocument("text", ""), r"damaged: not an? \w+"),
        (b"text", r"damaged: its zip container cannot be opened$"),
    ],
)
def test_parse_office_file_that_is_none_is_refused(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"^{reason}"):
        parse(name, data)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.odt", opendocument("text", "", manifest="<encryption-data/>"), "needs a password"),
        ("a.odp", opendocument("text", ""), "damaged: not an OpenDocument presentation"),
        ("a.rtf", b"Just text", "damaged: not an RTF document"),
    ],
)
def test_parse_other_file_that_is_none_is_refused(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"^{reason}$"):
        parse(name, data)


# --- real files


@needs_shared
@pytest.mark.parametrize(
    ("name", "page", "paragraph"),
    [
        ("mit_test.pptx", 2, "2cdda5c8-e50e-4db4-b5f0-9722a649f455"),
        (
            "mit_test.pptx",
            3,
            "ColA: 13; ColB: 14; ColC: 15; ColD: 16; ColE: 17; ColF: 18",
        ),
        ("mit_test.pptx", 4, "a3f6004b-6f4f-4ea8-bee3-3741f4dc385f"),
        ("mit_test.pptx", 5, "This is a nested shape with content in 2 shapes"),
        ("powerpoint_sample.pptx", 1, "R2; Class1 C: True; Class2 A: False"),
        ("powerpoint_sample.pptx", 2, "Notes: Some notes on the second slide."),
        ("powerpoint_sample.pptx", 3, "2. List item5"),
        ("powerpoint_comments.pptx", 3, "Features"),
    ],
)
def test_parse_pptx_real_file_has_its_words_on_their_slide(
    name: str, page: int, paragraph: str
) -> None:
    assert [paragraph in words for words in pages(shared(name))].index(True) == page - 1


@needs_shared
@pytest.mark.parametrize(
    ("name", "level", "heading", "paragraph"),
    [
        (
            "docx_comments.docx",
            1,
            "Document with Comments",
            "This paragraph has an anonymous comment.",
        ),
        ("unit_test_headers.docx", 4, "Section 1.2.3", "Paragraph 1.2.3.1"),
        (
            "word_sample.docx",
            3,
            "Let’s eat",
            "Grain; Food: Corn, Buckwheat, Barley; Calories per portion: 200",
        ),
        ("word_tables.docx", 1, "Test with tables", "Header 0.1: Cell 1.1"),
        ("text_document_01.odt", 3, "Heading level 2: A", "      - bullet list 2.2.1"),
    ],
)
def test_parse_real_document_has_its_words_under_their_heading(
    name: str, level: int, heading: str, paragraph: str
) -> None:
    parsed = shared(name)
    above = [head for head in parsed.headings if head.start < parsed.text.index(f"\n{paragraph}")]
    assert (above[-1].level, above[-1].text) == (level, heading)


@needs_shared
def test_parse_docx_real_file_with_text_boxes_has_each_once() -> None:
    lines = shared("textbox.docx").text.split("\n\n")
    assert lines.count("Student falls ill") == lines.count("Whether the epidemic has eased.") == 1
    assert lines.count("Yes") == 3


@needs_shared
def test_parse_docx_real_file_without_headings_is_its_paragraphs() -> None:
    parsed = shared("lorem_ipsum.docx")
    assert parsed.text.startswith("Lorem ipsum dolor sit amet, consectetur adipiscing elit.")
    assert (parsed.headings, parsed.hidden, parsed.notes) == ((), 0, ())
