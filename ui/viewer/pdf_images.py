"""Renders pages of PDFs as PNGs, and finds the quoted words on them, in a limited subprocess."""

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
from index.runtime import PARSER_MEMORY_BYTES, limit_parser
from index.sync.parse_worker import open_regular_file

if TYPE_CHECKING:
    from pebble import ProcessPool

    from index.formats.pdf.render import Box

_WIDTH = 1100  # pixels: a panel's 450 on a screen of twice the density, and room to enlarge
_TIMEOUT_SECONDS = 20
_CACHE_SIZE = 48
_PAGES_PER_PROCESS = 200


class RenderError(FootnoteError):
    """A page cannot be rendered; its text can be shown."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page (from 1) to render, of the file that has this digest, and the quote to find on it.

    `at` is where the quote starts, in characters from where the page begins in the text.
    """

    path: str
    digest: str
    page: int
    quote: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True)
class PageImage:
    """A page as a PNG, its size in pixels, and the boxes of the quote, 0..1 of that size."""

    png: bytes
    width: int
    height: int
    boxes: tuple[Box, ...]


class PageRenderer:
    """Renders pages in one subprocess, which ends with this process; a small LRU cache."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ProcessPool | None = None
        self._cache = OrderedDict[PageRequest, PageImage]()

    def render(self, corpus: Path, request: PageRequest) -> PageImage:
        """The image of a page. Raises RenderError, also if the file has changed."""
        with self._lock:
            if request in self._cache:
                self._cache.move_to_end(request)
                return self._cache[request]
            pool = self._open()
        from pebble import ProcessExpired

        job = pool.schedule(render_page, (str(corpus), request), timeout=_TIMEOUT_SECONDS)
        try:
            image: PageImage = job.result()
        except RenderError:
            raise
        except (FutureTimeoutError, ProcessExpired, RuntimeError, OSError) as error:
            raise RenderError("The page cannot be drawn.") from error
        with self._lock:
            # The page that shows the boxes asks for the same image without them next.
            self._cache[replace(request, quote="", at=0)] = replace(image, boxes=())
            self._cache[request] = image
            while len(self._cache) > _CACHE_SIZE:
                self._cache.popitem(last=False)
        return image

    def _open(self) -> ProcessPool:
        """The pool of one process, started by the first request."""
        if self._pool is None:
            from pebble import ProcessPool

            self._pool = ProcessPool(
                1,
                max_tasks=_PAGES_PER_PROCESS,
                context=multiprocessing.get_context("spawn"),
                initializer=limit_parser,
                initargs=(PARSER_MEMORY_BYTES,),
            )
        return self._pool


def render_page(corpus: str, request: PageRequest) -> PageImage:
    """Render a page, in the subprocess. Raises RenderError, whatever is wrong with the file."""
    try:
        with open_regular_file(Path(corpus), request.path) as file:
            data = file.read()
    except OSError:
        raise RenderError("The file cannot be read.") from None
    if sha256(data).hexdigest() != request.digest:
        raise RenderError("The file has changed since it was indexed.")
    try:
        return _render(data, request)
    except Exception as error:
        # PDFium raises many kinds; each of them only means that the text is shown instead.
        raise RenderError(f"The page cannot be drawn ({type(error).__name__}).") from None


def _render(data: bytes, request: PageRequest) -> PageImage:
    from index.formats.pdf.render import boxes, render

    found: Sequence[Box] = (
        boxes(data, request.page, request.quote, request.at) if request.quote else ()
    )
    png = render(data, request.page, _WIDTH)
    # A PNG's width and height stand at bytes 16 and 20.
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    return PageImage(png, width, height, tuple(found))
