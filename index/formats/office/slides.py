"""Presentations to text: a page per slide with its title, text, tables and speaker's notes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from index.formats.base import (
    Parsed,
    TextBlock,
    Unreadable,
    from_pages,
    left_out,
)
from index.formats.markup import list_mark, lowered, raised
from index.formats.office.drawings import DRAWING, chart_blocks, diagram_blocks
from index.formats.office.odt import OpenText
from index.formats.office.opendocument import find, open_document, q, words
from index.formats.office.package import ready_package
from index.formats.tables import MergedCell, read_table

if TYPE_CHECKING:
    from lxml.etree import _Element
    from pptx.parts.slide import SlidePart
    from pptx.shapes.autoshape import Shape
    from pptx.shapes.base import BaseShape
    from pptx.shapes.graphfrm import GraphicFrame
    from pptx.slide import Slide as PowerPointSlide
    from pptx.slide import SlideLayout
    from pptx.table import Table

_Some = TypeVar("_Some")
# What stands on every slide alike, as the formats name it.
_FURNITURE = {"DATE", "FOOTER", "HEADER", "SLIDE_NUMBER"}
_ODP_FURNITURE = {"date-time", "footer", "header", "page-number"}
# Shapes whose tops differ by less (in inches) stand side by side.
_ROW_INCHES = 0.25
_UNTITLED = "Slide "
_EMU_PER_INCH = 914_400
_INCHES = {"cm": 1 / 2.54, "mm": 1 / 25.4, "in": 1.0, "pt": 1 / 72}


@dataclass(frozen=True, slots=True)
class _Slide:
    blocks: list[TextBlock]
    is_hidden: bool
    unseen: int = 0


def _from_slides(slides: Iterable[_Slide], title: str, notes: Sequence[str]) -> Parsed:
    """A page per slide; hidden ones keep their number, and their words are counted only."""
    pages, hidden_slides, hidden = list[list[TextBlock]](), list[str](), 0
    for number, slide in enumerate(slides, start=1):
        filled = [block for block in slide.blocks if block.text.strip()]
        pages.append([] if slide.is_hidden else _headed(filled, number))
        hidden += slide.unseen
        if slide.is_hidden:
            hidden += sum(len(block.text) for block in filled)
            hidden_slides.append(f"slide {number} is hidden and left out")
    names = (block.text for page in pages for block in page if block.level)
    title = title or next((name for name in names if not name.startswith(_UNTITLED)), "")
    parsed = from_pages(pages, title)
    return replace(parsed, title=title, hidden=hidden, notes=(*hidden_slides, *notes))


def _headed(page: list[TextBlock], number: int) -> list[TextBlock]:
    """A slide under a heading, since what has none would go on the slide before."""
    return page if not page or page[0].level else [TextBlock(f"{_UNTITLED}{number}", 1), *page]


def _in_order(
    shapes: Iterable[_Some], place: Callable[[_Some], tuple[float, float]]
) -> list[_Some]:
    """Shapes from top to bottom, and from left to right; `place` tells top and left in inches."""
    rows: list[list[_Some]] = []
    for shape in sorted(shapes, key=lambda shape: place(shape)[0]):
        if not rows or place(shape)[0] > place(rows[-1][0])[0] + _ROW_INCHES:
            rows.append([])
        rows[-1].append(shape)
    return [shape for row in rows for shape in sorted(row, key=lambda shape: place(shape)[1])]


def parse_pptx(data: bytes) -> Parsed:
    """Slides in order; on each the title, then what it shows from top to bottom, then its notes."""
    from pptx import Presentation

    try:
        presentation = Presentation(io.BytesIO(ready_package(data)))
    except (KeyError, ValueError) as error:
        raise Unreadable(f"damaged: not a PowerPoint presentation ({error})") from None
    slides = [
        _Slide(
            list(_slide_blocks(slide)),
            slide.element.get("show") in _OFF,
            sum(len(block.text) for shape in _hidden(slide) for block in _shape_blocks(shape)),
        )
        for slide in presentation.slides
    ]
    title = presentation.core_properties.title or ""
    shown = [slide for slide in presentation.slides if slide.element.get("show") not in _OFF]
    pictures = sum(1 for slide in shown for _ in slide.element.iter("{*}pic"))
    told = (
        *left_out("comment", sum(map(_comments, presentation.slides))),
        *left_out("picture", pictures),
    )
    return _from_slides(slides, "" if title == _NO_TITLE else title, told)


_OFF = frozenset({"0", "false"})
# What PowerPoint calls a presentation that nobody gave a title.
_NO_TITLE = "PowerPoint Presentation"


def _hidden(slide: PowerPointSlide) -> list[BaseShape]:
    return [shape for shape in slide.shapes if shape._element.xpath("./*/p:cNvPr[@hidden='1']")]


def _comments(slide: PowerPointSlide) -> int:
    parts = [rel.target_part for rel in slide.part.rels.values() if not rel.is_external]
    contents = [part.blob for part in parts if "comments" in part.content_type]
    return sum(len(re.findall(rb"<(?:\w+:)?cm[ >]", content)) for content in contents)


def _slide_blocks(slide: PowerPointSlide) -> Iterator[TextBlock]:
    title = slide.shapes.title
    if title is not None:
        yield TextBlock(_clean(title.text_frame.text), 1)
    apart = {shape.shape_id for shape in (title, *_hidden(slide)) if shape is not None}
    for shape in _in_order(slide.shapes, _emu_place):
        if shape.shape_id not in apart:
            yield from _shape_blocks(shape)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = _clean(slide.notes_slide.notes_text_frame.text).strip()
        yield TextBlock(f"Notes: {notes}" if notes else "")


def _emu_place(shape: BaseShape) -> tuple[float, float]:
    return (shape.top or 0) / _EMU_PER_INCH, (shape.left or 0) / _EMU_PER_INCH


def _shape_blocks(shape: BaseShape) -> Iterator[TextBlock]:
    from pptx.shapes.autoshape import Shape
    from pptx.shapes.graphfrm import GraphicFrame
    from pptx.shapes.group import GroupShape

    if isinstance(shape, GroupShape):
        for inner in _in_order(shape.shapes, _emu_place):
            yield from _shape_blocks(inner)
    elif isinstance(shape, Shape) and not _is_furniture(shape):
        yield from _paragraphs(shape)
    elif isinstance(shape, GraphicFrame) and shape.has_table:
        yield from _table_blocks(shape.table)
    elif isinstance(shape, GraphicFrame) and shape.has_chart:
        yield from _chart_blocks(shape)
    elif isinstance(shape, GraphicFrame):
        yield from _diagram_blocks(shape)


def _is_furniture(shape: BaseShape) -> bool:
    return shape.is_placeholder and shape.placeholder_format.type.name in _FURNITURE


def _clean(text: str) -> str:
    # python-pptx writes the end of a line within a paragraph so.
    return text.replace("\v", "\n")


def _table_blocks(table: Table) -> list[TextBlock]:
    cells = [list(row.cells) for row in table.rows]
    spans = [
        MergedCell(row, column, cell.span_height, cell.span_width)
        for row, line in enumerate(cells)
        for column, cell in enumerate(line)
        if cell.is_merge_origin
    ]
    return read_table(
        [[_clean(cell.text).strip() for cell in row] for row in cells], spans
    ).blocks()


def _chart_blocks(shape: GraphicFrame) -> Iterator[TextBlock]:
    for name in shape._element.xpath(".//c:chart/@r:id"):
        yield from chart_blocks(shape.part.related_part(name).blob)


def _diagram_blocks(shape: GraphicFrame) -> Iterator[TextBlock]:
    for name in shape._element.xpath(".//@r:dm"):
        yield from diagram_blocks(shape.part.related_part(name).blob)


# --- lists

_BULLETS = tuple(f"{DRAWING}{name}" for name in ("buNone", "buChar", "buAutoNum", "buBlip"))
# An item is indented by so much for each list that it stands in.
_INDENT = 3
_LIST_STYLES = {"alphaLc": "a", "alphaUc": "A", "romanLc": "i", "romanUc": "I"}


def _paragraphs(shape: Shape) -> Iterator[TextBlock]:
    """The paragraphs of a shape, items of lists with their marks."""
    counts = dict[int, int]()
    for paragraph in shape.text_frame.paragraphs:
        depth, text = paragraph.level, _words(paragraph._p)
        bullet = _bullet(shape, paragraph._p, depth)
        counts = {level: count for level, count in counts.items() if level <= depth}
        if not text.strip() or bullet is None or bullet.tag == _BULLETS[0]:
            counts.pop(depth, None)
            yield TextBlock(text)
            continue
        mark = "- "
        if bullet.tag == _BULLETS[2]:
            counts[depth] = counts.get(depth, int(bullet.get("startAt", 1)) - 1) + 1
            style = bullet.get("type", "").partition("P")[0]
            mark = list_mark(counts[depth], _LIST_STYLES.get(style, "1"))
        yield TextBlock(mark + text.strip(), indent=_INDENT * depth)


def _bullet(shape: Shape, paragraph: _Element, depth: int) -> _Element | None:
    """What tells how a paragraph is marked: itself, its shape, or those that the shape follows."""
    level = f"{DRAWING}lvl{depth + 1}pPr"
    places = [paragraph.find(f"{DRAWING}pPr")]
    if shape.is_placeholder:
        kind = shape.placeholder_format.type.name
        above: list[_Element] = [shape._element]
        above += (each._element for each in _inherited(shape))
        places += (each.find(f".//{DRAWING}lstStyle/{level}") for each in above)
        if kind in _BODIES:
            master = _layout(shape).slide_master.element
            places.append(master.find(f".//{{*}}bodyStyle/{level}"))
    else:
        places.append(shape._element.find(f".//{DRAWING}lstStyle/{level}"))
    for place in places:
        for mark in place.iterchildren(*_BULLETS) if place is not None else ():
            return mark
    return None


_BODIES = frozenset({"BODY", "OBJECT", "VERTICAL_BODY", "VERTICAL_OBJECT"})


def _inherited(shape: Shape) -> Iterator[BaseShape]:
    """The placeholders of the layout that a shape follows."""
    number = shape.placeholder_format.idx
    placeholders: Iterable[BaseShape] = _layout(shape).placeholders
    for each in placeholders:
        if each.placeholder_format.idx == number:
            yield each


def _layout(shape: Shape) -> SlideLayout:
    part: SlidePart = shape.part  # type: ignore[assignment]
    return part.slide_layout


def _words(paragraph: _Element) -> str:
    """The text of a paragraph, raised digits as such signs."""
    text = ""
    for child in paragraph.iterchildren("*"):
        if child.tag == f"{DRAWING}br":
            text += "\n"
            continue
        words = "".join(part.text or "" for part in child.iter(f"{DRAWING}t"))
        properties = child.find(f"{DRAWING}rPr")
        height = 0 if properties is None else int(properties.get("baseline", 0))
        text += raised(words) if height > 0 else lowered(text, words) if height < 0 else words
    return text.replace("\v", "\n")


def parse_odp(data: bytes) -> Parsed:
    """Slides in order; on each the title, then what it shows from top to bottom, then its notes."""
    document = open_document(data, "presentation")
    text = OpenText(document)
    hidden = document.styles("style:drawing-page-properties/@presentation:visibility='hidden'")
    slides = [
        _Slide(list(_page_blocks(page, text)), page.get(q("draw:style-name")) in hidden)
        for page in find(document.body, "draw:page")
    ]
    parsed = _from_slides(slides, document.title, document.notes)
    return replace(parsed, hidden=parsed.hidden + document.hidden)


def _page_blocks(page: _Element, text: OpenText) -> Iterator[TextBlock]:
    shapes = [
        shape
        for shape in page
        if shape.tag != q("presentation:notes") and _kind(shape) not in _ODP_FURNITURE
    ]
    titles = [shape for shape in shapes if _kind(shape) == "title"]
    for title in titles:
        yield TextBlock(" ".join(map(words, find(title, ".//text:p"))), 1)
    yield from text.blocks(
        _in_order((shape for shape in shapes if shape not in titles), _length_place)
    )
    lines = find(page, "presentation:notes/draw:frame[@presentation:class='notes']//text:p")
    notes = "\n".join(map(words, lines)).strip()
    yield TextBlock(f"Notes: {notes}" if notes else "")


def _kind(shape: _Element) -> str:
    return str(shape.get(q("presentation:class"), ""))


def _length_place(shape: _Element) -> tuple[float, float]:
    return _inches(shape.get(q("svg:y"), "")), _inches(shape.get(q("svg:x"), ""))


def _inches(length: str) -> float:
    return float(length[:-2]) * _INCHES[length[-2:]] if length[-2:] in _INCHES else 0.0
