"""Words of a PDF page with their places, line by line in the order that PDFium reads them."""

from __future__ import annotations

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
    for span, divided in line_ranges(chars):
        words = tuple(_word(shown, textpage, chars, piece) for piece in _pieces(chars, span))
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


def _word(shown: Shown, textpage: PdfTextPage, chars: Sequence[str], piece: range) -> PdfWord:
    first, last = (shown.across(textpage, index) for index in (piece[0], piece[-1]))
    base = shown.place(*origin(textpage, piece[0]))[1]
    text = "".join(chars[piece.start : piece.stop])
    return PdfWord(
        text, piece, min(*first, *last), max(*first, *last), base, type_size(textpage, piece[0])
    )


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
