"""Text files, whose passages are the file's own characters: plain text and light markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.formats.base import Parsed
from index.formats.decode import declared_encoding, decode
from index.formats.text.pipe_tables import pipe_tables
from index.types import Heading

# A short line by itself that reads like a title: no full stop, and text below it.
_TITLE_LINE = re.compile(
    r"(?:\A|\n[ \t]*\r?\n)([^\W\d_a-z][^\n]{1,70}[^\s.,;:!?])[ \t]*\r?\n[ \t]*\r?\n(?=\S)"
)

# What a line of a bill or a receipt ends in: an amount, and at most the word of its currency.
_AMOUNT_LINE = re.compile(r"\d[.,]\d{2}(?:\s?[^\W\d_]{1,4}|\s?[^\w\s])?$")


def parse_text(data: bytes) -> Parsed:
    """The file's own text; lone short lines above a paragraph are its headings."""
    text = decode(data)
    found = list(_title_lines(text))
    title = found[0].text if found and not text[: found[0].start].strip() else ""
    return Parsed(text, title, tuple(found), tables=pipe_tables(text))


def parse_plain(data: bytes) -> Parsed:
    """The file's own text, of which no line is taken for a heading."""
    text = decode(data, declared_encoding(data))
    return Parsed(text, tables=pipe_tables(text))


def _title_lines(text: str) -> Iterator[Heading]:
    position = 0
    while match := _TITLE_LINE.search(text, position):
        level = 1 if not text[: match.start(1)].strip() else 2
        if not _AMOUNT_LINE.search(match[1]):
            yield Heading(match.start(1), level, " ".join(match[1].split()))
        # The blank line after this one may come before the next.
        position = match.end(1)


# Lines of headings in markup that is plain text else: marks that tell the level, and the words.
_MARKED_HEADINGS = {
    "org": re.compile(r"^(\*{1,6})[ \t]+(?:(?:TODO|DONE)[ \t]+)?(\S[^\r\n]*)", re.MULTILINE),
    "adoc": re.compile(r"^(={1,6})[ \t]+(\S[^\r\n]*)", re.MULTILINE),
}


def parse_marked_headings(data: bytes, kind: str) -> Parsed:
    """The file's own text; headings are the lines that are marked so in org or adoc."""
    text = decode(data)
    headings = tuple(
        Heading(match.start(), len(match[1]), match[2].strip())
        for match in _MARKED_HEADINGS[kind].finditer(text)
    )
    title = headings[0].text if headings else ""
    return Parsed(text, title, headings, tables=pipe_tables(text))
