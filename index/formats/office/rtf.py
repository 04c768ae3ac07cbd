"""RTF to text: paragraphs, headings and tables, through striprtf."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from index.formats.base import Parsed, TextBlock, Unreadable, from_blocks, left_out
from index.formats.markup import raised
from index.formats.tables import read_table

_CODE_PAGE = re.compile(rb"\\ansicpg(\d+)")
_TITLE = re.compile(r"\{\\title ([^{}]*)\}")
_FOOTNOTE = re.compile(r"\{(?:\\\*)?\\footnote(?![a-z])")
# Groups of hidden and of deleted text, both of which striprtf keeps.
_HIDDEN = re.compile(r"\{[^{}]*\\v(?![a-z0-9])[^{}]*\}")
_DELETED = re.compile(r"\{[^{}]*\\deleted(?![a-z0-9])[^{}]*\}")
# Links, of which striprtf takes all in a line for one.
_LINK_TARGET = re.compile(r"\{\\\*\\fldinst[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
# striprtf drops the level of a heading; a sign that no text has carries it through.
_OUTLINE = re.compile(r"(\\outlinelevel([0-8]))(?![0-9]) ?")
_SIGN = "\ue000"
_HEADING = re.compile(rf"{_SIGN}([0-8])")
# So do raised digits, by another sign.
_SUPER = re.compile(r"\\super(?![a-z0-9]) ?")
_RAISED_SIGN = "\ue001"
_RAISED = re.compile(rf"{_RAISED_SIGN}(\d{{0,3}})")
# What stands before an item of a list, in files of old and new programs.
_OLD_MARK = re.compile(r"\{\\pntext(?![a-z])")
_MARK = re.compile(r"(?:([·•▪§o-])|(\(?(?:\d{1,3}|[a-z])[.)]))\t")


def parse_rtf(data: bytes) -> Parsed:
    """Text without pictures, hidden text, headers and footnotes. Raises Unreadable for no RTF."""
    if not data.lstrip().startswith(b"{\\rtf"):
        raise Unreadable("damaged: not an RTF document")
    encoding = _encoding(data)
    source = data.decode(encoding, "replace")
    footnotes = len(_FOOTNOTE.findall(source))
    source = _LINK_TARGET.sub("", _DELETED.sub("", source))
    hidden = sum(len(_plain(f"{{{group}}}", encoding)) for group in _HIDDEN.findall(source))
    source = _OUTLINE.sub(rf"\1{_SIGN}\2", _HIDDEN.sub("", source))
    source = _OLD_MARK.sub(r"{\\listtext", _SUPER.sub(rf"\\super {_RAISED_SIGN}", source))
    text = _RAISED.sub(lambda digits: raised(digits[1]), _plain(source, encoding))
    named = _TITLE.search(source)
    title = _plain(f"{{{named[1]}}}", encoding).strip() if named else ""
    parsed = from_blocks(list(_blocks(text)), title)
    return replace(parsed, hidden=hidden, notes=left_out("footnote", footnotes))


def _encoding(data: bytes) -> str:
    named = _CODE_PAGE.search(data)
    try:
        return codecs.lookup(f"cp{named[1].decode()}").name if named else "cp1252"
    except LookupError:
        return "cp1252"


def _plain(source: str, encoding: str) -> str:
    from striprtf.striprtf import rtf_to_text

    text: str = rtf_to_text(source, encoding, "replace")  # type: ignore[no-untyped-call]
    # RTF writes a character beyond the first 65,536 as two halves.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _blocks(text: str) -> Iterator[TextBlock]:
    # striprtf ends each cell with a bar.
    lines = groupby(text.splitlines(), key=lambda line: line.endswith("|"))
    for is_table, group in lines:
        if is_table:
            rows = [line.removesuffix("|").split("|") for line in group]
            yield from read_table([[cell.strip() for cell in row] for row in rows]).blocks()
        else:
            yield from map(_block, group)


def _block(line: str) -> TextBlock:
    level = _HEADING.search(line)
    text = _MARK.sub(lambda mark: "- " if mark[1] else f"{mark[2]} ", _HEADING.sub("", line), 1)
    return TextBlock(text, min(int(level[1]) + 1, 6) if level else 0)
