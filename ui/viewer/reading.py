"""The reading report of a document: its text as it was understood, block by block."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby
from typing import NamedTuple

from markupsafe import Markup

from index.text.blocks import blocks_of
from index.types import Block, BlockKind, Document, omissions
from ui.service.links import document_url
from ui.templating import escape_text, render
from ui.viewer.document import HTMLTable, html_table, tables_between

# A browser is slow to show more blocks, or characters of them.
_BLOCKS, _CHARACTERS = 5_000, 1_000_000


class ReadBlock(NamedTuple):
    """A block: what it was taken for, how deep a heading is, its words, and its table if it has."""

    kind: str
    level: int
    html: Markup
    tables: list[HTMLTable]


class ReadPage(NamedTuple):
    """A page's blocks, from 1; 0 in formats without pages. `picture` is the URL of its image."""

    number: int
    picture: str
    blocks: list[ReadBlock]


def reading_page(document: Document) -> Markup:
    """A whole page of HTML: what was left out, and each block, beside its page of a PDF."""
    blocks = [block for block in blocks_of(document) if block.kind is not BlockKind.QUESTION]
    sizes = accumulate(block.end - block.start for block in blocks[:_BLOCKS])
    shown = max(1, sum(size <= _CHARACTERS for size in sizes))
    return render(
        "viewer/reading.html",
        kind="reading",
        title=document.title or document.path,
        path=document.path,
        url=document_url(document.path),
        left_out=omissions(document.hidden, document.notes),
        characters=len(document.text),
        counts=_counts(blocks),
        pages=list(_pages(document, blocks[:shown])),
        more=len(blocks) - shown,
    )


def _counts(blocks: Sequence[Block]) -> list[tuple[int, str]]:
    """How many blocks there are of each kind, in the order of kinds."""
    kinds = sorted(str(block.kind) for block in blocks)
    return [(len(list(group)), kind) for kind, group in groupby(kinds)]


def _pages(document: Document, blocks: Sequence[Block]) -> Iterator[ReadPage]:
    starts = document.page_starts
    has_pictures = bool(starts) and document.path.lower().endswith(".pdf")
    by_page = {
        number: list(group)
        for number, group in groupby(blocks, key=lambda block: bisect_right(starts, block.start))
    }
    # A page of which nothing was read is shown as well.
    last = max(by_page, default=0)
    for number in range(1, last + 1) if starts else sorted(by_page):
        query = f"?picture={number}&digest={document.digest[:16]}"
        picture = f"{document_url(document.path)}{query}" if has_pictures else ""
        inside = by_page.get(number, [])
        yield ReadPage(number, picture, [_read_block(document, block) for block in inside])


def _read_block(document: Document, block: Block) -> ReadBlock:
    def html(start: int, end: int) -> Markup:
        return escape_text(document.text[start:end])

    tables = [
        html_table(table, (0, 0), html)
        for table in tables_between(document.tables, block.start, block.end)
        if block.kind is BlockKind.TABLE and any(table.columns)
    ]
    return ReadBlock(
        str(block.kind),
        block.level,
        Markup() if tables else html(block.start, block.end).strip("\n"),
        tables,
    )
