"""Text of pictures, where the extra `ocr` is installed: reading order, words, lines."""

from __future__ import annotations

import io
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from statistics import fmean, median
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.formats.base import Parsed, Unreadable
from index.formats.pdf.page_items import TextLine
from index.formats.pdf.paragraphs import join_pages

if TYPE_CHECKING:
    from rapidocr_onnxruntime import RapidOCR

# Shape (rows, columns, 3), blue first, and (rows, columns).
Picture = NDArray[np.uint8]
Shades = NDArray[np.float64]

# The longest side of a picture as it is best read: type of 10 points is 19 pixels high on A4.
PIXELS = 1600
# A picture takes 5 seconds on one core, more on a busy one; the reading of a file 90 at most.
_PICTURES = 12
_SECONDS = 50.0
# Readings less sure than this (0..1) are noise.
_SURE = 0.6
# The model leaves most spaces out. On scans, gaps between words were 0.16 to 0.45 of the line's
# height, and twice those between its letters; around narrow digits and capitals letters' are wide.
_SPACE = 0.16
_WIDE_SPACE = 0.25
_WIDE = re.compile(r"[\d.,:)%°/]{2}|[A-Z]{2}")
# How much of the way from ground to ink a pixel must be to count as ink.
_INK = 0.35
# Columns of a page are read one after the other if their lines have so many characters.
_COLUMN_CHARACTERS = 20
_COLUMN_LINES = 4


@dataclass(frozen=True, slots=True)
class Read:
    """What was read in a picture: lines, placed in pixels, and the picture's height in pixels."""

    lines: Sequence[TextLine]
    height: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """Words that stand together, and their place in pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def why_not() -> str:
    """Why pictures gave no text: nothing was found in them, or how to have them read."""
    if find_spec("rapidocr_onnxruntime") is None:
        return (
            "to have pictures read, run: .venv/bin/pip install -c constraints.txt -e '.[ocr]' "
            "and then: footnote index FOLDER --rebuild"
        )
    try:
        _engine()
    except ImportError as error:
        # OpenCV's wheel needs what a server without a screen may not have.
        needed = "Debian has it in libgl1 and libglib2.0-0"
        return f"the reader of pictures does not start ({error}; {needed})"
    return "no text was found in them"


def read_pictures(pictures: Iterable[Picture]) -> list[Read]:
    """Read pictures in order, and no more than time allows.

    Gives none if the extra is not installed.
    """
    found, started = list[Read](), time.monotonic()
    if find_spec("rapidocr_onnxruntime") is None:
        return found
    try:
        for picture in pictures:
            found.append(_read(picture))
            if len(found) == _PICTURES or time.monotonic() - started > _SECONDS:
                break
    except ImportError:
        # `why_not` tells; what has text besides its pictures is read without them.
        pass
    return found


@cache
def _engine() -> RapidOCR:
    from rapidocr_onnxruntime import RapidOCR

    # Two files are read at a time. Lines one by one take 70 MB less than six at once, and are
    # quicker.
    return RapidOCR(intra_op_num_threads=max((os.cpu_count() or 2) // 2, 1), rec_batch_num=1)


def _read(picture: Picture) -> Read:
    try:
        found, _ = _engine()(picture, return_word_box=True)
    except Exception as error:
        # The library's own kind, which holds the traceback of ONNX Runtime's as text.
        if "bad_alloc" in str(error):
            raise MemoryError from error
        raise
    shades = picture.mean(axis=2)
    pieces = [
        _piece(shades, corners, [_middle(box) for box in boxes], letters)
        for corners, _, sure, boxes, letters, _ in found or ()
        if sure >= _SURE
    ]
    return Read(list(_lines([piece for piece in pieces if piece.text])), len(picture))


def _middle(box: Sequence[tuple[float, float]]) -> int:
    return int(fmean(x for x, _ in box))


def _piece(
    shades: Shades,
    corners: Sequence[tuple[float, float]],
    middles: Sequence[int],
    letters: Sequence[str],
) -> _Piece:
    across, down = zip(*corners, strict=True)
    strip = shades[int(max(min(down), 0)) : int(max(down))]
    gaps = [_gap(strip, left, right) for left, right in pairwise(middles)]
    usual = 2 * median(gaps) if gaps else 0.0
    parts = list(letters[:1])
    for gap, (last, letter) in zip(gaps, pairwise(letters), strict=True):
        least = _WIDE_SPACE if _WIDE.fullmatch(last + letter) else _SPACE
        if gap >= max(least, usual) and not _has_no_spaces(last + letter):
            parts.append(" ")
        parts.append(letter)
    text = " ".join("".join(parts).split())
    return _Piece(text, min(across), min(down), max(across), max(down))


def _gap(strip: Shades, left: int, right: int) -> float:
    """The widest gap without ink between two columns of a line, as a share of its height."""
    away = abs(strip[:, left:right] - np.median(strip))
    if not away.size:
        return 0.0
    inked = (away > _INK * away.max()).any(axis=0)
    edges = np.flatnonzero(np.concatenate(([True], inked, [True])))
    return float(np.diff(edges).max() - 1) / len(strip)


def _has_no_spaces(letters: str) -> bool:
    """Whether a script is written without spaces, as Chinese and Japanese are."""
    return any("\u3000" <= letter <= "\u9fff" or letter >= "\uff00" for letter in letters)


def _lines(pieces: Sequence[_Piece]) -> Iterator[TextLine]:
    """Lines from top to bottom; columns of text one after the other, cells of a row together."""
    for band in _bands(pieces):
        left, right = _columns(band)
        if left and right:
            yield from _lines(left)
            yield from _lines(right)
        else:
            yield from map(_line, _rows(band))


def _bands(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Pieces parted where white runs across the whole page, higher than their lines."""
    bands, foot = list[list[_Piece]](), float("-inf")
    for piece in sorted(pieces, key=lambda piece: piece.top):
        if piece.top - foot > piece.bottom - piece.top:
            bands.append([])
        bands[-1].append(piece)
        foot = max(foot, piece.bottom)
    return bands


