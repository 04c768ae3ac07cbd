"""The form of an LLM's reply besides sentences and lists: tables, code, headings and lead-ins.

A row of a table and a block of code are one statement each. A heading, a line that leads to what
follows ("The steps are:") and the head of a table state nothing: they stand before a statement, and
go with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from index.sentences import sentence_spans

_ROW = re.compile(r"[ \t]*\|(?P<cells>.*?)\|?[ \t]*")
_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_FENCE = re.compile(r"[ \t]*(?P<fence>`{3,}|~{3,})[^`\n]*")
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]+(?P<words>.+?)[ \t#]*")
_BOLD_LINE = re.compile(
    r"^(?P<indent>[ \t]*)(?P<mark>\*\*|__)"
    r"(?P<words>(?![-+•]|\d{1,3}[.)])[^\n*_]{1,100})(?P=mark)[ \t]*:?[ \t]*$",
    re.MULTILINE,
)
_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]")
# A lead-in that is longer says something.
_MOST_WORDS = 14


class Form(Enum):
    """What a line of a reply is."""

    TEXT = auto()
    ROW = auto()
    CODE = auto()
    BEFORE = auto()


@dataclass(frozen=True, slots=True)
class FormedLine:
    """A line or block of a text, its characters `start` to `end`, and what it is.

    Of a row the span is that between the outer bars, of code that between its fences. `written` is
    how a BEFORE stands before what follows it, and of a row the cells of its table's head.
    """

    form: Form
    start: int
    end: int
    written: str = ""


def headed(text: str) -> str:
    """A text whose lines in bold are headings."""
    return _BOLD_LINE.sub(r"\g<indent>#### \g<words>", text)


def formed_lines(text: str) -> Iterator[FormedLine]:
    """The lines of a text that are not blank, in order, with their forms."""
    lines = [(found.start(), found.group()) for found in re.finditer(r"[^\n]+", text)]
    lines = [(start, line) for start, line in lines if line.strip()]
    place = 0
    while place < len(lines):
        start, line = lines[place]
        after = _code(lines, place) or _table(lines, place)
        if after:
            found, place = after
            yield from found
            continue
        heading, end = _HEADING.fullmatch(line), start + len(line)
        following = lines[place + 1][1] if place + 1 < len(lines) else ""
        if heading and following:
            yield FormedLine(Form.BEFORE, start, end, f"#### {heading['words'].strip()}\n\n")
        else:
            lead = start + _lead_start(line, following)
            if line[: lead - start].strip():
                yield FormedLine(Form.TEXT, start, lead)
            if lead < end:
                space = " " if lead > start else ""  # it goes on with the line
                words = line[lead - start :].strip()
                yield FormedLine(Form.BEFORE, lead, end, f"{space}{words}\n\n")
        place += 1


def _lead_start(line: str, following: str) -> int:
    """Where the sentence of a line begins that only leads to the list, table or code below it; the
    line's length if none does.
    """
    if not line.rstrip().endswith(":") or _ITEM.match(line):
        return len(line)
    if not (_ITEM.match(following) or _is_row(following) or _FENCE.fullmatch(following)):
        return len(line)
    start, _ = sentence_spans(line)[-1]
    return start if len(line[start:].split()) <= _MOST_WORDS else len(line)


def _is_row(line: str) -> bool:
    return line.lstrip().startswith("|") and line.count("|") > 1


def _table(lines: Sequence[tuple[int, str]], place: int) -> tuple[list[FormedLine], int] | None:
    """The head and rows of the table that starts at a line, and the line after it."""
    if place + 1 >= len(lines) or not _is_row(lines[place][1]):
        return None
    start, head = lines[place]
    rule = lines[place + 1][1]
    if not _RULE.fullmatch(rule) or "-" not in rule:
        return None
    cells = " | ".join(" ".join(cell.split()) for cell in head.strip().strip("|").split("|"))
    written = f"| {cells} |\n|{_alignments(rule, cells.count('|') + 1)}\n"
    found = [FormedLine(Form.BEFORE, start, start + len(head), written)]
    place += 2
    while place < len(lines) and _is_row(lines[place][1]):
        begin, line = lines[place]
        inside = _ROW.fullmatch(line)
        assert inside
        found.append(
            FormedLine(Form.ROW, begin + inside.start("cells"), begin + inside.end("cells"), cells)
        )
        place += 1
    return found, place


def _alignments(rule: str, columns: int) -> str:
    """The line below a table's head with so many columns, each aligned as it was written."""
    marks = [mark.strip() for mark in rule.strip().strip("|").split("|")][:columns]
    marks += ["-"] * (columns - len(marks))
    return "".join(
        f" {':' * mark.startswith(':')}---{':' * mark.endswith(':')} |" for mark in marks
    )


def _code(lines: Sequence[tuple[int, str]], place: int) -> tuple[list[FormedLine], int] | None:
    """The block of code that starts at a line, and the line after it."""
    opening = _FENCE.fullmatch(lines[place][1])
    if opening is None:
        return None
    for last in range(place + 1, len(lines)):
        if lines[last][1].strip() == opening["fence"]:
            if last == place + 1:
                return [], last + 1
            first_start = lines[place + 1][0]
            before, line = lines[last - 1]
            return [FormedLine(Form.CODE, first_start, before + len(line))], last + 1
    return None
