"""Pages of a PDF as pictures, and where the words of a quote stand on them."""

from __future__ import annotations

import io
import math
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from operator import itemgetter
from threading import Lock
from typing import TYPE_CHECKING

from index.formats.base import Unreadable
from index.formats.pdf.aligned import with_columns
from index.formats.pdf.geometry import WHOLE, Rect, char_rect, overlap, turn_upright, union
from index.formats.pdf.text import characters, open_pdf
from index.formats.pdf.words import PdfWord, WordLine, line_ranges, word_lines

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

# PDFium is not made for threads.
_ONE_AT_A_TIME = Lock()
_PIXELS = 20_000_000
# Heads and feet that may stand between a sentence and the edge of its page.
_EDGE_LINES = 3
# A row of a table is known by so many of its cells, and by this share of them.
_LEAST_CELLS = 2
_CELL_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Box:
    """A place on a page: shares (0..1) of its shown width and height, from its top left."""

    left: float
    top: float
    right: float
    bottom: float


def render(data: bytes, page: int, width: int) -> bytes:
    """A page (from 1) as a PNG so many pixels wide, fewer if it is very high.

    Raises Unreadable if the PDF cannot be opened or has no such page.
    """
    with _ONE_AT_A_TIME:
        shown = _page(data, page)
        across, down = shown.get_size()
        scale = min(width / across, math.sqrt(_PIXELS / (across * down)))
        image = shown.render(scale=scale).to_pil()
    file = io.BytesIO()
    image.save(file, "png")
    return file.getvalue()


def boxes(data: bytes, page: int, quote: str, start: int = 0) -> list[Box]:
    """Where a quote of the extracted text stands on a page (from 1), a box per line.

    Of several places it is the one nearest to `start`, characters from where the page begins in
    the text. A quote that goes over the page's edge gives its part on the page; none gives [].
    Raises Unreadable if the PDF cannot be opened or has no such page.
    """
    wanted = "".join(filter(str.isalnum, quote))
    with _ONE_AT_A_TIME:
        shown = _page(data, page)
        text = _PageText(shown)
        found = text.whole(wanted, start)
        if not found and wanted:
            found = text.begun(wanted, _next_to(data, page + 1))
            found = found or text.ended(wanted, _next_to(data, page - 1))
        row = [] if found else text.row(_row_cells(quote), start)
        if marks := [box for piece in row for box in _boxes(shown, text.textpage, piece)]:
            return [_around(marks)]
        pieces = [] if found else text.reordered(wanted)
        if not pieces:
            found = found or text.whole("".join(_row_cells(quote)), start)
            span = _with_end(text.chars, text.span(found), quote)
            pieces = [
                range(max(line.start, span.start), min(line.stop, span.stop)) for line in text.lines
            ]
        return [box for piece in pieces for box in _boxes(shown, text.textpage, piece)]


def _row_cells(quote: str) -> list[str]:
    """Letters of a row's cells without the names of their columns, "Year: 2022; Profit: 1.1"."""
    cells = (cell.partition(": ") for cell in quote.split("; "))
    letters = ("".join(filter(str.isalnum, value or name)) for name, _, value in cells)
    return [cell for cell in letters if cell]


def _page(data: bytes, page: int) -> PdfPage:
    pdf = open_pdf(data)
    if not 1 <= page <= len(pdf):
        raise Unreadable(f"there is no page {page}, it has {len(pdf)}")
    return pdf[page - 1]


def _next_to(data: bytes, page: int) -> _PageText | None:
    pdf = open_pdf(data)
    return _PageText(pdf[page - 1]) if 1 <= page <= len(pdf) else None


