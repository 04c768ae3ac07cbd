"""Bytes of a file to text with headings and pages, by the file's ending."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from index.decode import decode
from index.parsed import Parsed, Unreadable, from_blocks, table_blocks
from index.passages import Heading

if TYPE_CHECKING:
    from markdown_it.token import Token


def parse(path: str, data: bytes) -> Parsed:
    """Read one file. Raises Unreadable with the reason; libraries' own errors pass through."""
    suffix = PurePosixPath(path).suffix.lower()
    parser = PARSERS.get(suffix)
    if parser is None:
        known = " ".join(sorted(PARSERS))
        raise Unreadable(f"format {suffix or 'without an ending'} is not read; these are: {known}")
    if not data:
        raise Unreadable("empty: the file has no bytes")
    return parser(data)


# A short line by itself that reads like a title: no full stop, and text below it.
_TITLE_LINE = re.compile(
    r"(?:\A|\n[ \t]*\r?\n)([^\W\d_a-z][^\n]{1,70}[^\s.,;:!?])[ \t]*\r?\n[ \t]*\r?\n(?=\S)"
)


def _text(data: bytes) -> Parsed:
    """The file's own text; lone short lines above a paragraph are its headings."""
    text = decode(data)
    found = list(_title_lines(text))
    title = found[0].text if found and not text[: found[0].start].strip() else ""
    return Parsed(text, title, tuple(found))


def _title_lines(text: str) -> Iterator[Heading]:
    position = 0
    while match := _TITLE_LINE.search(text, position):
        level = 1 if not text[: match.start(1)].strip() else 2
        yield Heading(match.start(1), level, " ".join(match.group(1).split()))
        # The blank line after this one may come before the next.
        position = match.end(1)


# What static site generators keep above the text; CommonMark would take it for a heading.
_FRONT_MATTER = re.compile(r"---[ \t\r]*\n(?=[\w-]+[ \t]*:)(?:[^\n]*\n)*?---[ \t\r]*(?:\n|$)")
_FRONT_TITLE = re.compile(r"^title[ \t]*:[ \t]*([^\r\n]*)", re.MULTILINE)


def _markdown(data: bytes) -> Parsed:
    """The file's own text; headings where CommonMark sees them, so not in fenced code."""
    from markdown_it import MarkdownIt

    text = decode(data)
    lines = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
    front = _FRONT_MATTER.match(text)
    tokens = MarkdownIt().parse(text)
    headings = tuple(
        Heading(lines[token.map[0]], int(token.tag[1]), _plain(inline))
        for token, inline in pairwise(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
        if not front or lines[token.map[0]] >= front.end()
    )
    given = _FRONT_TITLE.search(front.group()) if front else None
    title = given.group(1).strip().strip("\"'") if given else ""
    title = title or next((heading.text for heading in headings if heading.level == 1), "")
    return Parsed(text, title, headings)


def _plain(inline: Token) -> str:
    """The words of a heading without its marks."""
    shown = (child.content or " " * (child.type == "softbreak") for child in inline.children or ())
    return " ".join("".join(shown).split())


def _csv(data: bytes) -> Parsed:
    text = decode(data)
    first, _, _ = text.lstrip().partition("\n")
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:8192], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    # The sniffer guesses from a sample, and may find in it what is not so.
    dialect.doublequote = True
    return _table(text, dialect if dialect.delimiter in first else csv.excel)


def _tsv(data: bytes) -> Parsed:
    return _table(decode(data), csv.excel_tab)


def _table(text: str, dialect: type[csv.Dialect]) -> Parsed:
    # A cell may be as long as the file; csv has this limit for the whole process only.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    try:
        lines = csv.reader(io.StringIO(text, newline=None), dialect)
        rows = [row for row in lines if any(map(str.strip, row))]
    except csv.Error as error:
        raise Unreadable(f"damaged: not a table of values ({error})") from None
    return from_blocks(table_blocks(rows))


def _html(data: bytes) -> Parsed:
    from index.rich import parse_html

    return parse_html(data)


def _docx(data: bytes) -> Parsed:
    from index.rich import parse_docx

    return parse_docx(data)


def _pdf(data: bytes) -> Parsed:
    from index.pdf import parse_pdf

    return parse_pdf(data)


PARSERS: dict[str, Callable[[bytes], Parsed]] = {
    ".csv": _csv,
    ".docx": _docx,
    ".htm": _html,
    ".html": _html,
    ".markdown": _markdown,
    ".md": _markdown,
    ".pdf": _pdf,
    ".text": _text,
    ".tsv": _tsv,
    ".txt": _text,
}
