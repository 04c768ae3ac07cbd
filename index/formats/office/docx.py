"""DOCX to text: paragraphs, headings, lists, tables, text boxes and notes in order."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from index.formats.base import Parsed, TextBlock, Unreadable, from_blocks, left_out
from index.formats.markup import fenced
from index.formats.office.drawings import chart_blocks, diagram_blocks
from index.formats.office.package import ready_package
from index.formats.office.word_styles import (
    INDENT,
    Numbering,
    Styles,
    is_on,
    item_of,
    outline_level,
    value,
    w,
)
from index.formats.office.word_text import paragraph_words
from index.formats.tables import MergedCell, read_table

if TYPE_CHECKING:
    from docx.document import Document
    from lxml.etree import _Element

_NOTES = ("footnote", "endnote")
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/"
_DIAGRAM = f"{_DRAWING}diagram}}relIds"
# Around paragraphs, tables, rows and cells: content controls, marks of macros, what was inserted.
_AROUND = frozenset(map(w, ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag")))
# What stands around the numbers of pages.
_PAGE_WORDS = frozenset(
    "page pages of p. pg. seite s. von página pagina di de sur strana z".split()
)
_CODE_STYLES = frozenset(
    {"code", "code block", "source code", "html preformatted", "preformatted text", "macro text"}
)
_PICTURES = (f"{_DRAWING}picture}}pic", "{urn:schemas-microsoft-com:vml}imagedata")
_FIELDS = frozenset({w("fldChar"), w("instrText"), w("fldSimple")})


def parse_docx(data: bytes) -> Parsed:
    """The body as it reads with tracked changes accepted, without comments and hidden text.

    What stands at the head and foot of every page comes first, once. Text boxes and notes come
    after the paragraph that they are anchored in, so that they stand under its heading.
    """
    import docx

    try:
        document = docx.Document(io.BytesIO(ready_package(data)))
    except (KeyError, ValueError) as error:
        raise Unreadable(f"damaged: not a Word document ({error})") from None
    body, notes = document.element.body, _notes(document)
    margins = [element for name in ("header", "footer") for element in _parts(document, name)]
    styles = Styles(_root(document, "styles"))
    hidden = sum(_drop_unseen(root, styles) for root in (body, *notes.values(), *margins))
    word = _Word(styles, Numbering(_root(document, "numbering")), notes, _drawings(document))
    blocks = [*word.margins(margins), *word.blocks(body)]
    parsed = from_blocks(blocks, document.core_properties.title or "")
    comments = [c for part in _parts(document, "comments") for c in part.iter(w("comment"))]
    pictures = sum(1 for root in (body, *notes.values()) for _ in root.iter(*_PICTURES))
    told = (
        *(("heads and feet of pages are kept once",) if word.margins(margins) else ()),
        *left_out("comment", len(comments)),
        *left_out("picture", pictures),
    )
    return replace(parsed, hidden=hidden, notes=told)


def _parts(document: Document, name: str) -> list[_Element]:
    """The roots of the parts of a kind, such as notes, which are kept apart from the body."""
    from docx.oxml import parse_xml

    parts = {
        rel.target_part.partname: rel.target_part.blob
        for rel in document.part.rels.values()
        if not rel.is_external and rel.reltype.rpartition("/")[2] == name
    }
    return [parse_xml(blob) for blob in parts.values() if blob.strip()]


def _root(document: Document, name: str) -> _Element | None:
    return next(iter(_parts(document, name)), None)


def _notes(document: Document) -> dict[tuple[str, str], _Element]:
    """Footnotes and endnotes by their kind and the id that references name."""
    return {
        (kind, note.get(w("id"), "")): note
        for kind in _NOTES
        for part in _parts(document, f"{kind}s")
        for note in part.iter(w(kind))
    }


def _drawings(document: Document) -> dict[str, list[TextBlock]]:
    """The words of charts and diagrams by the relationship that names them."""
    readers = {"chart": chart_blocks, "diagramData": diagram_blocks}
    return {
        name: list(readers[kind](rel.target_part.blob))
        for name, rel in document.part.rels.items()
        if not rel.is_external and (kind := rel.reltype.rpartition("/")[2]) in readers
    }


def _drop_unseen(root: _Element, styles: Styles) -> int:
    """Take out what was deleted, hidden text, and the copies of text boxes for old programs.

    Returns the characters of hidden text.
    """
    from lxml import etree

    etree.strip_elements(
        root, w("del"), w("moveFrom"), f"{_COMPATIBILITY}Fallback", with_tail=False
    )
    hidden = [run for run in root.iter(w("r")) if _is_hidden(run, styles)]
    for run in hidden:
        run.getparent().remove(run)
    return sum(len(text.text or "") for run in hidden for text in run.iter(w("t")))


def _is_hidden(run: _Element, styles: Styles) -> bool:
    own = is_on(run, "rPr/vanish")
    if own is not None or not styles.has_hidden:
        return bool(own)
    paragraph = next(run.iterancestors(w("p")), None)
    names = (value(run, "rPr/rStyle"), value(paragraph, "pPr/pStyle"))
    return any(styles.get(name).is_hidden for name in names if name)


@dataclass
class _Word:
    """A document's styles, numbering and notes, by which its paragraphs are read in order."""

    styles: Styles
    numbering: Numbering
    notes: Mapping[tuple[str, str], _Element]
    drawings: Mapping[str, Sequence[TextBlock]]

    def margins(self, parts: list[_Element]) -> list[TextBlock]:
        """What heads and feet of pages say, each once, without what counts the pages alone."""
        texts = dict[str, None]()
        for part in parts:
            for block in self.blocks(part):
                words = " ".join(block.text.split())
                if any(map(str.isalpha, words)):
                    texts.setdefault(words)
        is_counted = any(next(part.iter(*_FIELDS), None) is not None for part in parts)
        kept = [text for text in texts if not (is_counted and _counts_pages(text))]
        return [TextBlock("\n".join(kept))] if kept else []

    def blocks(self, parent: _Element) -> Iterator[TextBlock]:
        """What stands in the body, a cell, a text box or a note, in order."""
        for is_code, elements in groupby(_items(parent, w("p"), w("tbl")), key=self._is_code):
            if is_code:
                lines = (paragraph_words(element, self.styles) for element in elements)
                yield TextBlock(fenced("\n".join(lines)))
                continue
            for element in elements:
                is_table = element.tag == w("tbl")
                yield from self._table(element) if is_table else self._with_anchored(element)

    def _with_anchored(self, paragraph: _Element) -> Iterator[TextBlock]:
        """A paragraph, then its charts, diagrams, text boxes and notes."""
        yield from self._paragraph(paragraph)
        for drawing in (*_own(paragraph, f"{_DRAWING}chart}}chart"), *_own(paragraph, _DIAGRAM)):
            for name in drawing.attrib.values():
                yield from self.drawings.get(name, ())
        for box in _own(paragraph, w("txbxContent")):
            yield from self.blocks(box)
        for kind in _NOTES:
            for reference in _own(paragraph, w(f"{kind}Reference")):
                yield self._note(kind, reference.get(w("id"), ""))

    def _is_code(self, element: _Element) -> bool:
        style = self.styles.get(value(element, "pPr/pStyle") or "")
        return element.tag == w("p") and style.name.lower() in _CODE_STYLES

    def _paragraph(self, paragraph: _Element) -> Iterator[TextBlock]:
        properties = paragraph.find(w("pPr"))
        style = self.styles.get(value(properties, "pStyle") or "")
        if style.name.lower().startswith("toc "):  # a table of contents
            return
        text = paragraph_words(paragraph, self.styles).strip()
        item = item_of(properties, style.item)
        if not text:
            return
        level = outline_level(properties) or style.level
        mark = self.numbering.mark(item) if item else ""
        if not item and style.name.startswith(("List Bullet", "List Number")):
            mark = "- "
        indent = INDENT * item[1] if item and not level else 0
        yield TextBlock(mark + text, level, indent=indent, is_title=style.is_title)

    def _note(self, kind: str, name: str) -> TextBlock:
        note = self.notes.get((kind, name))
        texts = [] if note is None else [block.text for block in self.blocks(note)]
        text = "\n".join(texts).strip()
        return TextBlock(f"{kind.capitalize()}: {text}" if text else "")

    def _table(self, table: _Element) -> list[TextBlock]:
        rows, spans = list[list[str]](), list[MergedCell]()
        open_cells = dict[int, int]()  # by column, where in `spans` the cell above is
        is_merged = dict[int, bool]()
        for number, row in enumerate(_items(table, w("tr"))):
            before = _count(row, "trPr/gridBefore", 0)
            texts, below = [""] * before, dict[int, int]()
            for cell in _items(row, w("tc")):
                column, width = len(texts), _count(cell, "tcPr/gridSpan", 1)
                above = open_cells.get(column, -1)
                # A cell goes on the one above only if that is merged too; else it is its own.
                merged = value(cell, "tcPr/vMerge")
                goes_on = merged in ("continue", "") and above >= 0 and is_merged.get(above)
                if goes_on and spans[above].columns == width:
                    spans[above] = replace(spans[above], rows=number - spans[above].row + 1)
                    below[column] = above
                    texts += [""] * width
                    continue
                below[column] = len(spans)
                is_merged[len(spans)] = merged is not None
                spans.append(MergedCell(number, column, 1, width))
                text = "\n".join(block.text for block in self.blocks(cell)).strip()
                texts += [text, *[""] * (width - 1)]
            rows.append(texts)
            open_cells = below
        return read_table(rows, [span for span in spans if span.rows * span.columns > 1]).blocks()


def _counts_pages(text: str) -> bool:
    words = [word.lower() for word in text.split() if any(map(str.isalpha, word))]
    return any(map(str.isdigit, text)) and _PAGE_WORDS.issuperset(words)


def _count(element: _Element, path: str, default: int) -> int:
    """A number of columns, of which no table has more than a thousand."""
    text = value(element, path) or ""
    return min(int(text), 1000) if text.isdecimal() and int(text) else default


def _items(parent: _Element, *names: str) -> Iterator[_Element]:
    """Elements of these names in order, also in content controls and in what was inserted."""
    for element in parent.iterchildren("*"):
        if element.tag in names:
            yield element
        elif element.tag in _AROUND:
            yield from _items(element, *names)


def _own(paragraph: _Element, name: str) -> list[_Element]:
    """Elements of a name in a paragraph, but not in those of its text boxes."""
    return [
        element
        for element in paragraph.iter(name)
        if next(element.iterancestors(w("p"))) is paragraph
    ]
