"""OpenDocument files: their container, the words of paragraphs, and the cells of tables.

Its XML is read as such, since what a file hides, deletes and repeats is told by attributes there.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from index.formats.base import Unreadable, left_out
from index.formats.containers.archive import check_archive
from index.formats.markup import raised
from index.formats.office.sheets import Place, check_size
from index.formats.tables import MergedCell

if TYPE_CHECKING:
    from lxml.etree import _Element

_FAMILIES = {
    "draw": "drawing",
    "manifest": "manifest",
    "office": "office",
    "presentation": "presentation",
    "style": "style",
    "svg": "svg-compatible",
    "table": "table",
    "text": "text",
}
_NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    **{
        prefix: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"
        for prefix, name in _FAMILIES.items()
    },
}


def q(name: str) -> str:
    """A name like `text:p` as lxml writes it."""
    prefix, _, local = name.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


def tags(names: str) -> frozenset[str]:
    """Several such names, apart by blanks."""
    return frozenset(map(q, names.split()))


# Text that is not the document's: remarks, what was deleted, lists of its own headings.
_LEFT_OUT = tags(
    "office:annotation text:tracked-changes text:table-of-content text:illustration-index"
    " text:table-index text:object-index text:alphabetical-index text:ruby-text svg:title svg:desc"
)
# What is anchored in a paragraph or cell, and stands after it.
ANCHORED = tags(
    "draw:frame draw:g draw:a draw:custom-shape draw:rect draw:ellipse draw:circle draw:line"
    " draw:connector draw:polygon draw:polyline draw:path draw:caption text:note"
)
ROWS = tags("table:table-header-rows table:table-rows table:table-row-group")
_CELLS = tags("table:table-cell table:covered-table-cell")
_MARKS = {q("text:s"): " ", q("text:tab"): "\t", q("text:line-break"): "\n"}
_HIDDEN = "hidden"
_BLANKS = re.compile(r"[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """The body of a file without what is left out of it, its title, and the parts with styles.

    `hidden` counts the characters of text that was hidden, and `notes` tell of comments.
    """

    body: _Element
    title: str
    styled: tuple[_Element, ...]
    hidden: int
    notes: tuple[str, ...]

    def styles(self, condition: str) -> frozenset[str]:
        """The names of the styles of which an XPath condition holds."""
        path = f".//style:style[{condition}]/@style:name"
        return frozenset(name for part in self.styled for name in find(part, path))


def find(element: _Element, path: str) -> list[_Element]:
    """What an XPath finds below an element."""
    found: list[_Element] = element.xpath(path, namespaces=_NAMESPACES)
    return found


def open_document(data: bytes, kind: str) -> OpenDocument:
    """Open a file whose body is of a kind: text, spreadsheet or presentation.

    Raises Unreadable for a password or another kind.
    """
    check_archive(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if b"encryption-data" in _read(archive, "META-INF/manifest.xml"):
            raise Unreadable("needs a password")
        names = ("content.xml", "styles.xml", "meta.xml")
        content, styles, meta = (_parse(_read(archive, name)) for name in names)
    bodies = find(content, f"office:body/office:{kind}")
    if not bodies:
        raise Unreadable(f"damaged: not an OpenDocument {kind}")
    document = OpenDocument(bodies[0], _title(meta), (content, styles), 0, ())
    return _without_unseen(document)


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    return archive.read(name) if name in archive.namelist() else b""


def _parse(content: bytes) -> _Element:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, huge_tree=True, remove_comments=True)
    return etree.fromstring(content or b"<none/>", parser)


def _title(meta: _Element) -> str:
    return "".join(find(meta, ".//dc:title/text()")).strip()


def _without_unseen(document: OpenDocument) -> OpenDocument:
    from lxml import etree

    body = document.body
    comments = len(find(body, ".//office:annotation[not(ancestor::text:tracked-changes)]"))
    etree.strip_elements(body, *_LEFT_OUT, with_tail=False)
    names = document.styles("style:text-properties/@text:display='none'")
    for element in find(body, ".//text:*[@text:style-name] | .//text:section"):
        is_hidden = element.get(q("text:style-name")) in names
        if is_hidden or element.get(q("text:display")) == "none":
            element.tag = _HIDDEN
    hidden = sum(len(words(element)) for element in find(body, f".//{_HIDDEN}"))
    etree.strip_elements(body, _HIDDEN, with_tail=False)
    pictures = len(find(body, ".//draw:frame[draw:image and not(draw:object)]"))
    notes = (*left_out("comment", comments), *left_out("picture", pictures))
    return replace(document, hidden=hidden, notes=notes)


def words(element: _Element, raised_styles: frozenset[str] = frozenset()) -> str:
    """The text of a paragraph, without what is anchored in it; raised digits as such signs."""
    return "".join(_pieces(element, raised_styles))


def _pieces(element: _Element, raised_styles: frozenset[str]) -> Iterator[str]:
    yield _BLANKS.sub(" ", element.text or "")
    for child in element:
        if child.tag in _MARKS:
            yield _MARKS[child.tag] * int(child.get(q("text:c"), 1))
        elif child.tag not in ANCHORED:
            inside = "".join(_pieces(child, raised_styles))
            is_raised = child.get(q("text:style-name")) in raised_styles
            yield raised(inside) if is_raised else inside
        yield _BLANKS.sub(" ", child.tail or "")


def read_cells(
    table: _Element, text: Callable[[_Element], str]
) -> tuple[dict[Place, str], list[MergedCell]]:
    """The cells of a table that hold text, by row and column from 0, and its merged cells.

    Raises Unreadable for more cells than a document can need.
    """
    cells, spans = dict[Place, str](), list[MergedCell]()
    for row, rows, element in numbered(table, ROWS, q("table:table-row")):
        for column, columns, cell in numbered(element, frozenset(), *_CELLS):
            words = text(cell) if len(cell) or cell.attrib else ""
            if not words:
                continue
            check_size(len(cells) + rows * columns)
            cells |= {(row + y, column + x): words for y in range(rows) for x in range(columns)}
            down, across = (int(cell.get(q(name), 1)) for name in _SPANNED)
            if down * across > 1:
                spans.append(MergedCell(row, column, down, across))
    return cells, spans


_SPANNED = ("table:number-rows-spanned", "table:number-columns-spanned")
_REPEATED = ("table:number-rows-repeated", "table:number-columns-repeated")


def numbered(
    parent: _Element, groups: frozenset[str], *tags: str
) -> Iterator[tuple[int, int, _Element]]:
    """Rows, columns or cells, also in groups: the number of each, from 0, and how often it is."""
    position = 0
    for child in _ungrouped(parent, groups):
        if child.tag in tags:
            times = max(int(child.get(q(name), 1)) for name in _REPEATED)
            yield position, times, child
            position += times


def _ungrouped(parent: _Element, groups: frozenset[str]) -> Iterator[_Element]:
    for child in parent:
        if child.tag in groups:
            yield from _ungrouped(child, groups)
        else:
            yield child
