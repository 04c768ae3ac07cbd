"""Renders pages of PDFs as PNGs, and finds the quoted words on them, in a limited subprocess."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pebble import ProcessExpired, ProcessPool

from index.errors import FootnoteError, StoreError
from index.runtime import PARSER_MEMORY_BYTES, limit_parser
from index.sync.parse_worker import open_regular_file
from ui.viewer.page_cache import PageCache

if TYPE_CHECKING:
    from index.formats.pdf.render import Box

_WIDTH = 1100  # pixels: a panel's 450 on a screen of twice the density, and room to enlarge
_TIMEOUT_SECONDS = 20
_PAGES_PER_PROCESS = 200
_STOP_SECONDS = 2
_NICE = 10
# How often it is looked whether a page's reader is still there.
_POLL_SECONDS = 0.2
# Pages that wait or are drawn: the three of a panel, and another reader's.
_MOST_WAITING = 6
_MOST_KNOWN = 2_000

HasLeft = Callable[[], Awaitable[bool]]


class RenderError(FootnoteError):
    """A page cannot be rendered; its text can be shown."""


class RenderBusy(StoreError):
    """Too many pages wait to be rendered; their text can be shown."""


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


class Drawing(Protocol):
    """What the routes need of a renderer."""

    async def render(
        self, corpus: Path, request: PageRequest, generation: int, has_left: HasLeft
    ) -> PageImage:
        """The image of a page."""

    def close(self) -> None:
        """End the process that draws."""


class PageRenderer:
    """Renders pages one after the other in a subprocess; a few wait, and others are told so.

    For tasks of one event loop. A page is drawn once: its image is kept in files, its boxes and
    failures in memory.
    """

    def __init__(self, data: Path) -> None:
        self._cache = PageCache(data)
        self._pool: ProcessPool | None = None
        self._turn: asyncio.Lock | None = None
        self._waiting = 0
        self._known = OrderedDict[PageRequest, PageImage | str]()

    async def render(
        self, corpus: Path, request: PageRequest, generation: int, has_left: HasLeft
    ) -> PageImage:
        """The image of a page. Raises RenderError, also if the file has changed.

        Raises RenderBusy if others wait already, and RenderError if the reader has left.
        """
        if self._cache.begin(generation):
            self._known.clear()
        if found := self._kept(request):
            return found
        if self._waiting >= _MOST_WAITING:
            raise RenderBusy("Other pages are being drawn; try again in a moment.")
        self._turn = self._turn or asyncio.Lock()
        self._waiting += 1
        try:
            async with self._turn:
                if await has_left():
                    raise RenderError("The reader has left.")
                return self._kept(request) or await self._draw(corpus, request, has_left)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the process that draws, and what it is at."""
        if self._pool:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join(_STOP_SECONDS)

    def _kept(self, request: PageRequest) -> PageImage | None:
        """A page that was drawn. Raises RenderError for one that could not be."""
        known = self._known.get(request)
        if isinstance(known, str):
            raise RenderError(known)
        png = self._cache.get(_name(request)) if known else None
        return replace(known, png=png) if known and png else None

    async def _draw(self, corpus: Path, request: PageRequest, has_left: HasLeft) -> PageImage:
        job = self._open().schedule(render_page, (str(corpus), request))
        try:
            image: PageImage = await _result(job, has_left)
        except _Left:
            raise RenderError("The reader has left.") from None
        except (RenderError, ProcessExpired, TimeoutError, RuntimeError, OSError) as error:
            message = str(error) if isinstance(error, RenderError) else "The page cannot be drawn."
            self._remember(request, message)
            raise RenderError(message) from error
        self._cache.put(_name(request), image.png)
        # The page that shows the boxes asks for the same image without them next.
        bare = replace(image, png=b"", boxes=())
        self._remember(replace(request, quote="", at=0), bare)
        self._remember(request, replace(image, png=b""))
        return image

    def _remember(self, request: PageRequest, found: PageImage | str) -> None:
        self._known[request] = found
        self._known.move_to_end(request)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)

    def _open(self) -> ProcessPool:
        """The pool of one process, started by the first request."""
        if self._pool is None:
            self._pool = ProcessPool(
                1,
                max_tasks=_PAGES_PER_PROCESS,
                context=multiprocessing.get_context("spawn"),
                initializer=_begin,
            )
        return self._pool


def _begin() -> None:
    """Begin a process that draws: limited, and after those who answer questions."""
    limit_parser(PARSER_MEMORY_BYTES)
    os.nice(_NICE)


class _Left(Exception):
    """The reader of a page that is being drawn has left."""


async def _result(job: Future[PageImage], has_left: HasLeft) -> PageImage:
    """What a job gives, while its reader is there. Raises TimeoutError and what the job raises."""
    waiting = asyncio.wrap_future(job)
    until = time.monotonic() + _TIMEOUT_SECONDS
    try:
        while time.monotonic() < until:
            done, _ = await asyncio.wait([waiting], timeout=_POLL_SECONDS)
            if done:
                return waiting.result()
            if await has_left():
                raise _Left
        raise TimeoutError
    finally:
        waiting.cancel()  # the process is stopped and another begun


def _name(request: PageRequest) -> str:
    """The name of a page's file, by the digest of its document."""
    return f"{request.digest}-{request.page}.png"


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
