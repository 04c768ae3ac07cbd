"""HTML and DOCX to text: main content and body order, through trafilatura and python-docx."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from index.formats import Block, Parsed, Unreadable, decode, from_blocks, table_blocks

_ARCHIVE_BYTES = 200 << 20
_ARCHIVE_RATIO = 100
_ARCHIVE_ENTRIES = 10_000


def parse_html(data: bytes) -> Parsed:
    """The main content of a page: no navigation, no comment forms, nothing hidden."""
    import trafilatura
    from lxml import etree

    xml = trafilatura.extract(
        decode(data),
        output_format="xml",
        include_comments=False,
        include_tables=True,
        with_metadata=True,
        favor_recall=True,
    )
    if not xml:
        raise Unreadable("empty: the page has no main text")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(xml.encode(), parser)
    main = root.find("main")
    blocks = [] if main is None else list(_html_blocks(main))
    return from_blocks(blocks, root.get("title") or "")


def _html_blocks(parent: object) -> Iterator[Block]:
    for element in parent:  # type: ignore[attr-defined]
        if element.tag == "head":
            level = element.get("rend") or "h2"
            yield Block(_inner(element), int(level[1]) if level[1:].isdigit() else 2)
        elif element.tag == "list":
            yield Block("\n".join(f"- {_inner(item)}" for item in element.iter("item")))
        elif element.tag == "table":
            rows = [[_inner(cell) for cell in row.iter("cell")] for row in element.iter("row")]
            yield from table_blocks(rows)
        elif element.tag == "code":
            yield Block("".join(element.itertext()))
        elif element.tag in {"quote", "div"} and len(element):
            yield from _html_blocks(element)
        else:
            yield Block(_inner(element))


def _inner(element: object) -> str:
    return " ".join("".join(element.itertext()).split())  # type: ignore[attr-defined]


def parse_docx(data: bytes) -> Parsed:
    """Paragraphs, headings and tables in the order of the body."""
    import docx
    from docx.table import Table

    check_archive(data)
    try:
        document = docx.Document(io.BytesIO(data))
    except (KeyError, ValueError) as error:
        raise Unreadable(f"damaged: not a Word document ({error})") from None
    blocks = list[Block]()
    for item in document.iter_inner_content():
        if isinstance(item, Table):
            blocks += table_blocks([[cell.text for cell in row.cells] for row in item.rows])
        else:
            style = item.style.name if item.style else ""
            blocks.append(Block(_with_bullet(item.text, style), _level(style)))
    return from_blocks(blocks, document.core_properties.title or "")


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
