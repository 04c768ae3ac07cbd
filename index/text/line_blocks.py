"""Lines of a text to paragraphs, lists, steps, code and messages; each line is read once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from index.formats.registry import Layout
from index.types import Block, BlockKind, Span

_LINE = re.compile(r"([^\r\n]*)(?:\r\n?|\n|\Z)")
_QUOTATION = re.compile(r"(?:[ \t]*>)*[ \t]*")
_FENCE = re.compile(r"(`{3,}(?=[^`\r\n]*$)|~{3,})[ \t]*(\S?)", re.MULTILINE)
_RULER = re.compile(r"([-*_=])(?:[ \t]*\1){2,}$", re.MULTILINE)
_BULLET = re.compile(r"[-*+•·▪◦‣–○●■□☐☑☒✓✔➢➤►](?=\s|$)|[•▪◦‣●■☐☑☒](?=\S)")
_NUMBER = re.compile(r"\(?(\d{1,3})[.)](?=\s|$)|\(?([a-z])\)(?=\s|$)")
# The time, perhaps after the date, that a message of a chat or a part of a transcript starts with.
_MESSAGE = re.compile(
    r"\[?(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4}[, T]+)?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?"
    r"(?:[ \u202f]?[AaPp]\.?[Mm]\.?)?\]?(?: [-–])?\s+\S"
)
_FEWEST_MESSAGES = 2
# What stands so far to the right of an item's mark is part of the item.
_NESTED_COLUMNS = 2
_CODE_COLUMNS = 4
_TAB_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class _SourceLine:
    """A line: its span without white space around it, and what it starts.

    `words` is where its words start behind marks of quotation, `column` in which column. `mark` is
    that of an item: a bullet, "1" for a number, "a" for a letter; `number` counts from 1.
    """

    start: int
    end: int
    words: int = 0
    column: int = 0
    mark: str = ""
    number: int = 0
    is_message: bool = False

    @property
    def is_blank(self) -> bool:
        return self.start == self.end

    def goes_on_from(self, before: _SourceLine) -> bool:
        """Whether this is the item of a list after the one before."""
        is_nested = self.column >= before.column + _NESTED_COLUMNS
        return (
            self.mark == before.mark
            and not is_nested
            and (self.number > before.number or not self.number)
        )


def scan(text: str, region: Span, layout: Layout) -> Iterator[Block]:
    """The blocks of a region that has no headings and no tables, in order."""
    yield from _Scanner(text, region, layout).blocks()


class _Scanner:
    """Reads a region line by line; `_at` is the line that is next."""

    def __init__(self, text: str, region: Span, layout: Layout) -> None:
        self._text = text
        self._is_markdown = layout is Layout.MARKDOWN
        self._lines = list(self._read(*region))
        self._has_messages = sum(line.is_message for line in self._lines) >= _FEWEST_MESSAGES
        self._at = 0
        self._never_closed = set[str]()

    def _read(self, first: int, last: int) -> Iterator[_SourceLine]:
        for match in _LINE.finditer(self._text, first, last):
            inside = match[1]
            start = match.start() + len(inside) - len(inside.lstrip())
            end = match.start() + len(inside.rstrip())
            if start >= end:
                yield _SourceLine(match.start(), match.start())
                continue
            quotation = _QUOTATION.match(self._text, match.start(), end)
            words = quotation.end() if quotation else start
            before = self._text[match.start() : words]
            yield self._marked(_SourceLine(start, end, words, len(before.expandtabs(_TAB_COLUMNS))))

    def _marked(self, line: _SourceLine) -> _SourceLine:
        """A line with what it starts: an item, a step, or a message."""
        text, at = self._text, line.words
        if number := _NUMBER.match(text, at, line.end):
            value = int(number[1]) if number[1] else ord(number[2]) - ord("a") + 1
            return replace(line, mark="1" if number[1] else "a", number=value)
        if _BULLET.match(text, at, line.end) and not _RULER.match(text, at, line.end):
            return replace(line, mark=text[at])
        return replace(line, is_message=bool(_MESSAGE.match(text, at, line.end)))

    def blocks(self) -> Iterator[Block]:
        """The blocks of the region in order."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.is_blank:
                self._at += 1
            elif self._is_indented_code():
                yield self._take(BlockKind.CODE, self._indented_end())
            elif end := self._fence_end(self._at):
                yield self._take(BlockKind.CODE, end)
            elif line.mark:
                yield self._list()
            elif self._has_messages and line.is_message:
                yield self._take(BlockKind.MESSAGE, self._run_end(lambda other: other.is_message))
            else:
                yield self._take(BlockKind.PARAGRAPH, self._run_end(self._interrupts))

    def _take(self, kind: BlockKind, end: int) -> Block:
        """The lines from the next one to another, as a block."""
        lines = self._lines[self._at : end]
        self._at = end
        return Block(kind, lines[0].start, lines[-1].end)

    def _run_end(self, stops: Callable[[_SourceLine], bool]) -> int:
        """Where the run of lines ends, at a blank line or at one that starts something else."""
        at = self._at + 1
        while at < len(self._lines) and not self._lines[at].is_blank:
            if stops(self._lines[at]) or self._is_fence(at):
                break
            at += 1
        return at

    def _interrupts(self, line: _SourceLine) -> bool:
        """Whether a line starts something; a higher number than 1 may only be a wrapped one."""
        if line.mark:
            return line.number <= 1
        return self._has_messages and line.is_message

    # --- code

    def _is_indented_code(self) -> bool:
        line = self._lines[self._at]
        is_quoted = self._text[line.start] == ">"
        return self._is_markdown and line.column >= _CODE_COLUMNS and not is_quoted

    def _indented_end(self) -> int:
        end = at = self._at + 1
        while at < len(self._lines):
            line = self._lines[at]
            at += 1
            if line.is_blank:
                continue
            if line.column < _CODE_COLUMNS:
                break
            end = at
        return end

    def _is_fence(self, at: int) -> bool:
        line = self._lines[at]
        fence = _FENCE.match(self._text, line.words, line.end)
        return fence is not None and (self._is_markdown or fence[1][0] not in self._never_closed)

    def _fence_end(self, at: int) -> int:
        """The line below a block of code that is fenced from a line on; 0 if that is none."""
        line = self._lines[at]
        opening = _FENCE.match(self._text, line.words, line.end)
        if not opening or (opening[1][0] in self._never_closed and not self._is_markdown):
            return 0
        for end in range(at + 1, len(self._lines)):
            other = self._lines[end]
            closing = _FENCE.match(self._text, other.words, other.end)
            if closing and closing[1].startswith(opening[1]) and not closing[2]:
                return end + 1
        # Markdown takes all that follows for code; elsewhere it is text, and not looked at again.
        self._never_closed.add(opening[1][0])
        return len(self._lines) if self._is_markdown else 0

    # --- lists

    def _list(self) -> Block:
        """A list of items with what is in them, from its first item to the last."""
        first = last = self._lines[self._at]
        starts, ends = [self._at], list[int]()
        at = end = self._at + 1
        while at < len(self._lines):
            line = self._lines[at]
            if line.is_blank:
                at += 1
                continue
            if line.mark and line.column < first.column + _NESTED_COLUMNS:
                if not line.goes_on_from(last):
                    break
                starts.append(at)
                ends.append(end)
                last = line
            elif not self._is_in_item(at, first, is_after_blank=at > end):
                break
            at = end = self._fence_end(at) or at + 1
        ends.append(end)
        items = tuple(
            (self._lines[start].start, self._last(start, stop).end)
            for start, stop in zip(starts, ends, strict=True)
        )
        self._at = end
        kind = BlockKind.STEPS if first.number else BlockKind.LIST
        return Block(kind, first.start, items[-1][1], items=items)

    def _last(self, start: int, stop: int) -> _SourceLine:
        """The last line of some that is not blank."""
        while self._lines[stop - 1].is_blank and stop - 1 > start:
            stop -= 1
        return self._lines[stop - 1]

    def _is_in_item(self, at: int, first: _SourceLine, is_after_blank: bool) -> bool:
        """Whether a line goes on the item above: indented, or directly below it."""
        line = self._lines[at]
        if line.column >= first.column + _NESTED_COLUMNS:
            return True
        return not is_after_blank and not self._is_fence(at) and not line.is_message