class _PageText:
    """The characters of a page, its lines, and its letters and digits, in which quotes are found.

    Places of letters are counted among the letters.
    """

    def __init__(self, page: PdfPage) -> None:
        shown = turn_upright(page)
        self.textpage = page.get_textpage()
        self.chars, _ = characters(page, self.textpage)
        self._words = word_lines(page, self.textpage, self.chars)
        page.set_rotation(shown)
        self.lines = [line for line, _ in line_ranges(self.chars)]
        self._numbers = [number for number, char in enumerate(self.chars) if char.isalnum()]
        self._letters = "".join(self.chars[number] for number in self._numbers)

    def span(self, found: range) -> range:
        """The characters from the first letter found to the last."""
        if not found:
            return range(0)
        return range(self._numbers[found.start], self._numbers[found.stop - 1] + 1)

    def whole(self, wanted: str, start: int) -> range:
        """The letters wanted in their place nearest to a start in characters, none if nowhere."""
        places = list[int]()
        place = self._letters.find(wanted) if wanted else -1
        while place >= 0:
            places.append(place)
            place = self._letters.find(wanted, place + 1)
        if not places:
            return range(0)
        before = [0, *accumulate(bool(char) for char in self.chars)]
        nearest = min(places, key=lambda place: abs(before[self._numbers[place]] - start))
        return range(nearest, nearest + len(wanted))

    def row(self, cells: Sequence[str], start: int) -> list[range]:
        """The words of a table's row: of the line that has most of its cells in their order.

        Of several such lines it is the one nearest to a start in characters; none if no line has
        most of them.
        """
        found = [_cells_in(line, cells) for line in _visual_lines(self._words)]
        most = max(map(len, found), default=0)
        if len(cells) < _LEAST_CELLS or most < max(_LEAST_CELLS, _CELL_SHARE * len(cells)):
            return []
        rows = (row for row in found if len(row) == most)
        return min(rows, key=lambda row: abs(row[0].start - start))

    def reordered(self, wanted: str) -> list[range]:
        """The letters wanted as the page is read, where its columns were drawn line by line."""
        letters = [
            (number, at)
            for number, line in enumerate(with_columns(self._words))
            if isinstance(line, WordLine)
            for word in line.words
            for at in word.chars
            if self.chars[at].isalnum()
        ]
        place = "".join(self.chars[at] for _, at in letters).find(wanted) if wanted else -1
        found = letters[place : place + len(wanted)] if place >= 0 else []
        lines = [[at for _, at in line] for _, line in groupby(found, key=itemgetter(0))]
        return [range(line[0], line[-1] + 1) for line in lines]

    def begun(self, wanted: str, after: _PageText | None) -> range:
        """What of the letters wanted ends this page, if the rest of them begins the one after."""
        if after is None:
            return range(0)
        for end in self._edges(self.lines[-_EDGE_LINES:], at_start=False):
            for length in range(min(len(wanted) - 1, end), 0, -1):
                fits = self._letters.endswith(wanted[:length], 0, end)
                if fits and after.begins(wanted[length:]):
                    return range(end - length, end)
        return range(0)

    def ended(self, wanted: str, before: _PageText | None) -> range:
        """What of the letters wanted begins this page, if the rest of them ends the one before."""
        part = before.begun(wanted, self) if before else range(0)
        rest = wanted[len(part) :]
        for start in self._edges(self.lines[:_EDGE_LINES], at_start=True) if part else ():
            if self._letters.startswith(rest, start):
                return range(start, start + len(rest))
        return range(0)

    def begins(self, wanted: str) -> bool:
        """Whether the letters wanted begin this page."""
        starts = self._edges(self.lines[:_EDGE_LINES], at_start=True)
        return any(self._letters.startswith(wanted, start) for start in starts)

    def _edges(self, lines: Sequence[range], at_start: bool) -> list[int]:
        """How many letters come before the lines start, or end."""
        return [bisect_left(self._numbers, line.start if at_start else line.stop) for line in lines]


def _visual_lines(lines: Sequence[WordLine]) -> list[list[PdfWord]]:
    """Words by the base line that they stand on, each from left to right."""
    found = list[list[PdfWord]]()
    words = (word for line in lines for word in line.words)
    for word in sorted(words, key=lambda word: word.base):
        if found and word.base - found[-1][-1].base <= word.size / 3:
            found[-1].append(word)
        else:
            found.append([word])
    return [sorted(line, key=lambda word: word.left) for line in found]


def _cells_in(words: Sequence[PdfWord], cells: Sequence[str]) -> list[range]:
    """The characters of those cells that are whole words of a line, in their order."""
    letters = ["".join(filter(str.isalnum, word.text)) for word in words]
    found, position = list[range](), 0
    for cell in cells:
        starts = range(position, len(words))
        for first in starts:
            joined, last = letters[first], first
            while len(joined) < len(cell) and last + 1 < len(words):
                last += 1
                joined += letters[last]
            if joined == cell:
                found.append(range(words[first].chars.start, words[last].chars.stop))
                position = last + 1
                break
    return found


def _with_end(chars: Sequence[str], span: range, quote: str) -> range:
    """Characters with those signs after the last letter that the quote ends in."""
    signs = len("".join(re.findall(r"[^\w\s]", quote[_last_letter(quote) :])))
    stop = span.stop
    while span and signs and stop < len(chars) and not chars[stop].isalnum():
        signs -= bool(chars[stop].strip())
        stop += 1
    return range(span.start, stop)


def _last_letter(text: str) -> int:
    return max((place for place, char in enumerate(text) if char.isalnum()), default=0)


def _boxes(page: PdfPage, textpage: PdfTextPage, piece: range) -> Iterator[Box]:
    """Boxes of the characters of a line; PDFium may take two lines for one."""
    rects = list[Rect]()
    for number in piece:
        ink = char_rect(page, textpage, number)
        if not ink:
            continue
        tall = char_rect(page, textpage, number, loose=True)
        rect = union([ink, tall]) if tall else ink
        if rects and not _beside(rects[-1], rect):
            yield _box(rects)
            rects = []
        rects.append(rect)
    if rects:
        yield _box(rects)


def _beside(one: Rect, other: Rect) -> bool:
    """Whether two characters are on one line, which may run across or down."""
    across = (0.0, one[1], 1.0, one[3]), (0.0, other[1], 1.0, other[3])
    down = (one[0], 0.0, one[2], 1.0), (other[0], 0.0, other[2], 1.0)
    return overlap(*across) or overlap(*down)


def _around(boxes: Sequence[Box]) -> Box:
    """One box around those of a row's cells, which stand on one line."""
    return _box([(box.left, box.top, box.right, box.bottom) for box in boxes])


def _box(rects: Sequence[Rect]) -> Box:
    left, top, right, bottom = union(rects)
    return Box(max(left, WHOLE[0]), max(top, WHOLE[1]), min(right, WHOLE[2]), min(bottom, WHOLE[3]))
