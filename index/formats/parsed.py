"""What parsers have in common: the text they give, and the blocks that it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.passages import Heading


class Unreadable(Exception):
    """A file that has no text to index; the message is the reason, for the file's owner."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's text, its title if the file tells one, headings, and page starts (characters).

    `hidden` counts the characters that were left out because no reader of the file sees them;
    `notes` tell its owner what else is not in the text, such as pages that are pictures.
    """

    text: str
    title: str = ""
    headings: tuple[Heading, ...] = ()
    page_starts: tuple[int, ...] = ()
    hidden: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph or, with a level from 1, a heading, on its way to becoming text."""

    text: str
    level: int = 0


def from_blocks(blocks: Sequence[Block], title: str = "") -> Parsed:
    """Join blocks by blank lines; headings become lines that the document knows as such."""
    return replace(from_pages([blocks], title), page_starts=())


def from_pages(pages: Sequence[Sequence[Block]], title: str = "") -> Parsed:
    """Join the blocks of pages; one without text starts where the next page does."""
    parts, headings, starts, position = list[str](), list[Heading](), list[int](), 0
    for blocks in pages:
        starts.append(position)
        for block in blocks:
            text = block.text.strip()
            if not text:
                continue
            if block.level:
                text = " ".join(text.split())
                headings.append(Heading(position, block.level, text))
            parts.append(text)
            position += len(text) + 2
    text = "\n\n".join(parts)
    title = title or (headings[0].text if headings else "")
    return Parsed(text, title, tuple(headings), tuple(min(at, len(text)) for at in starts))


def table_blocks(rows: Sequence[Sequence[str]]) -> list[Block]:
    """A table as a paragraph per row, each cell after its column's name from the first row."""
    if len(rows) < 2:
        return [Block("; ".join(cell for cell in row if cell.strip())) for row in rows]
    header, *body = rows
    blocks = []
    for row in body:
        cells = [
            f"{name.strip()}: {' '.join(cell.split())}" if name.strip() else " ".join(cell.split())
            for name, cell in zip([*header, *[""] * len(row)], row, strict=False)
            if cell.strip()
        ]
        blocks.append(Block("; ".join(cells)))
    return blocks


def left_out(noun: str, count: int) -> tuple[str, ...]:
    """The note that so many of something are not in the text; none for none."""
    if not count:
        return ()
    return (f"{count} {noun}s are left out" if count > 1 else f"1 {noun} is left out",)
