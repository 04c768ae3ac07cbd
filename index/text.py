"""Text files, whose passages are the file's own characters: plain text and Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from index.decode import decode
from index.parsed import Parsed
from index.passages import Heading

if TYPE_CHECKING:
    from markdown_it.token import Token

# A short line by itself that reads like a title: no full stop, and text below it.
_TITLE_LINE = re.compile(
    r"(?:\A|\n[ \t]*\r?\n)([^\W\d_a-z][^\n]{1,70}[^\s.,;:!?])[ \t]*\r?\n[ \t]*\r?\n(?=\S)"
)


def parse_text(data: bytes) -> Parsed:
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


def parse_markdown(data: bytes) -> Parsed:
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
