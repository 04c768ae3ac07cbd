"""Markdown to text: its own characters, but for HTML and what is written beside CommonMark."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from index.formats.base import Parsed, Unreadable, moved
from index.formats.decode import decode
from index.formats.markup import raised
from index.formats.text.front_matter import split_front_matter
from index.formats.text.markdown_extensions import with_plain_labels, without_html
from index.formats.text.pipe_tables import pipe_tables
from index.types import Heading, Span, Table

if TYPE_CHECKING:
    from markdown_it.token import Token

_LINE_END = re.compile(r"\r\n|\r|\n")
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_TABLE = re.compile(r"<table\b.*?</table\s*>", re.DOTALL | re.IGNORECASE)
_RAISED = re.compile(r"<sup>([^<>\n]{1,20})</sup>", re.IGNORECASE)
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)")


def parse_markdown(data: bytes) -> Parsed:
    """The file's own text; headings where CommonMark sees them, so not in fenced code."""
    return markdown(decode(data))


def markdown(text: str) -> Parsed:
    """Markdown with its headings; title from front matter or the first heading of level 1.

    HTML comments are left out and counted, tables in HTML are rows after the names of columns;
    other HTML tags and admonitions become the Markdown that says the same.
    """
    given, text = split_front_matter(text)
    text, hidden = _without_comments(text)
    text = with_plain_labels(text, _Code(text).holds)
    text = without_html(text, _Code(text, but_tables=True).holds)
    text, tables, written = _with_rows(text)
    tokens = _tokens(text)
    code = _code(text, tokens)
    headings = _headings(text, tokens)
    title = given or next((head.text for head in headings if head.level == 1), "")
    tables += pipe_tables(text, sorted([*code, *written]))
    ordered = tuple(sorted(tables, key=lambda table: table.start))
    return Parsed(text, title, headings, hidden=hidden, tables=ordered)


def _tokens(text: str) -> list[Token]:
    from markdown_it import MarkdownIt

    return MarkdownIt().parse(text)


def _lines(text: str) -> list[int]:
    """Where each line starts, and the end of the text."""
    return [0, *(match.end() for match in _LINE_END.finditer(text)), len(text)]


def _code(text: str, tokens: Sequence[Token]) -> list[Span]:
    """The spans of blocks of code."""
    lines = _lines(text)
    kinds = ("fence", "code_block")
    found = (token.map for token in tokens if token.type in kinds and token.map)
    return [(lines[first], lines[last]) for first, last in found]


def _headings(text: str, tokens: Sequence[Token]) -> tuple[Heading, ...]:
    lines = _lines(text)
    return tuple(
        Heading(lines[token.map[0]], int(token.tag[1]), _plain(inline))
        for token, inline in pairwise(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    )


def _plain(inline: Token) -> str:
    """The words of a heading without its marks."""
    shown = (child.content or " " * (child.type == "softbreak") for child in inline.children or ())
    return " ".join("".join(shown).split())


class _Code:
    """The parts of a text that are code, in which nothing is HTML; tables in HTML if wanted."""

    def __init__(self, text: str, but_tables: bool = False) -> None:
        self._text, self._but_tables = text, but_tables

    def holds(self, position: int) -> bool:
        """Whether a character is code."""
        starts, ends = self._edges
        at = bisect_right(starts, position) - 1
        return at >= 0 and position < ends[at]

    @cached_property
    def _edges(self) -> tuple[list[int], list[int]]:
        """Where the parts start and end, those inside another one left out.

        Made when first asked for: most texts have nothing that may be HTML, and are parsed once.
        """
        patterns = (_CODE_SPAN, _TABLE) if self._but_tables else (_CODE_SPAN,)
        inline = (match.span() for one in patterns for match in one.finditer(self._text))
        starts, ends = list[int](), list[int]()
        for start, end in sorted([*_code(self._text, _tokens(self._text)), *inline]):
            if ends and start < ends[-1]:
                ends[-1] = max(ends[-1], end)
            else:
                starts.append(start)
                ends.append(end)
        return starts, ends


def _without_comments(text: str) -> tuple[str, int]:
    """The text without HTML comments, raised digits as such signs; and how much that hides."""
    if "<!--" not in text and "<sup" not in text.lower():
        return text, 0
    code, hidden = _Code(text), 0

    def left(comment: re.Match[str]) -> str:
        nonlocal hidden
        if code.holds(comment.start()):
            return comment[0]
        hidden += len(" ".join(comment[1].split()))
        return ""

    def sign(found: re.Match[str]) -> str:
        return found[0] if code.holds(found.start()) else raised(found[1])

    if "<sup" in text.lower():
        text = _RAISED.sub(sign, text)
        code = _Code(text)
    return _COMMENT.sub(left, text), hidden


def _with_rows(text: str) -> tuple[str, tuple[Table, ...], list[Span]]:
    """The text with a paragraph per row of its tables in HTML, these tables, and where they are."""
    from index.formats.html.page import whole_page

    if "<table" not in text.lower():
        return text, (), []
    code, pieces, end, position = _Code(text), list[str](), 0, 0
    tables, spans = list[Table](), list[Span]()
    for found in _TABLE.finditer(text):
        if code.holds(found.start()):
            continue
        try:
            rows = whole_page(found[0])
        except Unreadable:
            continue
        before = text[end : found.start()].rstrip()
        before += "\n\n" if before or position else ""
        start = position + len(before)
        after = text[found.end() :].lstrip(" \t\r\n")
        pieces += before, rows.text, "\n\n" if after else "\n"
        spans.append((start, start + len(rows.text)))
        tables += moved(rows.tables, start)
        position = start + len(rows.text) + len(pieces[-1])
        end = len(text) - len(after)
    return "".join(pieces) + text[end:], tuple(tables), spans
