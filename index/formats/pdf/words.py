"""Words of a PDF page with their places, line by line in the order that PDFium reads them."""

from __future__ import annotations

import ctypes
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


def line_ranges(chars: Sequence[str]) -> Iterator[tuple[range, bool]]:
    """The characters of each line, and whether the line ends within a word."""
    start = 0
    for end in [*(i for i, char in enumerate(chars) if char in {"\n", DIVIDED}), len(chars)]:
        shown = [index for index in range(start, end) if chars[index].strip()]
        if shown:
            yield range(shown[0], shown[-1] + 1), chars[end : end + 1] == [DIVIDED]
        start = end + 1


def word_lines(page: PdfPage, textpage: PdfTextPage, chars: Sequence[str]) -> list[WordLine]:
    """The lines of a page that was turned upright, given what its characters read as."""
    shown, upright, lines = Shown(page), page.get_rotation(), list[WordLine]()
    made = _WordMaker(page, textpage, chars)
    for span, divided in line_ranges(chars):
        words = tuple(map(made.word, _pieces(chars, span)))
        bottom = shown.place(*origin(textpage, span[-1]))[1]
        bold = all(is_bold(textpage, index) for index in {span[0], span[len(span) // 2], span[-1]})
        slanted = direction(textpage, span[0]) % 360 != upright
        lines.append(WordLine(words, bottom, divided, bold, slanted))
    return lines


def _pieces(chars: Sequence[str], span: range) -> Iterator[range]:
    start = span.start
    for index in [*span, span.stop]:
        if index == span.stop or chars[index].isspace():
            piece = [at for at in range(start, index) if chars[at]]
            if piece:
                yield range(piece[0], piece[-1] + 1)
            start = index + 1


class _WordMaker:
    """Makes words of a page's characters.

    A long file has half a million, so PDFium is asked without pypdfium2's helpers, and what draws
    several words is measured once.
    """

    def __init__(self, page: PdfPage, textpage: PdfTextPage, chars: Sequence[str]) -> None:
        import pypdfium2.raw as pdfium

        self._pdfium, self._raw = pdfium, textpage.raw
        self._shown, self._textpage, self._chars = Shown(page), textpage, chars
        self._sizes = dict[int, float]()
        self._box, self._x, self._y = pdfium.FS_RECTF(), ctypes.c_double(), ctypes.c_double()

    def word(self, piece: range) -> PdfWord:
        """The word of some characters."""
        start, end = piece[0], piece[-1]
        left, right = self._across(start)
        if end > start:
            begins, ends = self._across(end)
            left, right = min(left, right, begins, ends), max(left, right, begins, ends)
        self._pdfium.FPDFText_GetCharOrigin(self._raw, start, self._x, self._y)
        base = self._shown.place(self._x.value, self._y.value)[1]
        text = "".join(self._chars[piece.start : piece.stop])
        return PdfWord(text, piece, min(left, right), max(left, right), base, self._size(start))

    def _across(self, index: int) -> tuple[float, float]:
        """Where a character begins and ends, in points from the left."""
        box, place = self._box, self._shown.place
        if not self._pdfium.FPDFText_GetLooseCharBox(self._raw, index, box):
            return self._shown.place(0, 0)[0], self._shown.place(0, 0)[0]
        return place(box.left, box.bottom)[0], place(box.right, box.top)[0]

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
