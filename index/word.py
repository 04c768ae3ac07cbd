"""DOCX to text: paragraphs, headings and tables in order, through python-docx."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from index.archives import check_archive
from index.parsed import Block, Parsed, Unreadable, from_blocks, table_blocks

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table, _Cell
    from docx.text.paragraph import Paragraph
    from lxml.etree import _Element

# Word's old format, and also the container of a DOCX that is encrypted.
_OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


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