def _columns(pieces: Sequence[_Piece]) -> tuple[list[_Piece], list[_Piece]]:
    """Pieces left and right of white that runs down between two columns of text, if it does."""
    right = -1.0
    for piece in sorted(pieces, key=lambda piece: piece.left):
        if 0 <= right < piece.left:
            sides = (
                [other for other in pieces if other.right <= right],
                [other for other in pieces if other.left > right],
            )
            if all(map(_is_column, sides)):
                return sides
        right = max(right, piece.right)
    return [], []


def _is_column(pieces: Sequence[_Piece]) -> bool:
    long = len(pieces) >= _COLUMN_LINES
    return long and fmean(len(piece.text) for piece in pieces) >= _COLUMN_CHARACTERS


def _rows(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    rows = list[list[_Piece]]()
    for piece in sorted(pieces, key=lambda piece: piece.top + piece.bottom):
        last = rows[-1][-1] if rows else None
        if last and (piece.top + piece.bottom) / 2 < last.bottom - (last.bottom - last.top) / 4:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda piece: piece.left) for row in rows]


def _line(row: Sequence[_Piece]) -> TextLine:
    text = " ".join(piece.text for piece in row)
    foot = fmean(piece.bottom for piece in row)
    # A row of cells is a paragraph of its own: no line is near enough to one without height.
    height = fmean(piece.bottom - piece.top for piece in row) if len(row) == 1 else 0.0
    return TextLine(text, foot, foot, height)


if TYPE_CHECKING:
    from PIL.Image import Image

_PIXELS = 100_000_000


def parse_picture(data: bytes) -> Parsed:
    """The words in a picture, read where the extra `ocr` is installed.

    Raises Unreadable for damage, more pixels than can be held, or no text.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            frames = getattr(image, "n_frames", 1)
            if image.width * image.height > _PIXELS:
                raise Unreadable(f"too large: over {_PIXELS:,} pixels")
            found = read_pictures(_frames(image, frames))
    except UnidentifiedImageError:
        raise Unreadable("damaged: not a picture that can be opened") from None
    except Image.DecompressionBombError:
        raise Unreadable(f"too large: over {_PIXELS:,} pixels") from None
    except (OSError, SyntaxError):
        raise Unreadable("damaged: the picture breaks off") from None
    if not any(read.lines for read in found):
        raise Unreadable(f"no text layer: its pages are pictures; {why_not()}")
    parsed = join_pages([read.lines for read in found])
    left = frames - len(found)
    notes = (f"its last {left} of {frames} pages were not read",) if left else ()
    return replace(parsed, notes=(*parsed.notes, *notes))


def _frames(image: Image, count: int) -> Iterator[Picture]:
    """Each frame upright, in colours on white, not larger than is read well; blue first."""
    import numpy as np
    from PIL import Image, ImageOps

    for number in range(count):
        image.seek(number)
        frame = ImageOps.exif_transpose(image).convert("RGBA")
        frame.thumbnail((PIXELS, PIXELS))
        white = Image.new("RGBA", frame.size, "white")
        white.alpha_composite(frame)
        yield np.asarray(white.convert("RGB"))[:, :, ::-1]
