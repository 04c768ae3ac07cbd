"""Each format with exact text, headings, rows and pages; bytes that are no document of theirs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import docx
import pytest
from docx.oxml import parse_xml
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from index.formats.base import Parsed, Unreadable
from index.formats.decode import decode
from index.formats.registry import parse
from index.types import Heading

pytestmark = [
    pytest.mark.unit,
    # urllib3, which trafilatura imports, tries whether it may open a socket.
    pytest.mark.filterwarnings("ignore:A test tried to use socket"),
]
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'

# A line of a page: its distance from the bottom and its type size in points, its words.
Line = tuple[float, float, str]


def pdf(*pages: Sequence[Line], password: str = "", title: str = "") -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file, encrypt=StandardEncryption(password) if password else None)
    canvas.setTitle(title)
    for lines in pages:
        for height, size, text in lines:
            canvas.setFont("Helvetica", size)
            canvas.drawString(72, height, text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def saved(document: docx.document.Document) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def heads(parsed: Parsed) -> list[tuple[int, str]]:
    """Level and words of each heading, which must stand where it says."""
    for heading in parsed.headings:
        line = parsed.text[heading.start :].splitlines()[0]
        assert line.strip("# *`=") == heading.text
    return [(heading.level, heading.text) for heading in parsed.headings]


# --- plain text


def test_parse_text_is_the_files_own_with_lone_short_lines_as_headings() -> None:
    text = "The Title\n\nA paragraph here.\n\nSecond part\n\nMore text.\nIts next line.\n"
    parsed = parse("a.txt", text.encode())
    assert (parsed.text, parsed.title) == (text, "The Title")
    assert heads(parsed) == [(1, "The Title"), (2, "Second part")]


@pytest.mark.parametrize(
    "text", ["A sentence here.\n\nText.", "a low line\n\nText.", "One line alone"]
)
def test_parse_text_other_lines_are_no_headings(text: str) -> None:
    assert parse("a.txt", text.encode()).headings == ()


# --- encodings

FRENCH = "Le café est fermé; Zoë déjeune chez François à Noël."
JAPANESE = "これは日本語の文章です。東京は日本の首都であり、世界で最も人口の多い都市のひとつです。"
CZECH = "Česká republika je stát ve střední Evropě. Hlavním městem je Praha, největší město země."
POLISH = "Zażółć gęślą jaźń, proszę bardzo. Łódź leży w środkowej części kraju."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "utf-8"),
        (FRENCH, "utf-8-sig"),
        (FRENCH, "utf-16"),
        ("\ufeff" + FRENCH, "utf-16-be"),
        (FRENCH, "utf-32"),
        (FRENCH, "latin-1"),
        ("Zoë naïve façade", "latin-1"),
        ("é", "latin-1"),
        ("“Smart” quotes – dash… and the café costs 5 €", "cp1252"),
        ("L'été, le garçon préféré de ma sœur a mangé des pâtes à l'évêché.", "cp1252"),
        ("Ein schöner Tag für die Bürger über den Flüssen.", "cp1252"),
        ("España mañana señor niño, ¿cómo está?", "cp1252"),
        (CZECH, "cp1250"),
        (POLISH, "cp1250"),
        (JAPANESE, "shift_jis"),
        ("Это русский текст о погоде.", "cp1251"),
    ],
)
def test_decode_text_of_many_encodings_loses_nothing(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text.removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(bytes(range(256)) * 8, "binary: these bytes are not text", id="all bytes"),
        pytest.param(b"\x7fELF\x02\x01\x01\0\0", "binary: these bytes are not text", id="program"),
        pytest.param(
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary: these bytes are not text", id="picture"
        ),
        pytest.param(b"text\0text", "binary: these bytes are not text", id="zero byte"),
        pytest.param(b"\x01\x02\x03" * 50, "binary: these bytes are not text", id="control"),
        pytest.param(
            b"\xff\xfea\xd8b\0", "damaged: marked as utf-16 but is not", id="broken utf-16"
        ),
        pytest.param(
            b"\xef\xbb\xbf\xff", "damaged: marked as utf-8-sig but is not", id="broken mark"
        ),
        pytest.param(
            ("naïve café " * 30).encode() + b"\xff end",
            "damaged: byte 390 is not UTF-8; save it as UTF-8",
            id="one faulty byte",
        ),
    ],
)
def test_decode_bytes_that_are_no_text_are_refused_with_the_reason(
    data: bytes, reason: str
) -> None:
    with pytest.raises(Unreadable, match=f"^{reason}$"):
        parse("a.txt", data)


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.csv", "a.tsv", "a.html", "a.docx", "a.pdf"])
def test_parse_empty_file_is_refused(name: str) -> None:
    with pytest.raises(Unreadable, match=r"^empty: the file has no bytes$"):
        parse(name, b"")


@pytest.mark.parametrize("data", [b" \n\t\r\n ", b"\xef\xbb\xbf", b"\xef\xbb\xbf \n"])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.csv", "a.tsv"])
def test_parse_white_space_alone_gives_no_text(name: str, data: bytes) -> None:
    assert parse(name, data).text.strip() == ""


@pytest.mark.parametrize("data", [b" \n ", b"<html><body></body></html>", b"<script>x()</script>"])
def test_parse_html_without_words_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^empty: the page has no main text$"):
        parse("a.html", data)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a.xyz", ".xyz"), ("a", "without an ending"), ("x/README.bin", ".bin"), ("md", "without an")],
)
def test_parse_unknown_format_is_refused(name: str, shown: str) -> None:
    with pytest.raises(Unreadable, match=rf"^format {shown}( ending)? is not read$"):
        parse(name, b"x")


@pytest.mark.parametrize("name", ["README", "x/LICENSE", "Makefile", "Dockerfile"])
def test_parse_well_known_names_without_an_ending_are_text(name: str) -> None:
    assert parse(name, b"all: words\n").text == "all: words\n"


# --- Markdown


def test_parse_markdown_keeps_the_text_and_finds_commonmark_headings() -> None:
    text = (
        "Intro.\n\n# Head *one* `f(x)` [link](http://x.org) snake_case #\n\nText.\n\n"
        "Under\n=====\n\n```\n# code\n```\n\n> # quoted\n\n    # indented\n\n### Third\n"
    )
    parsed = parse("a.md", text.encode())
    assert parsed.text == text
    assert [(h.level, h.text, text[h.start :][:5]) for h in parsed.headings] == [
        (1, "Head one f(x) link snake_case", "# Hea"),
        (1, "Under", "Under"),
        (3, "Third", "### T"),
    ]
    assert parsed.title == "Head one f(x) link snake_case"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_parse_markdown_line_ends_of_every_system(end: str) -> None:
    text = end.join(["# A", "", "Text.", "## B", "More."])
    parsed = parse("a.md", text.encode())
    assert heads(parsed) == [(1, "A"), (2, "B")]
    assert parsed.text == text


def test_parse_markdown_front_matter_gives_the_title_and_no_heading() -> None:
    text = '---\ntitle: "The page"\ndate: 2020-01-02\n---\n\nText.\n\n## Part\n'
    parsed = parse("a.md", text.encode())
    assert (parsed.title, heads(parsed)) == ("The page", [(2, "Part")])


def test_parse_markdown_rules_are_no_front_matter() -> None:
    parsed = parse("a.md", b"---\n\n# Head\n\nNote: text.\n\n---\n\nEnd.\n")
    assert (parsed.title, heads(parsed)) == ("Head", [(1, "Head")])


# --- tables


@pytest.mark.parametrize(
    ("name", "data", "rows"),
    [
        pytest.param(
            "a.csv",
            "Name,Role\nAnna,Cook\nBo,Chef\n",
            ["Name: Anna; Role: Cook", "Name: Bo; Role: Chef"],
            id="commas",
        ),
        pytest.param(
            "a.csv", "Name;Role\nAnna;Cook\n", ["Name: Anna; Role: Cook"], id="semicolons"
        ),
        pytest.param(
            "a.csv", "Name\tRole\nAnna\tCook, boss\n", ["Name: Anna; Role: Cook, boss"], id="tabs"
        ),
        pytest.param(
            "a.tsv",
            "Name\tSays\nAnna\ta, b, c\nBo\td, e, f\n",
            ["Name: Anna; Says: a, b, c", "Name: Bo; Says: d, e, f"],
            id="tsv",
        ),
        pytest.param(
            "a.csv", "Name,Role\r\nAnna,Cook\r\n", ["Name: Anna; Role: Cook"], id="Windows"
        ),
        pytest.param("a.csv", "Name,Role\rAnna,Cook\r", ["Name: Anna; Role: Cook"], id="old Mac"),
        pytest.param(
            "a.csv",
            'A,B\n"x, y","said ""no"""\n"p\nq",r\n',
            ['A: x, y; B: said "no"', "A: p q; B: r"],
            id="quotes",
        ),
        pytest.param(
            "a.csv", "A,B\n1,2\n\n , \n3,4\n", ["A: 1; B: 2", "A: 3; B: 4"], id="blank rows"
        ),
        pytest.param(
            "a.csv",
            "A,B\n1\n1,2,3\n,2\n",
            ["A: 1", "A: 1; B: 2; 3", "B: 2"],
            id="short and long rows",
        ),
        pytest.param(
            "a.csv", "Word\nalpha\nbeta\n", ["Word: alpha", "Word: beta"], id="one column"
        ),
        pytest.param("a.csv", "A,B\n", ["A; B"], id="header alone"),
        pytest.param(
            "a.csv", f"A,B\n{'x' * 200_000},2\n", [f"A: {'x' * 200_000}; B: 2"], id="a long cell"
        ),
    ],
)
def test_parse_table_gives_a_paragraph_per_row(name: str, data: str, rows: list[str]) -> None:
    parsed = parse(name, data.encode())
    assert parsed.text.split("\n\n") == rows
    assert (parsed.title, parsed.headings) == ("", ())


