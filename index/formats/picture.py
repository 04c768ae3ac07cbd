"""Files that are pictures, such as scans and screenshots, to text with a page for each frame."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from index.formats import ocr
from index.formats.lines import join_pages
from index.formats.parsed import Parsed, Unreadable

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
            found = ocr.read_pictures(_frames(image, frames))
    except UnidentifiedImageError:
        raise Unreadable("damaged: not a picture that can be opened") from None
    except Image.DecompressionBombError:
        raise Unreadable(f"too large: over {_PIXELS:,} pixels") from None
    except (OSError, SyntaxError):
        raise Unreadable("damaged: the picture breaks off") from None
    if not any(read.lines for read in found):
        raise Unreadable(f"no text layer: its pages are pictures; {ocr.why_not()}")
    parsed = join_pages([read.lines for read in found])
    left = frames - len(found)
    notes = (f"its last {left} of {frames} pages were not read",) if left else ()
    return replace(parsed, notes=(*parsed.notes, *notes))


def _frames(image: Image, count: int) -> Iterator[ocr.Picture]:
    """Each frame upright, in colours on white, not larger than is read well; blue first."""
    import numpy as np
    from PIL import Image, ImageOps

    for number in range(count):
        image.seek(number)
        frame = ImageOps.exif_transpose(image).convert("RGBA")
        frame.thumbnail((ocr.PIXELS, ocr.PIXELS))
        white = Image.new("RGBA", frame.size, "white")
        white.alpha_composite(frame)
        yield np.asarray(white.convert("RGB"))[:, :, ::-1]
