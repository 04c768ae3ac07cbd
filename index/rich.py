"""HTML and DOCX to text: main content and body order, through trafilatura and python-docx."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from index.decode import decode
from index.parsed import Block, Parsed, Unreadable, from_blocks, table_blocks

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table, _Cell
    from docx.text.paragraph import Paragraph
    from lxml.etree import _Element

_ARCHIVE_BYTES = 200 << 20
_ARCHIVE_RATIO = 100
_ARCHIVE_ENTRIES = 10_000
# Word's old format, and also the container of a DOCX that is encrypted.
_OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def parse_html(data: bytes) -> Parsed:
    """The main content of a page: no navigation, no comment forms, nothing hidden."""
    import trafilatura
    from lxml import etree

    page = decode(data)
    if "<html" not in page.lower():
        page = f"<html>{page}</html>"  # trafilatura refuses a fragment
    xml = trafilatura.extract(
        page,
        output_format="xml",
        include_comments=False,
        include_tables=True,
        with_metadata=True,
        favor_recall=True,
        prune_xpath="//*[@hidden]",
    )
    if not xml:
        raise Unreadable("empty: the page has no main text")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(xml.encode(), parser)
    main = root.find("main")
    blocks = [] if main is None else list(_html_blocks(main))
    return from_blocks(blocks, root.get("title") or "")


def _html_blocks(parent: _Element) -> Iterator[Block]:
    """The blocks below an element, and the words that stand between them."""
    loose = parent.text or ""
    for element in parent:
        if element.tag == "lb":
            loose += _LINE_END
        elif element.tag in _BLOCKS or (element.tag == "code" and parent.tag != "p"):
            yield Block(_lines(loose))
            yield from _html_block(element)
            loose = ""
        else:
            loose += _inner(element)
        loose += element.tail or ""
    yield Block(_lines(loose))


_BLOCKS = frozenset({"div", "head", "list", "p", "quote", "table"})
# Stands for a line end that is meant; others in the source are white space.
_LINE_END = "\x00"


def _html_block(element: _Element) -> Iterator[Block]:
    if element.tag == "head":
        level = element.get("rend") or "h2"
        yield Block(_lines(_inner(element)), int(level[1]) if level[1:].isdigit() else 2)
    elif element.tag == "list":
        yield Block("\n".join(_items(element)))
    elif element.tag == "table":
        rows = [[_lines(_inner(c)) for c in row.iter("cell")] for row in element.iter("row")]
        yield from table_blocks(rows)
    elif element.tag == "code":
        yield Block("".join(element.itertext()))
    else:
        yield from _html_blocks(element)


def _items(listed: _Element, indent: str = "") -> Iterator[str]:
    """A line per item, those of a list inside an item below it."""
    for item in listed.iterchildren("item"):
        own = " ".join(_lines(_inner(item, without="list")).split())
        if own:
            yield f"{indent}- {own}"
        for inside in item.iterdescendants("list"):
            if next(inside.iterancestors("item")) is item:
                yield from _items(inside, indent + "  ")


def _inner(element: _Element, without: str = "") -> str:
    """The words of an element and of those in it; blocks and line ends keep words apart."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == "lb":
            parts.append(_LINE_END)
        elif child.tag != without:
            gap = " " if child.tag in _BLOCKS or child.tag == "item" else ""
            parts.append(f"{gap}{_inner(child, without)}{gap}")
        parts.append(child.tail or "")
    return "".join(parts)


def _lines(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split(_LINE_END))
    return "\n".join(line for line in lines if line)


def parse_docx(data: bytes) -> Parsed:
    """Paragraphs, headings and tables in the order of the body."""
    import docx
    from docx.table import Table

    if data.startswith(_OLE_MARK):
        raise Unreadable("needs a password, or is in Word's old format; save it as DOCX without")
    check_archive(data)
    try:
        document = docx.Document(io.BytesIO(data))
    except (KeyError, ValueError) as error:
        raise Unreadable(f"damaged: not a Word document ({error})") from None
    blocks = list[Block]()
    for item in _body(document.element.body, document):
        if isinstance(item, Table):
            blocks += table_blocks(_rows(item))
            continue
        style = item.style.name if item.style else ""
        if not style.lower().startswith("toc "):  # a table of contents
            blocks.append(Block(_with_bullet(_words(item), style), _level(style)))
    return from_blocks(blocks, document.core_properties.title or "")


def _body(parent: _Element, owner: Document | _Cell) -> Iterator[Paragraph | Table]:
    """Paragraphs and tables in order, also in content controls, which python-docx passes over."""
    from docx.oxml.ns import qn
    from docx.table import Table
    from docx.text.paragraph import Paragraph

    around = {qn(name) for name in ("w:sdt", "w:sdtContent", "w:customXml", "w:ins")}
    for element in parent.iterchildren():
        if element.tag == qn("w:p"):
            yield Paragraph(element, owner)
        elif element.tag == qn("w:tbl"):
            yield Table(element, owner)
        elif element.tag in around:
            yield from _body(element, owner)


def _words(paragraph: Paragraph) -> str:
    """The text of a paragraph as it reads with tracked changes accepted, unlike python-docx's."""
    pieces = paragraph._p.xpath(
        ".//*[self::w:t or self::w:tab[not(parent::w:tabs)] or self::w:br or self::w:cr"
        " or self::w:noBreakHyphen]"
        "[not(ancestor::w:moveFrom or ancestor::w:txbxContent)]"
    )
    marks = {"br": "\n", "cr": "\n", "tab": "\t", "noBreakHyphen": "-"}
    return "".join(marks.get(piece.tag.rpartition("}")[2], piece.text or "") for piece in pieces)


def _rows(table: Table) -> list[list[str]]:
    """The words of each cell; of a cell that spans columns, in the first of them."""
    rows = []
    for row in table.rows:
        cells = list(row.cells)
        repeats = [
            any(cell._tc is before._tc for before in cells[:at]) for at, cell in enumerate(cells)
        ]
        rows.append(
            ["" if again else _cell(cell) for cell, again in zip(cells, repeats, strict=True)]
        )
    return rows


def _cell(cell: _Cell) -> str:
    from docx.table import Table

    texts = list[str]()
    for item in _body(cell._tc, cell):
        if isinstance(item, Table):
            texts += (block.text for block in table_blocks(_rows(item)))
        else:
            texts.append(_words(item))
    return "\n".join(texts)


def _level(style: str) -> int:
    if style == "Title":
        return 1
    name, _, number = style.partition(" ")
    return min(int(number), 6) if name == "Heading" and number.isdigit() else 0


def _with_bullet(text: str, style: str) -> str:
    return f"- {text}" if style.startswith("List") and text.strip() else text


def check_archive(data: bytes) -> None:
    """Refuse a zip container that would unpack to more than a document can need.

    Raises Unreadable. Only the directory is read; nothing is unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        raise Unreadable("damaged: its zip container cannot be opened") from None
    size = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > _ARCHIVE_ENTRIES or size > _ARCHIVE_BYTES:
        raise Unreadable("too large once unpacked")
    if size > 10 << 20 and size > packed * _ARCHIVE_RATIO:
        raise Unreadable("packed suspiciously tight, like a zip bomb")