# --- HTML

PAGE = b"""<!DOCTYPE html><html><head><title>The Page</title></head><body>
<nav><a href="/">Home</a></nav><main><h1>Big head</h1>
<p>First line<br>second line, with <b>bold</b>,
a <a href="x">link</a> and <code>f(x)</code>.</p>
<blockquote>Quoted <b>words</b> and <p>a paragraph</p> the rest.</blockquote>
<ul><li>One<ul><li>Inner A</li><li>Inner B</li></ul></li><li>Two</li></ul>
<h2>Small head</h2>
<table><tr><th>Name</th><th>Role</th></tr><tr><td>Anna</td><td>Head<br>cook</td></tr>
<tr><td>Bo</td><td></td></tr></table><p hidden>Unseen.</p><p style="display:none">Unseen too.</p>
<p>The end of it.</p></main><!-- remark --><script>run()</script></body></html>"""


def test_parse_html_gives_main_text_headings_lists_and_rows_in_order() -> None:
    parsed = parse("a.html", PAGE)
    assert parsed.text.split("\n\n") == [
        "Big head",
        "First line\nsecond line, with bold, a link and f(x).",
        "Quoted words and",
        "a paragraph",
        "the rest.",
        "- One\n  - Inner A\n  - Inner B\n- Two",
        "Small head",
        "Name: Anna; Role: Head cook",
        "Name: Bo",
        "The end of it.",
    ]
    assert heads(parsed) == [(1, "Big head"), (2, "Small head")]


