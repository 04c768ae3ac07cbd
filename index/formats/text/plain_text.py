"""Text files, whose passages are the file's own characters: plain text and light markup."""

from __future__ import annotations

import re

from index.formats.base import Parsed
from index.formats.decode import declared_encoding, decode
from index.formats.text.pipe_tables import pipe_tables
from index.formats.text.title_lines import title_lines
from index.types import Heading


def parse_text(data: bytes) -> Parsed:
    """The file's own text; lines that read like titles are its headings."""
    text = decode(data)
    found = list(title_lines(text))
    title = found[0].text if found and not text[: found[0].start].strip() else ""
    return Parsed(text, title, tuple(found), tables=pipe_tables(text))


def parse_plain(data: bytes) -> Parsed:
    """The file's own text, of which no line is taken for a heading."""
    text = decode(data, declared_encoding(data))
    return Parsed(text, tables=pipe_tables(text))


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
