"""Words of a PDF page with their places, line by line in the order that PDFium reads them."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from index.formats.pdf.geometry import Shown, direction, is_bold, origin, type_size
from index.formats.pdf.page_items import DIVIDED

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage


@dataclass(frozen=True, slots=True)
class PdfWord:
    """A word of a page: its characters' numbers and its place in points from the top left.

    `base` is its base line, `size` its type's height.
    """

    text: str
    chars: range
    left: float
    right: float
    base: float
    size: float

    @property
    def middle(self) -> tuple[float, float]:
        """The point in the middle of its small letters."""
        return (self.left + self.right) / 2, self.base - self.size / 4


@dataclass(frozen=True, slots=True)
class WordLine:
    """A line's words in reading order, and how it ends: within a word or not.

    `bottom` is the base line of its last character, in points from the top.
    """

    words: tuple[PdfWord, ...]
    bottom: float
    divided: bool = False
    bold: bool = False
    slanted: bool = False

    @property
    def text(self) -> str:
        """Its words with a space between them, and DIVIDED at the end of a divided one."""
        return " ".join(word.text for word in self.words) + (DIVIDED if self.divided else "")

    @property
    def top(self) -> float:
        """The base line of its first word, in points from the top."""
        return self.words[0].base

    @property
    def size(self) -> float:
        """The type's height of its first word in points."""
        return self.words[0].size


# Lines end at newlines and within divided words; what was left out stands as a zero.
_LINE = re.compile(rf"[^\n{DIVIDED}]+")
_SHOWN = re.compile(r"[^\s\0]")
_SHOWN_LAST = re.compile(r"[^\s\0][\s\0]*\Z")
_WORD = re.compile(r"\S+")


def line_ranges(chars: Sequence[str]) -> Iterator[tuple[range, bool]]:
    """The characters of each line, and whether the line ends within a word."""
    return _line_ranges(_joined(chars))


def _joined(chars: Sequence[str]) -> str:
    """The characters of a page as one text, a zero for each that is left out."""
    return "".join([char or "\0" for char in chars])


def _line_ranges(text: str) -> Iterator[tuple[range, bool]]:
    for line in _LINE.finditer(text):
        first = _SHOWN.search(text, *line.span())
        last = _SHOWN_LAST.search(line[0])
        if first and last:
            end = line.start() + last.start() + 1
            yield range(first.start(), end), text[line.end() : line.end() + 1] == DIVIDED


def word_lines(page: PdfPage, textpage: PdfTextPage, chars: Sequence[str]) -> list[WordLine]:
    """The lines of a page that was turned upright, given what its characters read as."""
    shown, upright, lines = Shown(page), page.get_rotation(), list[WordLine]()
    text, made = _joined(chars), _WordMaker(page, textpage)
    for span, divided in _line_ranges(text):
        words = tuple(made.words(text, span))
        bottom = shown.place(*origin(textpage, span[-1]))[1]
        bold = all(is_bold(textpage, index) for index in {span[0], span[len(span) // 2], span[-1]})
        slanted = direction(textpage, span[0]) % 360 != upright
        lines.append(WordLine(words, bottom, divided, bold, slanted))
    return lines


class _WordMaker:
    """Makes words of a page's characters.

    A long file has half a million, so PDFium is asked without pypdfium2's helpers, and what draws
    several words is measured once.
    """

    def __init__(self, page: PdfPage, textpage: PdfTextPage) -> None:
        import pypdfium2.raw as pdfium

        self._pdfium, self._raw, self._textpage = pdfium, textpage.raw, textpage
        self._across, self._down = Shown(page).weights
        self._sizes = dict[int, float]()
        self._box, self._x, self._y = pdfium.FS_RECTF(), ctypes.c_double(), ctypes.c_double()

    def words(self, text: str, line: range) -> Iterator[PdfWord]:
        """The words of a line of a page's text, in which a zero is a character left out."""
        for match in _WORD.finditer(text, line.start, line.stop):
            word = match[0]
            if "\0" not in word:
                yield self._word(word, range(*match.span()))
            elif shown := word.strip("\0"):
                start = match.start() + len(word) - len(word.lstrip("\0"))
                yield self._word(shown.replace("\0", ""), range(start, start + len(shown)))

    def _word(self, text: str, piece: range) -> PdfWord:
        start, end = piece.start, piece.stop - 1
        left, right = self._ends(start)
        if end > start:
            begins, ends = self._ends(end)
            left, right = min(left, right, begins, ends), max(left, right, begins, ends)
        elif left > right:
            left, right = right, left
        x, y = self._x, self._y
        self._pdfium.FPDFText_GetCharOrigin(self._raw, start, x, y)
        first, by_x, by_y = self._down
        base = first + by_x * x.value + by_y * y.value
        return PdfWord(text, piece, left, right, base, self._size(start))

    def _ends(self, index: int) -> tuple[float, float]:
        """Where a character begins and ends, in points from the left."""
        box, (first, by_x, by_y) = self._box, self._across
        if not self._pdfium.FPDFText_GetLooseCharBox(self._raw, index, box):
            return first, first
        return (
            first + by_x * box.left + by_y * box.bottom,
            first + by_x * box.right + by_y * box.top,
        )

    def _size(self, index: int) -> float:
        owner = self._pdfium.FPDFText_GetTextObject(self._raw, index)
        address = ctypes.addressof(owner.contents) if owner else 0
        if address not in self._sizes or not address:
            self._sizes[address] = type_size(self._textpage, index)
        return self._sizes[address]


def is_right_to_left(lines: Sequence[WordLine]) -> bool:
    """Whether the letters that run from right to left are more than a tenth of them."""
    directions = [unicodedata.bidirectional(char) for line in lines for char in line.text[:20]]
    return 10 * sum(found in {"R", "AL"} for found in directions) > len(directions)


# Words this many type heights apart may be in two columns.
COLUMN_GAP = 0.8


def has_gap(line: WordLine) -> bool:
    """Whether two of its words are as far apart as columns are."""
    return any(
        after.left - word.right >= COLUMN_GAP * line.size for word, after in pairwise(line.words)
    )