@pytest.mark.parametrize(
    "page", ["<p>Café, très bon.</p>", "<body><p>Café, très bon.</p></body>", "Café, très bon."]
)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_parse_html_short_page_or_fragment_is_read(page: str, encoding: str) -> None:
    assert parse("a.htm", page.encode(encoding)).text == "Café, très bon."


# --- DOCX


def test_parse_docx_gives_headings_lists_and_tables_in_order_of_the_body() -> None:
    document = docx.Document()
    document.add_heading("The Report", 0)
    document.add_paragraph("Body one.")
    document.add_heading("Part", 1)
    document.add_paragraph("first", style="List Bullet")
    table = document.add_table(3, 3)
    for row, cells in enumerate([["Name", "Role", "Age"], ["Anna", "Cook", "30"], ["Bo", "", ""]]):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    table.cell(2, 1).merge(table.cell(2, 2)).text = "both"
    document.add_heading("Deeper", 3)
    document.add_paragraph("The end.")
    parsed = parse("a.docx", saved(document))
    assert parsed.text.split("\n\n") == [
        "The Report",
        "Body one.",
        "Part",
        "- first",
        "Name: Anna; Role: Cook; Age: 30",
        "Name: Bo; Role: both",
        "Deeper",
        "The end.",
    ]
    assert heads(parsed) == [(1, "The Report"), (2, "Part"), (4, "Deeper")]
    assert parsed.title == "The Report"


def test_parse_docx_properties_tell_the_title() -> None:
    document = docx.Document()
    document.core_properties.title = "From the properties"
    document.add_paragraph("Text.")
    assert parse("a.docx", saved(document)).title == "From the properties"


def run(text: str, tag: str = "w:t") -> str:
    return f"<w:r><{tag}>{text}</{tag}></w:r>"


