"""LaTeX to text: its words without commands, sections as headings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.formats.base import Parsed, TextBlock, from_blocks
from index.formats.decode import decode

_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*\n?")
_BODY = re.compile(r"\\begin\{document\}(.*?)(?:\\end\{document\}|\Z)", re.DOTALL)
_GIVEN_TITLE = re.compile(r"\\title(?:\[[^]]*\])?\{((?:[^{}]|\{[^{}]*\})*)\}")
_SECTION = re.compile(
    r"\\(part|chapter|(?:sub){0,2}section|paragraph)\*?[ \t]*(?:\[[^]]*\])?"
    r"\{((?:[^{}]|\{[^{}]*\})*)\}"
)
_LEVELS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph")
# What these hold names places of the text, of the disk or of the page, and is not read.
_UNREAD = re.compile(
    r"\\(?:label|ref|eqref|pageref|cite[a-z]*|bibliography(?:style)?|usepackage|documentclass"
    r"|includegraphics|input|include|vspace|hspace|pagestyle|setlength|newcommand|index|title"
    r"|author|date|maketitle|tableofcontents)\b\*?(?:\[[^]]*\])*(?:\{[^{}]*\})*"
)
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[^{}]*\}(?:\[[^]]*\]|\{[^{}]*\})*")
_ITEM = re.compile(r"\\item\b[ \t]*(?:\[([^]]*)\])?[ \t]*")
_COMMAND = re.compile(r"\\[A-Za-z]+\*?(?:\[[^]]*\])?[ \t]*")
_SIGNS = {r"\\": "\n", "~": " ", "---": "—", "--": "–", "``": "“", "''": "”"}
_SIGN = re.compile("|".join(map(re.escape, _SIGNS)))
_ESCAPED = re.compile(r"\\([%&#$_{} ])")
# Formulas stay as they are written: taken apart, they would say something else.
_FORMULA = re.compile(
    r"\$\$.+?\$\$|(?<!\\)\$[^$\n]+\$|\\\[.+?\\\]|\\\(.+?\\\)"
    r"|\\begin\{(equation|align|gather|multline)(\*?)\}.+?\\end\{\1\2\}",
    re.DOTALL,
)


def parse_tex(data: bytes) -> Parsed:
    """The words of a LaTeX file; formulas as they are written, comments and preamble left out."""
    text = _COMMENT.sub(r"\1", decode(data).replace("\r\n", "\n"))
    title = _GIVEN_TITLE.search(text)
    body = _BODY.search(text)
    text = body[1] if body else text
    found = list(_SECTION.finditer(text))
    top = min((_LEVELS.index(match[1]) for match in found), default=0)
    blocks, position, deeper = list[TextBlock](), 0, 0
    if title:
        blocks.append(TextBlock(_plain(title[1]), 1))
        deeper = 1
    for match in found:
        blocks += _paragraphs(text[position : match.start()])
        blocks.append(TextBlock(_plain(match[2]), _LEVELS.index(match[1]) - top + 1 + deeper))
        position = match.end()
    return from_blocks([*blocks, *_paragraphs(text[position:])])


def _paragraphs(text: str) -> Iterator[TextBlock]:
    for paragraph in re.split(r"\n[ \t]*\n", _plain(text)):
        yield TextBlock(paragraph.strip())


def _plain(text: str) -> str:
    """The words of a piece without its commands; formulas untouched."""
    parts, position = list[str](), 0
    for formula in _FORMULA.finditer(text):
        parts += _words(text[position : formula.start()]), formula[0]
        position = formula.end()
    parts.append(_words(text[position:]))
    return "".join(parts)


def _words(text: str) -> str:
    text = _UNREAD.sub("", text)
    text = _ENVIRONMENT.sub("\n", text)
    text = _ITEM.sub(lambda item: f"\n- {item[1]} " if item[1] else "\n- ", text)
    text = _SIGN.sub(lambda sign: _SIGNS[sign[0]], text)
    text = _ESCAPED.sub(lambda sign: {"{": "\0", "}": "\1"}.get(sign[1], sign[1]), text)
    text = _COMMAND.sub("", text).replace("{", "").replace("}", "")
    text = text.replace("\0", "{").replace("\1", "}")
    return re.sub(r"\n[ \t]*(?=\n)", "\n", re.sub(r"[ \t]+", " ", text))
