"""The page beside an answer for a PDF: its pages as pictures, the quoted words marked on them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from index.types import Document, Span
from ui.templating import render
from ui.viewer.document import QUOTE_ID, Marker, document_url, is_changed, quoted
from ui.viewer.pdf_images import Picture, Spot

# Of a quote that goes over more pages, the first ones are drawn.
_PAGES = 3


def spots(document: Document, span: Span | None, page: int = 0) -> list[Spot]:
    """The pages to draw: the one asked for (from 1), or else those that the span is on."""
    starts, count = document.page_starts, len(document.page_starts)
    start, end = span or (0, 0)
    first = max(1, bisect_right(starts, start))
    last = max(first, bisect_right(starts, max(start, end - 1)))
    numbers = [page] if page else range(first, min(last, first + _PAGES - 1) + 1)
    text, path, digest = document.text, document.path, document.digest
    return [
        Spot(path, digest, number, text[start:end], start - starts[number - 1])
        if first <= number <= last
        else Spot(path, digest, number)
        for number in numbers
        if 1 <= number <= count
    ]


class _Rect(NamedTuple):
    """A mark over a page's picture, in pixels as SVG has them."""

    id: str
    x: str
    y: str
    width: str
    height: str


class _Figure(NamedTuple):
    """A page's picture under its marks; width and height in pixels."""

    url: str
    width: int
    height: int
    alt: str
    rects: list[_Rect]


def pictures_page(
    document: Document, drawn: Sequence[tuple[Spot, Picture]], start: int, end: int, digest: str
) -> Markup:
    """A page of HTML with the drawn pages, links to those around, and their text.

    The text is folded away where the words are marked in the picture.
    """
    span = quoted(document, start, end, digest)
    anchor, figures = QUOTE_ID, list[_Figure]()
    for spot, picture in drawn:
        figures.append(_figure(spot, picture, anchor))
        anchor = "" if picture.boxes else anchor
    first, last = drawn[0][0].page, drawn[-1][0].page
    starts = [*document.page_starts, len(document.text)]
    # In the text there is only something to lead to if it is not in a picture.
    marker = Marker(document.text, span, anchor)
    return render(
        "viewer/pdf.html",
        kind="panel pages",
        title=document.title or document.path,
        has_changed=is_changed(document, digest),
        figures=figures,
        first=first,
        last=last,
        page_count=len(document.page_starts),
        page_url=_page_urls(document.path, start, end, digest),
        text=marker.html(starts[first - 1], starts[last]).strip(),
        is_text_open=bool(anchor and span),
    )


def _figure(spot: Spot, picture: Picture, anchor: str) -> _Figure:
    """A page's picture; the first of its marks gets the id, if there is one."""
    width, height = picture.width, picture.height
    rects = [
        _Rect(
            "" if number else anchor,
            f"{box.left * width:.1f}",
            f"{box.top * height:.1f}",
            f"{(box.right - box.left) * width:.1f}",
            f"{(box.bottom - box.top) * height:.1f}",
        )
        for number, box in enumerate(picture.boxes)
    ]
    words = f" The marked words: {spot.quote}" if rects else ""
    url = f"{document_url(spot.path)}?picture={spot.page}&digest={spot.digest[:16]}"
    return _Figure(url, width, height, f"Page {spot.page} of {spot.path}.{words}", rects)


def _page_urls(path: str, start: int, end: int, digest: str) -> Callable[[int], str]:
    query = f"start={start}&end={end}&digest={digest[:16]}"
    return lambda number: f"{document_url(path)}?panel=1&page={number}&{query}"
