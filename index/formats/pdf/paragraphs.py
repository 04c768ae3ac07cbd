"""Lines of pages to text: lines joined into paragraphs, headings, rows of tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from index.formats.base import Parsed, TableCollector
from index.formats.pdf.line_roles import with_heading_sizes, without_repeated
from index.formats.pdf.page_items import DIVIDED, PageTable, TextLine, with_rows
from index.types import Heading

# A line that starts more than this many line heights below the one before starts a paragraph.
_GAP = 1.6
# In text of wide lines, up to so many; a line that is not this much of the longest ends one.
_WIDE_GAP = 3.0
_FULL_LINE = 0.6
_FULL_CHARACTERS = 25
_LIST_ITEM = re.compile(r"[•·▪◦‣]|[-*] |\(?\d{1,2}[.)] ")
_NO_SPACES = re.compile(r"[\u2e80-\u30ff\u31c0-\u9fff\uf900-\ufaff\uff00-\uffef]")
# A note at the foot of a page starts with its mark, in type of less than this of the text's.
_NOTE = re.compile(r"(?:\d{1,2}|[¹²³⁰⁴-⁹*†‡§]+)[).]?\s?\w")
_NOTE_SCALE = 0.93


def join_pages(pages: Sequence[Sequence[TextLine | PageTable]], title: str = "") -> Parsed:
    """Text of pages, each its lines in reading order; larger type makes headings."""
    once, notes = without_repeated(with_rows(pages))
    shown = with_heading_sizes(once)
    separators = _Separators(shown)
    text, starts = _Text(), list[int]()
    previous: TextLine | None = None
    for number, given in enumerate(shown, start=1):
        new_page = True
        for line in _notes_first(given, previous, separators):
            separator = separators.between(previous, line, new_page)
            if new_page:
                # A page without text starts where the next page does.
                starts += [text.length + len(separator)] * (number - len(starts))
            text.add(separator, line)
            previous, new_page = line, False
    starts += [text.length] * (len(pages) - len(starts))
    whole, headings = text.finished()
    title = title or (headings[0].text if headings else "")
    tables = text.tables.found()
    return Parsed(whole, title, headings, tuple(starts), notes=notes, tables=tables)


def _notes_first(
    lines: Sequence[TextLine], previous: TextLine | None, separators: _Separators
) -> Sequence[TextLine]:
    """Lines of a page with its foot notes before the last paragraph, if that goes on after them."""
    heights = [line.height for line in lines for _ in line.text]
    least = _NOTE_SCALE * median(heights) if heights else 0.0
    end = len(lines)
    while end and 0 < lines[end - 1].height < least and not lines[end - 1].block:
        end -= 1
    body, notes = lines[:end], lines[end:]
    if not body or not notes or not _NOTE.match(notes[0].text) or body[-1].ends_sentence:
        return lines
    start = end - 1
    while start and not separators.between(body[start - 1], body[start], False).endswith("\n"):
        start -= 1
    if not start and not separators.between(previous, body[0], True).endswith("\n") and previous:
        return lines
    return [*body[:start], *notes, *body[start:]]


class _Text:
    """Text in the making, with the headings in it."""

    def __init__(self) -> None:
        self.length = 0
        self._parts = list[str]()
        self._headings = list[tuple[int, float, list[str]]]()
        self.tables = TableCollector()

    def add(self, separator: str, line: TextLine) -> None:
        text = line.text.removesuffix(DIVIDED)
        if line.size:
            if not self._parts or separator.endswith("\n"):
                self._headings.append((self.length + len(separator), line.size, [text]))
            else:
                self._headings[-1][2].extend((separator, text))
        if line.block and line.block.table:
            self.tables.add(line.block, self.length + len(separator))
        self._parts += separator, text
        self.length += len(separator) + len(text)

    def finished(self) -> tuple[str, tuple[Heading, ...]]:
        sizes = sorted({size for _, size, _ in self._headings}, reverse=True)
        return "".join(self._parts), tuple(
            Heading(start, min(sizes.index(size) + 1, 6), "".join(words))
            for start, size, words in self._headings
        )


class _Separators:
    """What stands between the lines of a document, whose words and steps between lines it knows."""

    def __init__(self, pages: Sequence[Sequence[TextLine]]) -> None:
        self._words = _Words(line.text for lines in pages for line in lines)
        self._longest = max((len(line.text) for lines in pages for line in lines), default=0)
        steps = Counter[float]()
        for lines in pages:
            for line, after in pairwise(lines):
                step = (after.top - line.bottom) / max(line.height, 1.0)
                if not after.block and not after.size and 0 < step < _WIDE_GAP:
                    steps[round(step, 1)] += 1
        ((usual, count),) = steps.most_common(1) or [(0.0, 0)]
        # Type double-spaced from end to end has hardly any line near to another.
        is_wide = usual >= _GAP and 2 * count > steps.total()
        self._wide = usual * 1.05 if is_wide else 0.0

    def between(self, previous: TextLine | None, line: TextLine, new_page: bool) -> str:
        """Nothing or a hyphen within a word, a space, or a blank line."""
        if previous is None:
            return ""
        goes_on = self._goes_on(previous, line, new_page)
        if previous.text.endswith(DIVIDED):
            return self._words.hyphen(previous.text, line.text) if goes_on else "-\n\n"
        if not goes_on:
            return "\n\n"
        both = _NO_SPACES.match(previous.text[-1:]) and _NO_SPACES.match(line.text)
        return "" if both else " "

    def _goes_on(self, previous: TextLine, line: TextLine, new_page: bool) -> bool:
        if previous.block or line.block or previous.slanted or line.slanted:
            return False
        if previous.size != line.size or _LIST_ITEM.match(line.text):
            return False
        step = line.top - previous.bottom
        if new_page or step < -previous.height / 2:
            # In the next column or on the next page, a sentence that is not at its end goes on.
            begins = line.text[0].islower() or bool(_NO_SPACES.match(line.text))
            return not previous.ends_sentence and begins
        height = max(line.height, previous.height)
        if step < _GAP * height:
            return True
        is_full = len(previous.text) >= max(_FULL_LINE * self._longest, _FULL_CHARACTERS)
        return step <= self._wide * height and is_full and not previous.ends_sentence


class _Words:
    """The words of a document, which tell whether one divided at a line's end has a hyphen."""

    def __init__(self, lines: Iterator[str]) -> None:
        text = re.sub(rf"[\w-]*{DIVIDED}\n[\w-]*", " ", "\n".join(lines).lower())
        self._counts = Counter(re.findall(r"\w+(?:-\w+)*", text))

    def hyphen(self, before: str, after: str) -> str:
        """A hyphen if the word that the end of a line begins is written with one, else nothing."""
        left = re.search(r"[\w-]*$", before.removesuffix(DIVIDED).lower())
        right = re.match(r"[\w-]*", after.lower())
        head, tail = left.group() if left else "", right.group() if right else ""
        apart, joined = self._counts[f"{head}-{tail}"], self._counts[head + tail]
        if apart != joined:
            return "-" if apart > joined else ""
        # A part of a word that is only divided is hardly ever a word of the document.
        return "-" if "-" in head + tail or (self._counts[head] and self._counts[tail]) else ""
