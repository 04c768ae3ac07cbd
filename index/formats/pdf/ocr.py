"""Text of pictures, where the extra `ocr` is installed: reading order, words, lines."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.util import find_spec
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.formats.base import Parsed, Unreadable
from index.formats.pdf.page_items import TextLine
from index.formats.pdf.paragraphs import join_pages
from index.formats.readings import KeptReadings, Read
from index.runtime import cpu_left

if TYPE_CHECKING:
    from rapidocr import RapidOCR

# Shape (rows, columns, 3), blue first.
Picture = NDArray[np.uint8]

# The longest side of a picture as it is best read: type of 10 points is 19 pixels high on A4.
PIXELS = 1600
# A picture takes 5 seconds on one core, the reading of a file 90 at most; the next sync reads on.
# What is read does not depend on how busy the machine is, so pictures are counted, and seconds of
# computing only where a slow machine has too few left for the next picture and for what is done
# with the text.
_PICTURES = 12
_LEAST_SECONDS = 25.0
# How many times as long as wide a picture may be that is read as it is.
_STRIP = 2
# Readings less sure than this (0..1) are noise.
_SURE = 0.6
# Columns of a page are read one after the other if their lines have so many characters.
_COLUMN_CHARACTERS = 20
_COLUMN_LINES = 4


@dataclass(frozen=True, slots=True)
class PicturesRead:
    """The readings of the first pictures of a file, and whether the next sync reads the others."""

    found: Sequence[Read]
    goes_on: bool = False

    @property
    def unread(self) -> str:
        """How a note goes on that names those which were not read."""
        return "not read yet; the next sync reads on" if self.goes_on else "not read"


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
    if find_spec("rapidocr") is None:
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


def read_pictures(data: bytes, pictures: Sequence[Callable[[], Picture]]) -> PicturesRead:
    """Read the first pictures of a file in order: those that an earlier sync read, and so many more
    as are read at a time. `pictures` are called for one each.

    Gives none if the extra is not installed.
    """
    found, fresh, kept = list[Read](), 0, KeptReadings(data)
    if find_spec("rapidocr") is None:
        return PicturesRead(found)
    try:
        for number, picture in enumerate(pictures):
            read = kept.get(number)
            if read is None:
                if fresh == _PICTURES or (fresh and cpu_left() < _LEAST_SECONDS):
                    break
                read = _read(picture())
                kept.put(number, read)
                fresh += 1
            found.append(read)
    except ImportError:
        # `why_not` tells; what has text besides its pictures is read without them.
        return PicturesRead(found)
    return PicturesRead(found, goes_on=len(found) < len(pictures) and kept.reads_on)


@cache
def _engine() -> RapidOCR:
    from rapidocr import RapidOCR

    # Two files are read at a time. Lines one by one take 70 MB less than six at once, and are
    # quicker.
    return RapidOCR(
        params={
            "EngineConfig.onnxruntime.intra_op_num_threads": max((os.cpu_count() or 2) // 2, 1),
            "Rec.rec_batch_num": 1,
            "Global.log_level": "error",
        }
    )


def _read(picture: Picture) -> Read:
    try:
        # Of what the library may give it is a RapidOCROutput, since no step is left out.
        found: Any = _engine()(np.ascontiguousarray(_with_margin(picture)))
    except Exception as error:
        # The library's own kind, which holds the traceback of ONNX Runtime's as text.
        if "bad_alloc" in str(error):
            raise MemoryError from error
        raise
    readings = (
        () if found.boxes is None else zip(found.boxes, found.txts, found.scores, strict=True)
    )
    pieces = [_piece(corners, text) for corners, text, sure in readings if sure >= _SURE]
    return Read(list(_lines([piece for piece in pieces if piece.text])), len(picture))


def _with_margin(picture: Picture) -> Picture:
    """A strip with more of its edge at the right or below.

    The library makes the shorter side 736 pixels: a strip would be as large as a newspaper.
    """
    rows, columns = (max(0, max(picture.shape[:2]) // _STRIP - side) for side in picture.shape[:2])
    return np.pad(picture, ((0, rows), (0, columns), (0, 0)), mode="edge")


def _piece(corners: Sequence[tuple[float, float]], text: str) -> _Piece:
    across, down = zip(*((float(x), float(y)) for x, y in corners), strict=True)
    return _Piece(" ".join(text.split()), min(across), min(down), max(across), max(down))


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
            read = read_pictures(data, [partial(_frame, image, n) for n in range(frames)])
    except UnidentifiedImageError:
        raise Unreadable("damaged: not a picture that can be opened") from None
    except Image.DecompressionBombError:
        raise Unreadable(f"too large: over {_PIXELS:,} pixels") from None
    except (OSError, SyntaxError):
        raise Unreadable("damaged: the picture breaks off") from None
    if not any(one.lines for one in read.found):
        raise Unreadable(f"no text layer: its pages are pictures; {why_not()}")
    parsed = join_pages([one.lines for one in read.found])
    left = frames - len(read.found)
    notes = (f"its last {left} of {frames} pages were {read.unread}",) if left else ()
    return replace(parsed, notes=(*parsed.notes, *notes), goes_on=read.goes_on)


def _frame(image: Image, number: int) -> Picture:
    """A frame upright, in colours on white, not larger than is read well; blue first."""
    import numpy as np
    from PIL import Image, ImageOps

    image.seek(number)
    frame = ImageOps.exif_transpose(image).convert("RGBA")
    frame.thumbnail((PIXELS, PIXELS))
    white = Image.new("RGBA", frame.size, "white")
    white.alpha_composite(frame)
    return np.asarray(white.convert("RGB"))[:, :, ::-1]