TAB_STOPS = "<w:pPr><w:tabs><w:tab w:val='left' w:pos='9'/></w:tabs></w:pPr>"


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        pytest.param(
            f"<w:sdt><w:sdtContent><w:p>{run('Held.')}</w:p></w:sdtContent></w:sdt>",
            "Held.",
            id="content control",
        ),
        pytest.param(f"<w:p>{run('Is')}<w:ins>{run('new')}</w:ins></w:p>", "Isnew", id="inserted"),
        pytest.param(
            f"<w:p>{run('Is')}<w:del>{run('old', 'w:delText')}</w:del></w:p>", "Is", id="deleted"
        ),
        pytest.param(
            f"<w:p>{run('Is')}<w:moveFrom>{run('x')}</w:moveFrom></w:p>", "Is", id="moved"
        ),
        pytest.param(f"<w:p><w:hyperlink>{run('A link')}</w:hyperlink></w:p>", "A link", id="link"),
        pytest.param(
            "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>",
            "a\tb\nc",
            id="tab and line end",
        ),
        pytest.param(f"<w:p>{TAB_STOPS}{run('a')}</w:p>", "a", id="tab stops"),
    ],
)
def test_parse_docx_reads_as_with_tracked_changes_accepted(xml: str, text: str) -> None:
    document = docx.Document()
    tag, _, rest = xml[1:].partition(">")
    document.element.body.insert(0, parse_xml(f"<{tag} {W}>{rest}"))
    assert parse("a.docx", saved(document)).text == text


def test_parse_docx_table_inside_a_cell_is_read() -> None:
    document = docx.Document()
    table = document.add_table(2, 1)
    table.cell(0, 0).text = "Note"
    inner = table.cell(1, 0).add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "left", "right"
    assert parse("a.docx", saved(document)).text == "Note: left; right"


def zipped(**entries: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def many_entries() -> bytes:
    return zipped(**{f"e{number}": b"" for number in range(10_001)})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"just text", "damaged: its zip container cannot be opened", id="text"),
        pytest.param(
            saved(docx.Document())[:5000], "damaged: its zip container cannot be opened", id="cut"
        ),
        pytest.param(zipped(a=b"x"), "damaged: not a Word document", id="another zip"),
        pytest.param(
            zipped(a=b"A" * (20 << 20)), "packed suspiciously tight, like a zip bomb", id="bomb"
        ),
        pytest.param(many_entries(), "too large once unpacked", id="entries"),
        pytest.param(
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99),
            "in an old office format; save it in today's",
            id="old",
        ),
    ],
)
def test_parse_docx_what_is_no_document_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"^{reason}"):
        parse("a.docx", data)


# --- PDF

PAGES: tuple[list[Line], ...] = (
    [
        (750, 20, "The Big Title"),
        (710, 11, "First line of a paragraph"),
        (697, 11, "and its second line."),
    ],
    [],
    [
        (750, 14, "Part two"),
        (720, 11, "A divided exam-"),
        (707, 11, "ple of a word."),
        (670, 11, "Last one."),
    ],
)


def test_parse_pdf_gives_paragraphs_headings_and_page_starts() -> None:
    parsed = parse("a.pdf", pdf(*PAGES))
    paragraphs = [
        "The Big Title",
        "First line of a paragraph and its second line.",
        "Part two",
        "A divided example of a word.",
        "Last one.",
    ]
    assert parsed.text.split("\n\n") == paragraphs
    assert parsed.headings == (Heading(0, 1, "The Big Title"), Heading(63, 2, "Part two"))
    assert parsed.page_starts == (0, 63, 63)
    assert parsed.text[63:].startswith("Part two")
    assert parsed.title == "The Big Title"


def test_parse_pdf_properties_tell_the_title() -> None:
    assert parse("a.pdf", pdf(*PAGES, title="From the properties")).title == "From the properties"


def test_parse_pdf_list_items_are_lines_apart() -> None:
    lines = [(700.0, 11.0, "Bring:"), (687.0, 11.0, "- bread"), (674.0, 11.0, "- salt")]
    assert parse("a.pdf", pdf(lines)).text == "Bring:\n\n- bread\n\n- salt"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"%PDF-1.4 broken", "damaged: not a PDF that can be opened", id="broken"),
        pytest.param(
            b"\xff\xd8\xff\xe0\0\x10JFIF", "damaged: not a PDF that can be opened", id="JPEG"
        ),
        pytest.param(b"just text", "damaged: not a PDF that can be opened", id="text"),
        pytest.param(pdf(*PAGES)[:800], "damaged: not a PDF that can be opened", id="cut"),
        pytest.param(pdf(*PAGES, password="x"), "needs a password", id="locked"),
        pytest.param(pdf([], []), "empty: there is no text in it", id="no text"),
    ],
)
def test_parse_pdf_what_has_no_text_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"^{reason}$"):
        parse("a.pdf", data)
