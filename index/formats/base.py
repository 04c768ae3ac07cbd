"""What parsers have in common: the text they give, and the blocks that it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from index.types import Heading, RowSpans, Span, Table


class Unreadable(Exception):
    """A file that has no text to index; the message is the reason, for the file's owner."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's text, its title if it has one, headings, page starts (characters) and tables.

    `hidden` counts the characters that were left out because no reader of the file sees them;
    `notes` tell its owner what else is not in the text, such as pages that are pictures. With
    `goes_on`, a sync later reads more of it, which is slow to read.
    """

    text: str
    title: str = ""
    headings: tuple[Heading, ...] = ()
    page_starts: tuple[int, ...] = ()
    hidden: int = 0
    notes: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    goes_on: bool = False


@dataclass(frozen=True, eq=False)
class TableHead:
    """What the rows of one table share: the names of its columns, and its title or ""."""

    columns: tuple[str, ...]
    caption: str = ""

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What stands before the cells of each column, "host: "."""
        return tuple(f"{name}: " if name else "" for name in self.columns)

    @cached_property
    def gaps(self) -> tuple[int, ...]:
        """How many characters stand between the cells of a full row, and before the first."""
        return tuple(len(label) + 2 * bool(at) for at, label in enumerate(self.labels))

    @cached_property
    def template(self) -> str:
        """A full row, with %s for each cell."""
        return "; ".join(f"{label.replace('%', '%%')}%s" for label in self.labels)


_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A paragraph, a heading (with a level from 1) or a table's row, on its way to becoming text.

    A row has the spans of its cells in the block's text, and its table. `indent` is by how many
    blanks an item of a list inside another one is indented. `is_title` tells a heading of level 1
    that has the style of a document's title.
    """

    text: str
    level: int = 0
    cells: tuple[Span | None, ...] = ()
    table: TableHead | None = None
    indent: int = 0
    is_title: bool = False


def from_blocks(blocks: Iterable[TextBlock], title: str = "") -> Parsed:
    """Join blocks by blank lines; headings become lines that the document knows as such."""
    return replace(from_pages([_below_title(list(blocks))], title), page_starts=())


def _below_title(blocks: list[TextBlock]) -> list[TextBlock]:
    """The blocks, with the other headings a level deeper if the first heading is the title.

    Word's "Title" and "Heading 1" are of the same level, and yet a title stands above all.
    """
    headings = [block for block in blocks if block.level]
    others = [block for block in headings if not block.is_title]
    if not headings or not headings[0].is_title or all(block.level > 1 for block in others):
        return blocks
    return [
        replace(block, level=min(block.level + 1, _DEEPEST))
        if block.level and not block.is_title
        else block
        for block in blocks
    ]


def from_pages(pages: Sequence[Iterable[TextBlock]], title: str = "") -> Parsed:
    """Join the blocks of pages; one without text starts where the next page does."""
    parts, headings, starts, position = list[str](), list[Heading](), list[int](), 0
    tables = TableCollector()
    for blocks in pages:
        starts.append(position)
        for block in blocks:
            text = block.text.strip()
            if not text:
                continue
            if block.level:
                text = " ".join(text.split())
                headings.append(Heading(position, block.level, text))
            text = " " * block.indent + text
            if block.table:
                tables.add(block, position)
            parts.append(text)
            position += len(text) + 2
    text = "\n\n".join(parts)
    title = title or (headings[0].text if headings else "")
    page_starts = tuple(min(at, len(text)) for at in starts)
    return Parsed(text, title, tuple(headings), page_starts, tables=tables.found())


class TableCollector:
    """Collects rows in the order of their text; those that share a head are of one table."""

    def __init__(self) -> None:
        self._tables = list[tuple[TableHead, RowSpans]]()

    def add(self, row: TextBlock, position: int) -> None:
        """Add the row that stands next, whose stripped text starts at a position."""
        head, text = row.table, row.text
        if head is None:
            return
        if not self._tables or self._tables[-1][0] is not head:
            self._tables.append((head, RowSpans()))
        moved = position - (len(text) - len(text.lstrip()))
        self._tables[-1][1].add(position, position + len(text.strip()), row.cells, moved)

    def found(self) -> tuple[Table, ...]:
        """The tables in order."""
        return tuple(Table(head.columns, rows, caption=head.caption) for head, rows in self._tables)


def left_out(noun: str, count: int) -> tuple[str, ...]:
    """The note that so many of something are not in the text; none for none."""
    if not count:
        return ()
    return (f"{count} {noun}s are left out" if count > 1 else f"1 {noun} is left out",)


def joined(parts: Sequence[Parsed], title: str = "") -> Parsed:
    """One text of several, with blank lines between; the first heading is the title if none is."""
    texts, headings, tables, position = list[str](), list[Heading](), list[Table](), 0
    for part in parts:
        if not part.text.strip():
            continue
        texts.append(part.text)
        tables += moved(part.tables, position)
        headings += (replace(found, start=position + found.start) for found in part.headings)
        position += len(part.text) + 2
    return Parsed(
        "\n\n".join(texts),
        title or (headings[0].text if headings else ""),
        tuple(headings),
        hidden=sum(part.hidden for part in parts),
        notes=tuple(note for part in parts for note in part.notes),
        tables=tuple(tables),
        goes_on=any(part.goes_on for part in parts),
    )


def moved(tables: Sequence[Table], by: int) -> tuple[Table, ...]:
    """Tables of a text that stands so many characters further down in another one."""
    return tuple(table.mapped(lambda position: position + by) for table in tables)


def below(heading: str, part: Parsed) -> Parsed:
    """A text below a heading of level 1, its own headings each one deeper."""
    line = " ".join(heading.split())
    before = len(line) + 2
    shifted = (
        replace(found, start=found.start + before, level=found.level + 1) for found in part.headings
    )
    return replace(
        part,
        text=f"{line}\n\n{part.text}" if part.text else line,
        headings=(Heading(0, 1, line), *shifted),
        page_starts=(),
        tables=moved(part.tables, before),
    )
