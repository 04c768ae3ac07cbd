"""Source code: the file's own text, with classes and functions as headings where they are told."""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.formats.base import Parsed
from index.formats.decode import declared_encoding, decode
from index.types import Heading

# Pygments reads 0.8 MB a second; files this long were written by programs.
_CHARACTERS = 2_000_000
# Pygments names classes here that are only used, and functions that are only announced.
_NO_DEFINITION = re.compile(r"\s*(?:import|using|template)\b|.*;\s*$")
# Comments and decorators right above a definition are about it.
_ABOVE = ("#", "//", "/*", "*", "@", "[", "--")


def parse_code(data: bytes, language: str) -> Parsed:
    """The file's own text; a heading above each class and function, as Pygments names them."""
    text = decode(data, declared_encoding(data))
    return Parsed(text, headings=tuple(_headings(text, language)))


def _headings(text: str, language: str) -> Iterator[Heading]:
    """Definitions that stand at the top or in classes, not those inside functions."""
    outer, last = list[tuple[int, bool]](), -1
    for position, name, is_class in _definitions(text, language):
        line = text.rfind("\n", 0, position) + 1
        if line <= last or _NO_DEFINITION.match(_line(text, line)):
            continue
        before = text[line:position].expandtabs()
        indent = len(before) - len(before.lstrip())
        while outer and outer[-1][0] >= indent:
            outer.pop()
        if outer and not outer[-1][1]:
            continue
        outer.append((indent, is_class))
        top = _top(text, line, last)
        if top:
            # A passage leaves out the line of its heading, but needs the definition's own: so the
            # heading stands on the end of the line above.
            yield Heading(top - 1, len(outer), name)
        last = line


def _line(text: str, start: int) -> str:
    end = text.find("\n", start)
    return text[start : end if end >= 0 else len(text)]


def _top(text: str, line: int, last: int) -> int:
    """Where the comments above a line start, though not above the definition before it."""
    top = line
    while top:
        above = text.rfind("\n", 0, top - 1) + 1
        if above <= last or not text[above:top].lstrip().startswith(_ABOVE):
            break
        top = above
    return top


def _definitions(text: str, language: str) -> Iterator[tuple[int, str, bool]]:
    """Where each class and function is named, its name, and whether it is a class."""
    from pygments.lexers import get_lexer_by_name
    from pygments.token import Name

    if len(text) > _CHARACTERS:
        return
    for position, kind, name in get_lexer_by_name(language).get_tokens_unprocessed(text):
        if (kind in Name.Function or kind in Name.Class) and name.lower() != "self":
            yield position, name, kind in Name.Class
