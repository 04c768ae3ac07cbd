"""What parsers have in common: the text they give, and the blocks that it is made of."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from index.types import Heading


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


_BYTES = 200 << 20
_RATIO = 100
_ENTRIES = 10_000
# The least that stands before an entry's data.
_HEADER_BYTES = 30
# What starts Microsoft's container of old formats, and of new ones once they are encrypted.
_OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def check_archive(data: bytes) -> None:
    """Refuse a zip container that would unpack to more than a document can need.

    Raises Unreadable, also for what only looks like an office file of today by its name. Only the
    directory is read; nothing is unpacked.
    """
    if data.startswith(_OLE_MARK):
        if _ENCRYPTED in data:
            raise Unreadable("needs a password")
        raise Unreadable("in an old office format; save it in today's (DOCX, XLSX or PPTX)")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        raise Unreadable("damaged: its zip container cannot be opened") from None
    size = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > _ENTRIES or size > _BYTES:
        raise Unreadable("too large once unpacked")
    # Many names for one piece of packed data unpack to many times its size.
    places = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    if any(start + _HEADER_BYTES + length > end for (start, length), (end, _) in pairwise(places)):
        raise Unreadable("damaged: the entries of its zip container overlap")
    if size > 10 << 20 and size > packed * _RATIO:
        raise Unreadable("packed suspiciously tight, like a zip bomb")


def joined(parts: Sequence[Parsed], title: str = "") -> Parsed:
    """One text of several, with blank lines between; the first heading is the title if none is."""
    texts, headings, position = list[str](), list[Heading](), 0
    for part in parts:
        if not part.text.strip():
            continue
        texts.append(part.text)
        headings += (replace(found, start=position + found.start) for found in part.headings)
        position += len(part.text) + 2
    return Parsed(
        "\n\n".join(texts),
        title or (headings[0].text if headings else ""),
        tuple(headings),
        hidden=sum(part.hidden for part in parts),
        notes=tuple(note for part in parts for note in part.notes),
    )


def below(heading: str, part: Parsed) -> Parsed:
    """A text below a heading of level 1, its own headings each one deeper."""
    line = " ".join(heading.split())
    own = Heading(0, 1, line)
    shifted = (
        replace(found, start=found.start + len(line) + 2, level=found.level + 1)
        for found in part.headings
    )
    return replace(part, text=f"{line}\n\n{part.text}", headings=(own, *shifted), page_starts=())
