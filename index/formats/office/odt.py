"""ODT to text: paragraphs, headings, lists, tables and notes in order, also those of slides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from index.formats.base import Parsed, TextBlock, from_blocks
from index.formats.markup import fenced, list_mark
from index.formats.office.opendocument import (
    ANCHORED,
    OpenDocument,
    find,
    open_document,
    q,
    read_cells,
    tags,
    words,
)
from index.formats.office.sheets import check_size
from index.formats.tables import read_table

if TYPE_CHECKING:
    from lxml.etree import _Element

_PARAGRAPHS = tags("text:p text:h")
_LIST_ITEMS = tags("text:list-item text:list-header")
_NUMBER_LEVEL = q("text:list-level-style-number")
_NAME, _STYLE = q("style:name"), q("text:style-name")
# An item is indented by so much for each list that it stands in.
_INDENT = 3
_LEVELS = 9
_CODE = re.compile(r"Preformatted(?:_20_| )Text|Source(?:_20_| )Code|Code", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _OdtLevel:
    """How the items of a list are numbered at one depth; `shown` is how many levels are told."""

    style: str
    prefix: str
    suffix: str
    start: int
    shown: int


def parse_odt(data: bytes) -> Parsed:
    """Headings, paragraphs, lists and tables in order; deletions and comments are left out."""
    document = open_document(data, "text")
    parsed = from_blocks(list(OpenText(document).blocks(document.body)), document.title)
    return replace(parsed, hidden=document.hidden, notes=document.notes)


class OpenText:
    """Reads the text of an OpenDocument file by its styles."""

    def __init__(self, document: OpenDocument) -> None:
        self._titles = document.styles("@style:name='Title' or @style:parent-style-name='Title'")
        self._raised = document.styles(
            "starts-with(style:text-properties/@style:text-position, 'super')"
        )
        self._parents = {
            style.get(_NAME, ""): style.get(q("style:parent-style-name"), "")
            for part in document.styled
            for style in find(part, ".//style:style[@style:family='paragraph']")
        }
        self._levels = {
            style.get(_NAME, ""): dict(map(_level, style))
            for part in document.styled
            for style in find(part, ".//text:list-style")
        }
        # The counts of lists by their style, for those that go on.
        self._counts = dict[str, list[int]]()

    def blocks(self, elements: Iterable[_Element]) -> Iterator[TextBlock]:
        """Paragraphs, headings, list items and rows in elements, in order.

        Shapes and notes come after the paragraph that they are anchored in.
        """
        for is_code, group in groupby(elements, key=self._is_code):
            if is_code:
                yield TextBlock(fenced("\n".join(map(words, group))))
                continue
            for child in group:
                yield from self._blocks_of(child)

    def _blocks_of(self, child: _Element) -> Iterator[TextBlock]:
        if child.tag in _PARAGRAPHS:
            is_title = child.get(_STYLE) in self._titles
            level = 1 if is_title else _heading_level(child)
            yield TextBlock(words(child, self._raised), level, is_title=is_title)
            yield from self.blocks(_anchored(child))
        elif child.tag == q("text:note"):
            mark = "".join(map(words, find(child, "text:note-citation")))
            yield TextBlock(f"Note {mark}: {' '.join(map(words, find(child, './/text:p')))}")
        elif child.tag == q("text:list"):
            yield from self._list(child, child.get(_STYLE, ""), 0)
        elif child.tag == q("table:table"):
            yield from self._table(child)
        else:
            yield from self.blocks(child)

    def _is_code(self, element: _Element) -> bool:
        name = element.get(_STYLE, "") if element.tag == q("text:p") else ""
        return bool(name) and any(map(_CODE.fullmatch, (name, self._parents.get(name, ""))))

    # --- lists

    def _list(self, listed: _Element, style: str, depth: int) -> Iterator[TextBlock]:
        style = listed.get(_STYLE, style)
        level = self._levels.get(style, {}).get(min(depth, _LEVELS))
        counts = self._counts.setdefault(style, [])
        goes_on = listed.get(q("text:continue-numbering")) == "true"
        goes_on |= listed.get(q("text:continue-list")) is not None
        del counts[depth + goes_on :]
        for item in listed:
            if item.tag in _LIST_ITEMS:
                yield from self._item(item, style, depth, level, counts)

    def _item(
        self, item: _Element, style: str, depth: int, level: _OdtLevel | None, counts: list[int]
    ) -> Iterator[TextBlock]:
        """The blocks of an item: a paragraph in front has its mark, the rest is indented."""
        mark = "- "
        is_marked = len(item) and item[0].tag in _PARAGRAPHS and item.tag == q("text:list-item")
        if level and is_marked:
            while len(counts) <= depth:
                counts.append(level.start - 1 if len(counts) == depth else 1)
            given = item.get(q("text:start-value"), "")
            counts[depth] = int(given) if given.isdecimal() else counts[depth] + 1
            mark = _written(level, counts[: depth + 1])
        for at, child in enumerate(item):
            if child.tag == q("text:list"):
                yield from self._list(child, style, depth + 1)
                continue
            for place, block in enumerate(self._blocks_of(child)):
                is_first = is_marked and not at and not place and block.text.strip()
                text = f"{mark}{block.text.strip()}" if is_first and not block.level else block.text
                yield replace(block, text=text, indent=_INDENT * depth if is_first else 0)

    # --- tables

    def _table(self, table: _Element) -> list[TextBlock]:
        cells, spans = read_cells(table, self._cell)
        bottom = max((row for row, _ in cells), default=-1) + 1
        right = max((column for _, column in cells), default=-1) + 1
        check_size(bottom * right)
        grid = [[cells.get((row, column), "") for column in range(right)] for row in range(bottom)]
        return read_table(grid, spans).blocks(table.get(q("table:name"), ""))

    def _cell(self, cell: _Element) -> str:
        return "\n".join(block.text for block in self.blocks(cell))


def _heading_level(paragraph: _Element) -> int:
    level = int(paragraph.get(q("text:outline-level"), 1))
    return min(level, 6) if paragraph.tag == q("text:h") else 0


def _level(element: _Element) -> tuple[int, _OdtLevel | None]:
    """The depth of a list's level, from 0, and how it is numbered, None for bullets."""
    depth = int(element.get(q("text:level"), 1)) - 1
    style = element.get(q("style:num-format"), "")
    if element.tag != _NUMBER_LEVEL or not style:
        return depth, None
    return depth, _OdtLevel(
        style,
        element.get(q("style:num-prefix"), ""),
        element.get(q("style:num-suffix"), ""),
        int(element.get(q("text:start-value"), 1)),
        int(element.get(q("text:display-levels"), 1)),
    )


def _written(level: _OdtLevel, counts: list[int]) -> str:
    numbers = [str(count) for count in counts[-level.shown : -1]]
    numbers.append(list_mark(counts[-1], level.style).rstrip(" .)"))
    mark = f"{level.prefix}{'.'.join(numbers)}{level.suffix}".strip()
    return f"{mark} " if mark[-1:] in ".)" or len(numbers) > 1 else f"{mark}. "


def _anchored(paragraph: _Element) -> list[_Element]:
    """The outermost shapes and notes in a paragraph."""
    found: list[_Element] = []
    for child in paragraph:
        found += [child] if child.tag in ANCHORED else _anchored(child)
    return found
