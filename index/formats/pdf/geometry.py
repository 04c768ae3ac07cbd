"""Places on a PDF page: where characters and objects are shown, whatever its rotation and crop."""

from __future__ import annotations

import ctypes
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pypdfium2 import PdfObject, PdfPage, PdfTextPage

# Left, top, right, bottom as shares of the shown page's width and height, from its top left.
Rect = tuple[float, float, float, float]
WHOLE: Rect = (0.0, 0.0, 1.0, 1.0)
# PDFium places points on a grid of integers.
_GRID = 1_000_000
# Weights of fonts from 100 to 900.
_BOLD = 600


def turn_upright(page: PdfPage) -> int:
    """Turn a page so that most of its text is upright; gives how it is shown, in degrees.

    PDFium puts lines of text that is not upright into disorder.
    """
    import pypdfium2.raw as pdfium

    shown = page.get_rotation()
    angles = Counter[int]()
    for item in objects(page, pdfium.FPDF_PAGEOBJ_TEXT):
        matrix = item.get_matrix()
        angles[round(math.degrees(math.atan2(matrix.b, matrix.a)) / 90) * 90 % 360] += 1
    page.set_rotation(angles.most_common(1)[0][0] if angles else shown)
    return int(shown)


def place(page: PdfPage, x: float, y: float) -> tuple[float, float]:
    """Where a point of the page's own space is shown: shares of width and height."""
    import pypdfium2.raw as pdfium

    right, down = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, _GRID, _GRID, 0, x, y, right, down)
    return right.value / _GRID, down.value / _GRID


class Shown:
    """Where points of a page's own space are shown, in points from the shown page's top left."""

    def __init__(self, page: PdfPage) -> None:
        width, height = page.get_size()
        corners = (place(page, *corner) for corner in ((0, 0), (1000, 0), (0, 1000)))
        (left, top), *axes = [(x * width, y * height) for x, y in corners]
        self._start = left, top
        self._axes = [((x - left) / 1000, (y - top) / 1000) for x, y in axes]

    def place(self, x: float, y: float) -> tuple[float, float]:
        """The point's place: points from the left, points from the top."""
        (a, b), (c, d) = self._axes
        return self._start[0] + a * x + c * y, self._start[1] + b * x + d * y

    @property
    def weights(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """For the points from the left, and from the top: where they start, and the weights of x
        and y that are added.
        """
        (a, b), (c, d) = self._axes
        return (self._start[0], a, c), (self._start[1], b, d)

    def across(self, textpage: PdfTextPage, index: int) -> tuple[float, float]:
        """Where a character begins and ends, in points from the left."""
        left, bottom, right, top = textpage.get_charbox(index, loose=True)
        return self.place(left, bottom)[0], self.place(right, top)[0]


def origin(textpage: PdfTextPage, index: int) -> tuple[float, float]:
    """Where a character stands on its base line, in the page's own space."""
    import pypdfium2.raw as pdfium

    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(textpage, index, x, y)
    return x.value, y.value


def type_size(textpage: PdfTextPage, index: int) -> float:
    """A character's size of type in points."""
    import pypdfium2.raw as pdfium

    # A font may be of size 1 and scaled by its matrix.
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(textpage, index, matrix)
    scale = math.hypot(matrix.c, matrix.d) or 1.0
    return float(pdfium.FPDFText_GetFontSize(textpage, index)) * scale


def text_object(textpage: PdfTextPage, index: int) -> int:
    """The address of the object that draws a character; 0 for one that stands in no object."""
    import pypdfium2.raw as pdfium

    owner = pdfium.FPDFText_GetTextObject(textpage, index)
    return ctypes.addressof(owner.contents) if owner else 0


def direction(textpage: PdfTextPage, index: int) -> int:
    """The direction that a character's line runs in, in whole steps of 10 degrees."""
    import pypdfium2.raw as pdfium

    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(textpage, index, matrix)
    return round(math.degrees(math.atan2(matrix.b, matrix.a)) / 10) * 10


def is_bold(textpage: PdfTextPage, index: int) -> bool:
    """Whether a character's font is a bold one by its name or weight."""
    import pypdfium2.raw as pdfium

    if pdfium.FPDFText_GetFontWeight(textpage, index) >= _BOLD:
        return True
    length = pdfium.FPDFText_GetFontInfo(textpage, index, None, 0, None)
    name = ctypes.create_string_buffer(max(length, 1))
    pdfium.FPDFText_GetFontInfo(textpage, index, name, length, None)
    return b"bold" in name.value.lower() or b"black" in name.value.lower()


def char_rect(page: PdfPage, textpage: PdfTextPage, index: int, loose: bool = False) -> Rect | None:
    """Where a character's ink is shown (`loose`: its line's height); None if it has none."""
    left, bottom, right, top = textpage.get_charbox(index, loose=loose)
    return None if left == right or bottom == top else _shown(page, left, bottom, right, top)


def object_rect(page: PdfPage, item: PdfObject) -> Rect:
    """Where an object of a page is shown."""
    import pypdfium2

    # What is inside a form object tells its place in the form's space only.
    if item.level:
        return WHOLE
    try:
        return _shown(page, *item.get_bounds())
    except pypdfium2.PdfiumError:
        return WHOLE


def _shown(page: PdfPage, left: float, bottom: float, right: float, top: float) -> Rect:
    (x0, y0), (x1, y1) = place(page, left, bottom), place(page, right, top)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def objects(page: PdfPage, kind: int) -> Iterator[PdfObject]:
    """A page's objects of a kind (pypdfium2's FPDF_PAGEOBJ_...), also those inside forms."""
    yield from page.get_objects(filter=[kind])


def union(rects: Sequence[Rect]) -> Rect:
    """The smallest place that holds them all."""
    lefts, tops, rights, bottoms = zip(*rects, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def overlap(one: Rect, other: Rect) -> bool:
    """Whether two places have more than an edge in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
