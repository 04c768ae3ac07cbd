"""Large files of made-up text, one of each common format, made without the readers' libraries."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Iterator, Mapping
from html import escape
from io import BytesIO

# Syllables of words that no language has, so that the text is nobody's.
_SYLLABLES = "ba co di fu ga he ji ko lu ma ne pi ro su ta ve wi xo yu za".split()
_LINES_A_PAGE = 40
_PARAGRAPHS_A_HEADING = 20
_STYLES = 160
_PAGE_PARAGRAPHS = 9_200
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OPEN_XML = "application/vnd.openxmlformats-officedocument"


def large_files(share: float = 1) -> Mapping[str, tuple[str, Callable[[], bytes]]]:
    """What makes each file, by a name that tells its size, with the ending of its format.

    `share` of their sizes, for tests. The same bytes come each time.
    """
    pages, paragraphs = _count(600, share), _count(8_000, share)
    rows, lines, blocks = (_count(most, share) for most in (60_000, 100_000, _PAGE_PARAGRAPHS))
    return {
        f"PDF, {pages:,} pages": (".pdf", lambda: pdf(pages)),
        f"Word, {paragraphs:,} paragraphs": (".docx", lambda: word(paragraphs)),
        f"sheet, {rows:,} rows": (".xlsx", lambda: sheet(rows)),
        f"CSV, {lines:,} rows": (".csv", lambda: csv(lines)),
        f"HTML page, {blocks:,} paragraphs": (".html", lambda: web_page(blocks)),
    }


def _count(most: int, share: float) -> int:
    return max(2, round(most * share))


def _sentences(seed: int, words: int) -> Iterator[str]:
    """Sentences of so many words, without end."""
    chance = random.Random(seed)
    made = ["".join(chance.choices(_SYLLABLES, k=chance.randint(1, 3))) for _ in range(3000)]
    while True:
        yield f"{' '.join(chance.choices(made, k=words)).capitalize()}."


def pdf(pages: int) -> bytes:
    """Pages with a heading and lines of text, in two standard fonts."""
    text, objects = _sentences(1, 12), list[bytes]()
    kids = b" ".join(b"%d 0 R" % (5 + 2 * number) for number in range(pages))
    objects.append(b"<</Type/Catalog/Pages 2 0 R>>")
    objects.append(b"<</Type/Pages/Count %d/Kids[%b]>>" % (pages, kids))
    objects += [b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica%b>>" % n for n in (b"", b"-Bold")]
    for number in range(pages):
        lines = b"".join(b"(%b) ' " % next(text).encode() for _ in range(_LINES_A_PAGE))
        head = b"BT /B 16 Tf 50 800 Td (%d. Part) Tj ET " % (number + 1)
        drawn = b"%bBT /F 10 Tf 16 TL 50 780 Td %b ET" % (head, lines)
        fonts = b"/Font<</F 3 0 R/B 4 0 R>>"
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<%b>>/Contents %d 0 R>>"
            % (fonts, 6 + 2 * number)
        )
        objects.append(b"<</Length %d>>stream\n%b\nendstream" % (len(drawn), drawn))
    return _numbered(objects)


def _numbered(objects: list[bytes]) -> bytes:
    """A PDF file of its objects; the first one is the catalog."""
    whole, places = bytearray(b"%PDF-1.4\n"), list[int]()
    for number, content in enumerate(objects, start=1):
        places.append(len(whole))
        whole += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    size, start = len(objects) + 1, len(whole)
    whole += b"xref\n0 %d\n0000000000 65535 f \n" % size
    whole += b"".join(b"%010d 00000 n \n" % place for place in places)
    whole += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
    return bytes(whole)


def word(paragraphs: int) -> bytes:
    """Headings and paragraphs of the default style, beside as many styles as Word's template."""
    text, body = _sentences(2, 30), list[str]()
    for number in range(paragraphs):
        style = '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>'
        is_heading = number % _PARAGRAPHS_A_HEADING == 0
        words = f"Part {number}" if is_heading else next(text)
        body.append(f"<w:p>{style * is_heading}<w:r><w:t>{words}</w:t></w:r></w:p>")
    made = "".join(_style(f"Made{number}") for number in range(_STYLES))
    normal = '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
    heading = '<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/>'
    styles = f"{made}{normal}</w:style>{heading}</w:style>"
    document = f'<w:document xmlns:w="{_WORD}"><w:body>{"".join(body)}</w:body></w:document>'
    return _package(
        "word/document.xml",
        f"{_OPEN_XML}.wordprocessingml.document.main+xml",
        {
            "word/document.xml": document,
            "word/styles.xml": f'<w:styles xmlns:w="{_WORD}">{styles}</w:styles>',
        },
        {"styles.xml": ("styles", f"{_OPEN_XML}.wordprocessingml.styles+xml")},
    )


