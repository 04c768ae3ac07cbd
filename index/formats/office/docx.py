"""DOCX to text: paragraphs, headings, tables, text boxes and notes in order, by python-docx."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from index.formats.base import Parsed, TextBlock, Unreadable, from_blocks, left_out
from index.formats.containers.archive import check_archive
from index.formats.tables import MergedCell, read_table

if TYPE_CHECKING:
    from docx.document import Document
    from docx.styles.style import BaseStyle
    from docx.table import Table
    from docx.text.paragraph import Paragraph
    from lxml.etree import _Element

_NOTES = ("footnote", "endnote")
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_WORDS = (
    ".//*[self::w:t or self::w:tab[not(parent::w:tabs)] or self::w:br or self::w:cr"
    " or self::w:noBreakHyphen]"
)
_MARKS = {"br": "\n", "cr": "\n", "tab": "\t", "noBreakHyphen": "-"}


def parse_docx(data: bytes) -> Parsed:
    """The body as it reads with tracked changes accepted, without comments and hidden text.

    Text boxes and notes come after the paragraph that they are anchored in, so that they stand
    under its heading.
    """
    import docx

    check_archive(data)
    try:
        document = docx.Document(io.BytesIO(data))
    except (KeyError, ValueError) as error:
        raise Unreadable(f"damaged: not a Word document ({error})") from None
    body = document.element.body
    notes = _notes(document)
    styles = {style.style_id for style in document.styles if _hides(style)}
    hidden = sum(_drop_unseen(root, styles) for root in (body, *notes.values()))
    parsed = from_blocks(
        list(_Word(document, notes).blocks(body)), document.core_properties.title or ""
    )
    comments = left_out("comment", len(_part(document, "comment")))
    return replace(parsed, hidden=hidden, notes=comments)


def _find(element: _Element, path: str) -> list[_Element]:
    """What an XPath finds, also below elements for which python-docx has no class of its own."""
    from docx.oxml.ns import nsmap
    from lxml import etree

    found: list[_Element] = etree.ElementBase.xpath(element, path, namespaces=nsmap)
    return found


def _part(document: Document, name: str) -> list[_Element]:
    """The notes or comments of a file, which are kept in a part of their own."""
    from docx.oxml import parse_xml

    return [
        note
        for rel in document.part.rels.values()
        if not rel.is_external and rel.reltype.endswith(f"/{name}s")
        for note in _find(parse_xml(rel.target_part.blob), f"w:{name}")
    ]


def _notes(document: Document) -> dict[tuple[str, str], _Element]:
    """Footnotes and endnotes by their kind and the id that references name."""
    return {
        (kind, "".join(_find(note, "@w:id"))): note
        for kind in _NOTES
        for note in _part(document, kind)
    }


def _drop_unseen(root: _Element, styles: Set[str]) -> int:
    """Take out what was deleted, hidden text, and the copies of text boxes for old programs.

    Returns the characters of hidden text.
    """
    from docx.oxml.ns import qn
    from lxml import etree

    gone = (qn("w:del"), qn("w:moveFrom"), f"{_COMPATIBILITY}Fallback")
    etree.strip_elements(root, *gone, with_tail=False)
    runs = _find(root, ".//w:r" if styles else ".//w:r[w:rPr/w:vanish]")
    hidden = [run for run in runs if _is_hidden(run, styles)]
    for run in hidden:
        run.getparent().remove(run)
    return sum(len(text.text or "") for run in hidden for text in _find(run, "w:t"))


def _is_hidden(run: _Element, styles: Set[str]) -> bool:
    for own in _find(run, "w:rPr/w:vanish"):
        return not _find(own, "@w:val[.='0' or .='false' or .='off']")
    named = "w:rPr/w:rStyle/@w:val | ancestor::w:p[1]/w:pPr/w:pStyle/@w:val"
    return not styles.isdisjoint(_find(run, named))


def _hides(style: BaseStyle | None) -> bool:
    from docx.styles.style import CharacterStyle

    while isinstance(style, CharacterStyle):
        if style.font.hidden is not None:
            return bool(style.font.hidden)
        style = style.base_style
    return False


@dataclass(frozen=True, slots=True)
class _Word:
    """A document, and its notes by their kind and id."""

    document: Document
    notes: Mapping[tuple[str, str], _Element]

    def blocks(self, parent: _Element) -> Iterator[TextBlock]:
        """What stands in the body, a cell, a text box or a note, in order."""
        from docx.table import Table

        for item in _items(parent, self.document):
            if isinstance(item, Table):
                yield from self._table(item)
                continue
            style = item.style.name if item.style else ""
            if not style.lower().startswith("toc "):  # a table of contents
                yield TextBlock(_with_bullet(_words(item), style), _level(style))
            for box in _own(item, ".//w:txbxContent"):
                yield from self.blocks(box)
            for kind in _NOTES:
                for reference in _own(item, f".//w:{kind}Reference"):
                    yield self._note(kind, "".join(_find(reference, "@w:id")))

    def _note(self, kind: str, name: str) -> TextBlock:
        note = self.notes.get((kind, name))
        texts = [] if note is None else [block.text for block in self.blocks(note)]
        text = "\n".join(texts).strip()
        return TextBlock(f"{kind.capitalize()}: {text}" if text else "")

    def _table(self, table: Table) -> list[TextBlock]:
        """A cell that covers several is the same element in each of their places."""
        rows = list[list[str]]()
        places: dict[_Element, list[tuple[int, int]]] = {}
        for number, row in enumerate(table.rows):
            before = row.grid_cols_before
            cells = [cell._tc for cell in row.cells]
            for column, cell in enumerate(cells, start=before):
                places.setdefault(cell, []).append((number, column))
            rows.append([""] * (before + len(cells)))
        spans = []
        for cell, at in places.items():
            (top, left), (bottom, right) = at[0], at[-1]
            rows[top][left] = "\n".join(block.text for block in self.blocks(cell)).strip()
            if len(at) > 1:
                spans.append(MergedCell(top, left, bottom - top + 1, right - left + 1))
        return read_table(rows, spans).blocks()


def _items(parent: _Element, owner: Document) -> Iterator[Paragraph | Table]:
    """Paragraphs and tables in order, also in content controls, which python-docx passes over."""
    from docx.oxml.ns import qn
    from docx.table import Table
    from docx.text.paragraph import Paragraph

    around = {qn(name) for name in ("w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:moveTo")}
    for element in parent.iterchildren():
        if element.tag == qn("w:p"):
            yield Paragraph(element, owner)
        elif element.tag == qn("w:tbl"):
            yield Table(element, owner)
        elif element.tag in around:
            yield from _items(element, owner)


def _words(paragraph: Paragraph) -> str:
    """The text of a paragraph, also what tracked changes inserted, unlike python-docx's."""
    pieces = _own(paragraph, _WORDS)
    return "".join(_MARKS.get(piece.tag.rpartition("}")[2], piece.text or "") for piece in pieces)


def _own(paragraph: Paragraph, path: str) -> list[_Element]:
    """What an XPath finds in a paragraph, but not in those of its text boxes."""
    return [
        element
        for element in _find(paragraph._p, path)
        if next(element.iterancestors(paragraph._p.tag)) is paragraph._p
    ]


def _level(style: str) -> int:
    if style == "Title":
        return 1
    name, _, number = style.partition(" ")
    return min(int(number), 6) if name == "Heading" and number.isdigit() else 0


def _with_bullet(text: str, style: str) -> str:
    return f"- {text}" if style.startswith("List") and text.strip() else text
