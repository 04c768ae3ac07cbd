"""Text of a PDF page that nobody sees: off it, tiny, without ink, painted over, or as pale as its
ground.
"""

from __future__ import annotations

import ctypes
import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.formats.pdf.geometry import (
    WHOLE,
    Rect,
    char_rect,
    object_rect,
    objects,
    overlap,
    type_size,
    union,
)

if TYPE_CHECKING:
    from pypdfium2 import PdfObject, PdfPage, PdfTextPage

# Type lighter than this (0..255) may be unseen: it is looked at in a picture of its page.
_PALE = 235
_CONTRAST = 12
_LOOK_PIXELS = 1200
_TINY_POINTS = 1.2
_OPAQUE = 240
_MOST_PATHS = 2_000


def unseen(page: PdfPage, textpage: PdfTextPage) -> list[int]:
    """The numbers of those characters of a page that are not seen.

    Text without ink over a picture is what was read from the picture, so it counts as seen.
    """
    import pypdfium2.raw as pdfium

    covered = _painted_over(page)
    suspects = {
        ctypes.addressof(item.raw.contents): item
        for item in objects(page, pdfium.FPDF_PAGEOBJ_TEXT)
        if ctypes.addressof(item.raw.contents) in covered or _is_suspect(page, item)
    }
    if not suspects:
        return []
    found = defaultdict[int, list[int]](list)
    for index in range(pdfium.FPDFText_CountChars(textpage)):
        owner = pdfium.FPDFText_GetTextObject(textpage, index)
        if owner and ctypes.addressof(owner.contents) in suspects:
            found[ctypes.addressof(owner.contents)].append(index)
    look = _Look(page)
    numbers = list[int]()
    for address, indexes in found.items():
        rects = [rect for index in indexes if (rect := char_rect(page, textpage, index))]
        is_tiny = type_size(textpage, indexes[0]) < _TINY_POINTS
        if is_tiny or (rects and look.hides(union(rects), _mode(suspects[address]))):
            numbers += indexes
    return numbers


def _painted_over(page: PdfPage) -> set[int]:
    """Addresses of the text objects that lie below a filled path which is drawn after them.

    A drawing of very many paths is not gone through.
    """
    import pypdfium2.raw as pdfium

    texts, found, paths = list[tuple[int, Rect]](), set[int](), 0
    kinds = [pdfium.FPDF_PAGEOBJ_TEXT, pdfium.FPDF_PAGEOBJ_PATH]
    for item in page.get_objects(filter=kinds):
        if item.level:
            continue
        if item.type == pdfium.FPDF_PAGEOBJ_TEXT:
            texts.append((ctypes.addressof(item.raw.contents), object_rect(page, item)))
            continue
        paths += 1
        if paths > _MOST_PATHS:
            return set()
        if texts and _is_filled(item):
            over = object_rect(page, item)
            found |= {address for address, rect in texts if _holds(over, rect)}
    return found


def _is_filled(path: PdfObject) -> bool:
    import pypdfium2.raw as pdfium

    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(path, fill, stroke)
    colour = [ctypes.c_uint() for _ in range(4)]
    opaque = pdfium.FPDFPageObj_GetFillColor(path, *colour) and colour[3].value > _OPAQUE
    return bool(fill.value and opaque)


def _holds(outer: Rect, inner: Rect) -> bool:
    """Whether the middle of the one place, from left to right, lies in the other one."""
    middle = (inner[1] + inner[3]) / 2
    return outer[0] <= inner[0] and inner[2] <= outer[2] and outer[1] <= middle <= outer[3]


class _Look:
    """How a page looks; its picture is made when it is first needed."""

    def __init__(self, page: PdfPage) -> None:
        import pypdfium2.raw as pdfium

        self._page = page
        self._images = [object_rect(page, i) for i in objects(page, pdfium.FPDF_PAGEOBJ_IMAGE)]
        self._picture: NDArray[np.uint8] | None = None

    def hides(self, rect: Rect, mode: int) -> bool:
        """Whether text of a rendering mode is not seen in a place of the page."""
        import pypdfium2.raw as pdfium

        if not overlap(rect, WHOLE):
            return True
        if mode == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE:
            return not any(overlap(rect, image) for image in self._images)
        left, top, right, bottom = rect
        rows, columns, _ = self._seen().shape
        part = self._seen()[
            max(int(top * rows), 0) : math.ceil(bottom * rows),
            max(int(left * columns), 0) : math.ceil(right * columns),
        ]
        # Type differs from its ground in one of the colours at least.
        return part.size > 0 and int(np.ptp(part, axis=(0, 1)).max()) < _CONTRAST

    def _seen(self) -> NDArray[np.uint8]:
        """The page's picture, shape (rows, columns, colours)."""
        if self._picture is None:
            scale = _LOOK_PIXELS / max(self._page.get_size())
            self._picture = self._page.render(scale=scale, may_draw_forms=False).to_numpy()
        return self._picture


def _is_suspect(page: PdfPage, item: PdfObject) -> bool:
    import pypdfium2.raw as pdfium

    mode = _mode(item)
    if mode == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE:
        return True
    if not overlap(object_rect(page, item), WHOLE) or _is_tiny(item):
        return True
    colour = [ctypes.c_uint() for _ in range(4)]
    filled = pdfium.FPDFPageObj_GetFillColor(item, *colour)
    red, green, blue, alpha = (part.value for part in colour)
    pale = min(red, green, blue) >= _PALE or alpha <= 255 - _PALE
    return bool(filled) and mode == pdfium.FPDF_TEXTRENDERMODE_FILL and pale


def _mode(item: PdfObject) -> int:
    import pypdfium2.raw as pdfium

    return int(pdfium.FPDFTextObj_GetTextRenderMode(item))


def _is_tiny(item: PdfObject) -> bool:
    import pypdfium2.raw as pdfium

    size = ctypes.c_float()
    pdfium.FPDFTextObj_GetFontSize(item, size)
    matrix = item.get_matrix()
    return size.value * math.hypot(matrix.c, matrix.d) < _TINY_POINTS