def _style(name: str) -> str:
    return f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="{name}"/></w:style>'


def sheet(rows: int) -> bytes:
    """A header and rows of a name, words and three figures."""
    text, shared, cells = _sentences(3, 5), list[str](), list[str]()
    for number, row in enumerate(_rows(rows), start=1):
        made = list[str]()
        for letter, value in zip("ABCDE", row, strict=True):
            if isinstance(value, str):
                shared.append(value if number == 1 or letter == "A" else next(text))
                made.append(f'<c r="{letter}{number}" t="s"><v>{len(shared) - 1}</v></c>')
            else:
                made.append(f'<c r="{letter}{number}"><v>{value}</v></c>')
        cells.append(f'<row r="{number}">{"".join(made)}</row>')
    strings = "".join(f"<si><t>{value}</t></si>" for value in shared)
    table = '<sheets><sheet name="Stock" sheetId="1" r:id="rId1"/></sheets>'
    data = f"<sheetData>{''.join(cells)}</sheetData>"
    kind = f"{_OPEN_XML}.spreadsheetml"
    return _package(
        "xl/workbook.xml",
        f"{kind}.sheet.main+xml",
        {
            "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}">{table}</workbook>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_SHEET}">{data}</worksheet>',
            "xl/sharedStrings.xml": f'<sst xmlns="{_SHEET}">{strings}</sst>',
        },
        {
            "worksheets/sheet1.xml": ("worksheet", f"{kind}.worksheet+xml"),
            "sharedStrings.xml": ("sharedStrings", f"{kind}.sharedStrings+xml"),
        },
    )


def _rows(count: int) -> Iterator[tuple[str | int, ...]]:
    chance = random.Random(4)
    yield "Article", "Text", "Stock", "Price", "Year"
    for number in range(count):
        figures = chance.randint(0, 500), chance.randint(1, 90_000), chance.randint(1990, 2025)
        yield f"A-{number:06}", "", *figures


def _package(
    main: str, kind: str, parts: Mapping[str, str], further: Mapping[str, tuple[str, str]]
) -> bytes:
    """An Office file; `further` parts lie beside the main one, with their relations and types."""
    folder, _, name = main.partition("/")
    types = f'<Override PartName="/{main}" ContentType="{kind}"/>' + "".join(
        f'<Override PartName="/{folder}/{part}" ContentType="{content}"/>'
        for part, (_, content) in further.items()
    )
    default = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
    relations = {part: relation for part, (relation, _) in further.items()}
    made = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        f'{default}relationships+xml"/>{types}</Types>',
        "_rels/.rels": _relations({main: "officeDocument"}),
        f"{folder}/_rels/{name}.rels": _relations(relations),
    }
    whole = BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in (made | dict(parts)).items():
            archive.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def _relations(targets: Mapping[str, str]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (target, kind) in enumerate(targets.items(), start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{rows}</Relationships>'


def csv(rows: int) -> bytes:
    """A header and rows of a name, words and three figures."""
    text = _sentences(5, 5)
    lines = (
        ",".join(str(value) if value != "" else f'"{next(text)}"' for value in row)
        for row in _rows(rows)
    )
    return "\n".join(lines).encode()


def web_page(paragraphs: int) -> bytes:
    """A page with navigation, headings, paragraphs, lists and a table now and then."""
    text, body = _sentences(6, 60), list[str]()
    for number in range(paragraphs):
        if number % _PARAGRAPHS_A_HEADING == 0:
            body.append(f"<h2>Part {number}</h2><table><tr><th>Part<th>Sum</tr>")
            body.append(f"<tr><td>{number}<td>{number * 7}</tr></table>")
            body.append(f"<ul><li>{escape(next(text))}</li><li>{escape(next(text))}</li></ul>")
        body.append(f"<p>{escape(next(text))} <a href='#{number}'>More</a> <b>of it</b>.</p>")
    links = "".join(f"<li><a href='#{number}'>Part {number}</a></li>" for number in range(50))
    head = "<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>Parts</title></head>"
    whole = f"{head}<body><nav><ul>{links}</ul></nav><main>{''.join(body)}</main></body></html>"
    return whole.encode()
