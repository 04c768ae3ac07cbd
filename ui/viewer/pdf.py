"""The panel page of a PDF: its pages as images, with the quoted words marked on them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from index.types import Document, Span
from ui.service.links import QUOTE_ID, document_url
from ui.templating import render
from ui.viewer.document import DocumentGuide, Highlighter, has_changed, valid_span
from ui.viewer.pdf_images import PageImage, PageRequest

_MOST_PAGES = 3  # of a quote that spans more, the first ones are shown


def page_requests(document: Document, span: Span | None, page: int = 0) -> list[PageRequest]:
    """The pages to render: the one asked for (from 1), or else those that the span is on."""
    starts, count = document.page_starts, len(document.page_starts)
    start, end = span or (0, 0)
    first = max(1, bisect_right(starts, start))
    last = max(first, bisect_right(starts, max(start, end - 1)))
    numbers = [page] if page else range(first, min(last, first + _MOST_PAGES - 1) + 1)
    text, path, digest = document.text, document.path, document.digest
    return [
        PageRequest(path, digest, number, text[start:end], start - starts[number - 1])
        if first <= number <= last
        else PageRequest(path, digest, number)
        for number in numbers
        if 1 <= number <= count
    ]


class _Rect(NamedTuple):
    """A mark over a page's image, in pixels with one decimal."""

    id: str
    x: str
    y: str
    width: str
    height: str


class _Figure(NamedTuple):
    """A page's image and the marks over it; width and height in pixels."""

    url: str
    width: int
    height: int
    alt: str
    rects: list[_Rect]


def pdf_page(
    document: Document,
    rendered: Sequence[tuple[PageRequest, PageImage]],
    start: int,
    end: int,
    digest: str,
    guide: DocumentGuide | None = None,
) -> Markup:
    """A page of HTML with the rendered pages, links to those around, and their text.

    The text is folded away where the words are marked in an image.
    """
    span = valid_span(document, start, end, digest)
    anchor, figures = QUOTE_ID, list[_Figure]()
    for request, image in rendered:
        figures.append(_figure(request, image, anchor))
        anchor = "" if image.boxes else anchor
    first, last = rendered[0][0].page, rendered[-1][0].page
    starts = [*document.page_starts, len(document.text)]
    # Only one mark has the id that the URL leads to: in an image, or else in the text.
    highlighter = Highlighter(document.text, span, anchor)
    return render(
        "viewer/pdf.html",
        kind="panel pages",
        guide=guide,
        title=document.title or document.path,
        has_changed=has_changed(document, digest),
        figures=figures,
        first=first,
        last=last,
        page_count=len(document.page_starts),
        page_url=_page_urls(document.path, start, end, digest),
        text=highlighter.html(starts[first - 1], starts[last]).strip(),
        is_text_open=bool(anchor and span),
    )


def _figure(request: PageRequest, image: PageImage, anchor: str) -> _Figure:
    """A page's image; the first of its marks gets the id, if there is one."""
    width, height = image.width, image.height
    rects = [
        _Rect(
            "" if number else anchor,
            f"{box.left * width:.1f}",
            f"{box.top * height:.1f}",
            f"{(box.right - box.left) * width:.1f}",
            f"{(box.bottom - box.top) * height:.1f}",
        )
        for number, box in enumerate(image.boxes)
    ]
    words = f" The marked words: {request.quote}" if rects else ""
    url = f"{document_url(request.path)}?picture={request.page}&digest={request.digest[:16]}"
    return _Figure(url, width, height, f"Page {request.page} of {request.path}.{words}", rects)


def _page_urls(path: str, start: int, end: int, digest: str) -> Callable[[int], str]:
    query = f"start={start}&end={end}&digest={digest[:16]}"
    return lambda number: f"{document_url(path)}?panel=1&page={number}&{query}"
