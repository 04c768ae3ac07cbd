"""Pages of a PDF as pictures, and where the words of a quote stand on them."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from index.parsed import Unreadable
from index.pdf import characters, line_ranges, open_pdf
from index.pdf_page import WHOLE, Rect, char_rect, overlap, union

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

# PDFium is not made for threads.
_ONE_AT_A_TIME = Lock()
_PIXELS = 20_000_000
# What part of a quote must be on a page that its sentence leaves or enters, in letters.
_PART_LETTERS = 6
# Heads and feet that may stand between a sentence and the edge of its page.
_EDGE_LINES = 3


@dataclass(frozen=True, slots=True)
class Box:
    """A place on a page: shares (0..1) of its shown width and height, from its top left."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class _Letters:
    """The letters and digits of a page, and for each the number of its character."""

    text: str
    numbers: Sequence[int]


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
    with _ONE_AT_A_TIME:
        shown = _page(data, page)
        textpage = shown.get_textpage()
        chars, _ = characters(shown, textpage)
        lines = [span for span, _ in line_ranges(chars)]
        letters = _find(chars, lines, "".join(filter(str.isalnum, quote)), start)
        span = _with_end(chars, letters, quote)
        pieces = [range(max(line.start, span.start), min(line.stop, span.stop)) for line in lines]
        return [box for piece in pieces for box in _boxes(shown, textpage, piece)]


def _page(data: bytes, page: int) -> PdfPage:
    pdf = open_pdf(data)
    if not 1 <= page <= len(pdf):
        raise Unreadable(f"there is no page {page}, it has {len(pdf)}")
    return pdf[page - 1]


def _find(chars: Sequence[str], lines: Sequence[range], wanted: str, start: int) -> range:
    """The characters of a page from the first letter wanted to the last, none if it has none."""
    numbers = [number for number, char in enumerate(chars) if char.isalnum()]
    letters = _Letters("".join(chars[number] for number in numbers), numbers)
    found = _whole(letters, chars, wanted, start) or _part(letters, lines, wanted)
    return range(numbers[found.start], numbers[found.stop - 1] + 1) if found else range(0)


def _whole(letters: _Letters, chars: Sequence[str], wanted: str, start: int) -> range:
    places = list[int]()
    place = letters.text.find(wanted) if wanted else -1
    while place >= 0:
        places.append(place)
        place = letters.text.find(wanted, place + 1)
    if not places:
        return range(0)
    lengths = [0]
    for char in chars:
        lengths.append(lengths[-1] + bool(char))
    nearest = min(places, key=lambda place: abs(lengths[letters.numbers[place]] - start))
    return range(nearest, nearest + len(wanted))


def _part(letters: _Letters, lines: Sequence[range], wanted: str) -> range:
    """The longest beginning of what is wanted at a line's end near the foot, or end at the head."""
    ends = [sum(n < line.stop for n in letters.numbers) for line in lines[-_EDGE_LINES:]]
    starts = [sum(n < line.start for n in letters.numbers) for line in lines[:_EDGE_LINES]]
    for length in range(len(wanted) - 1, _PART_LETTERS - 1, -1):
        for end in ends:
            if letters.text.endswith(wanted[:length], 0, end):
                return range(end - length, end)
        for start in starts:
            if letters.text.startswith(wanted[-length:], start):
                return range(start, start + length)
    return range(0)


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


def _box(rects: Sequence[Rect]) -> Box:
    left, top, right, bottom = union(rects)
    return Box(max(left, WHOLE[0]), max(top, WHOLE[1]), min(right, WHOLE[2]), min(bottom, WHOLE[3]))
