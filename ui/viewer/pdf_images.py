"""Pages of PDFs as pictures with the places of quoted words, drawn in a child under limits."""

from __future__ import annotations

import multiprocessing
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import FootnoteError
from index.runtime import READER_BYTES, limit_reader
from index.sync.parse_worker import open_ordinary

if TYPE_CHECKING:
    from pebble import ProcessPool

    from index.formats.pdf.render import Box

_WIDTH = 1100  # pixels: a panel's 450 on a screen of twice the density, and room to enlarge
_SECONDS = 20
_KEPT = 48
_DRAWN_PER_CHILD = 200


class NoPicture(FootnoteError):
    """A page cannot be drawn; its text can be shown."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A page (from 1) of a file as it was when its digest was taken, and what is quoted on it.

    `at` is where the quote starts, in characters from where the page begins in the text.
    """

    path: str
    digest: str
    page: int
    quote: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as a PNG, its size in pixels, and the boxes of the quote in shares of that size."""

    png: bytes
    width: int
    height: int
    boxes: tuple[Box, ...]


class Pictures:
    """Draws pages of files below a folder; the last ones are kept. Its child ends with us."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ProcessPool | None = None
        self._drawn = OrderedDict[Spot, Picture]()

    def picture(self, corpus: Path, spot: Spot) -> Picture:
        """The picture of a page. Raises NoPicture, also if the file is another by now."""
        with self._lock:
            if spot in self._drawn:
                self._drawn.move_to_end(spot)
                return self._drawn[spot]
            pool = self._open()
        from pebble import ProcessExpired

        job = pool.schedule(draw, (str(corpus), spot), timeout=_SECONDS)
        try:
            picture: Picture = job.result()
        except NoPicture:
            raise
        except (FutureTimeoutError, ProcessExpired, RuntimeError, OSError) as error:
            raise NoPicture("The page cannot be drawn.") from error
        with self._lock:
            # The page that shows the boxes asks for the same picture without them next.
            self._drawn[replace(spot, quote="", at=0)] = replace(picture, boxes=())
            self._drawn[spot] = picture
            while len(self._drawn) > _KEPT:
                self._drawn.popitem(last=False)
        return picture

    def _open(self) -> ProcessPool:
        """The pool of one child, started when the first page is wanted."""
        if self._pool is None:
            from pebble import ProcessPool

            self._pool = ProcessPool(
                1,
                max_tasks=_DRAWN_PER_CHILD,
                context=multiprocessing.get_context("spawn"),
                initializer=limit_reader,
                initargs=(READER_BYTES,),
            )
        return self._pool


def draw(corpus: str, spot: Spot) -> Picture:
    """Draw a page, in the child. Raises NoPicture, whatever is wrong with the file."""
    try:
        with open_ordinary(Path(corpus), spot.path) as file:
            data = file.read()
    except OSError:
        raise NoPicture("The file cannot be read.") from None
    if sha256(data).hexdigest() != spot.digest:
        raise NoPicture("The file has changed since it was indexed.")
    try:
        return _drawn(data, spot)
    except Exception as error:
        # PDFium's faults are many; each of them only means that the text is shown instead.
        raise NoPicture(f"The page cannot be drawn ({type(error).__name__}).") from None


def _drawn(data: bytes, spot: Spot) -> Picture:
    from index.formats.pdf.render import boxes, render

    found: Sequence[Box] = boxes(data, spot.page, spot.quote, spot.at) if spot.quote else ()
    png = render(data, spot.page, _WIDTH)
    # A PNG's width and height stand at bytes 16 and 20.
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    return Picture(png, width, height, tuple(found))
