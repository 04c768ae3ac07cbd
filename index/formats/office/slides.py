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
from index.formats.containers.archive import check_archive
from index.formats.office.opendocument import blocks, find, open_document, q, words
from index.formats.office.workbooks import shown
from index.formats.tables import MergedCell, read_table, table_blocks

if TYPE_CHECKING:
    from lxml.etree import _Element
    from pptx.chart.chart import Chart
    from pptx.shapes.base import BaseShape
    from pptx.shapes.graphfrm import GraphicFrame
    from pptx.slide import Slide as PowerPointSlide
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

    check_archive(data)
    try:
        presentation = Presentation(io.BytesIO(data))
    except (KeyError, ValueError) as error:
        raise Unreadable(f"damaged: not a PowerPoint presentation ({error})") from None
    slides = [
        _Slide(
            list(_slide_blocks(slide)),
            slide.element.get("show") in {"0", "false"},
            sum(len(block.text) for shape in _hidden(slide) for block in _shape_blocks(shape)),
        )
        for slide in presentation.slides
    ]
    title = presentation.core_properties.title or ""
    comments = left_out("comment", sum(map(_comments, presentation.slides)))
    return _from_slides(slides, "" if title == _NO_TITLE else title, comments)


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
        for paragraph in shape.text_frame.paragraphs:
            yield TextBlock(_clean(paragraph.text))
    elif isinstance(shape, GraphicFrame) and shape.has_table:
        yield from _table_blocks(shape.table)
    elif isinstance(shape, GraphicFrame) and shape.has_chart:
        yield from _chart_blocks(shape.chart)
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


def _chart_blocks(chart: Chart) -> Iterator[TextBlock]:
    """The title of a chart, and for each category what its series say."""
    title = ""
    if chart.has_title and chart.chart_title.has_text_frame:
        title = _clean(chart.chart_title.text_frame.text)
        yield TextBlock(title)
    for plot in chart.plots:
        series = list(plot.series)
        values = zip(*(one.values for one in series), strict=False)
        rows = [
            [str(category), *("" if value is None else shown(value) for value in of_each)]
            for category, of_each in zip(plot.categories, values, strict=False)
        ]
        yield from table_blocks([["", *(one.name for one in series)], *rows], title)


def _diagram_blocks(shape: GraphicFrame) -> Iterator[TextBlock]:
    """The texts of a diagram (SmartArt), which python-pptx does not know."""
    from lxml import etree

    for name in shape._element.xpath(".//@r:dm"):
        diagram = etree.fromstring(shape.part.related_part(name).blob)
        for paragraph in diagram.iterfind(f".//{_DRAWING}p"):
            yield TextBlock("".join(text.text or "" for text in paragraph.iter(f"{_DRAWING}t")))


_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


def parse_odp(data: bytes) -> Parsed:
    """Slides in order; on each the title, then what it shows from top to bottom, then its notes."""
    document = open_document(data, "presentation")
    hidden = document.styles("style:drawing-page-properties/@presentation:visibility='hidden'")
    slides = [
        _Slide(list(_page_blocks(page)), page.get(q("draw:style-name")) in hidden)
        for page in find(document.body, "draw:page")
    ]
    parsed = _from_slides(slides, document.title, document.notes)
    return replace(parsed, hidden=parsed.hidden + document.hidden)


def _page_blocks(page: _Element) -> Iterator[TextBlock]:
    shapes = [
        shape
        for shape in page
        if shape.tag != q("presentation:notes") and _kind(shape) not in _ODP_FURNITURE
    ]
    titles = [shape for shape in shapes if _kind(shape) == "title"]
    for title in titles:
        yield TextBlock(" ".join(map(words, find(title, ".//text:p"))), 1)
    yield from blocks(_in_order((shape for shape in shapes if shape not in titles), _length_place))
    lines = find(page, "presentation:notes/draw:frame[@presentation:class='notes']//text:p")
    notes = "\n".join(map(words, lines)).strip()
    yield TextBlock(f"Notes: {notes}" if notes else "")


def _kind(shape: _Element) -> str:
    return str(shape.get(q("presentation:class"), ""))


def _length_place(shape: _Element) -> tuple[float, float]:
    return _inches(shape.get(q("svg:y"), "")), _inches(shape.get(q("svg:x"), ""))


def _inches(length: str) -> float:
    return float(length[:-2]) * _INCHES[length[-2:]] if length[-2:] in _INCHES else 0.0
