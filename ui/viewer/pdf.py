"""The page beside an answer for a PDF: its pages as pictures, the quoted words marked on them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from index.types import Document, Span
from ui.viewer.document import QUOTE_ID, Marker, document_url, notice_of, quoted, whole_page
from ui.viewer.pdf_images import Picture, Spot
from ui.viewer.safe_html import safe

# Of a quote that goes over more pages, the first ones are drawn.
_PAGES = 3
_LARGER = '<label class="zoom" for="zoom">Larger</label>'


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


def pictures_page(
    document: Document, drawn: Sequence[tuple[Spot, Picture]], start: int, end: int, digest: str
) -> str:
    """A page of HTML with the drawn pages, the ways to those around, and their text.

    The text is folded away where the words are marked in the picture.
    """
    span = quoted(document, start, end, digest)
    anchor, figures = QUOTE_ID, list[str]()
    for spot, picture in drawn:
        figures.append(_figure(spot, picture, anchor))
        anchor = "" if picture.boxes else anchor
    numbers = [spot.page for spot, _ in drawn]
    around = _around(document, numbers, f"start={start}&end={end}&digest={digest[:16]}")
    text = _text(document, numbers, span, bool(anchor and span))
    title = safe(document.title or document.path)
    zoom = f'<input type="checkbox" class="zoom" id="zoom">{_LARGER}'
    body = f"{notice_of(document, digest)}{zoom}<main>{''.join(figures)}{around}{text}</main>"
    return whole_page(title, body, "panel pages")


def _figure(spot: Spot, picture: Picture, anchor: str) -> str:
    """A page's picture under its marks; the first of them gets the id, if there is one."""
    width, height = picture.width, picture.height
    rects = list[str]()
    for box in picture.boxes:
        across, down = box.right - box.left, box.bottom - box.top
        name = f' id="{anchor}"' if anchor and not rects else ""
        rects.append(
            f'<rect{name} x="{box.left * width:.1f}" y="{box.top * height:.1f}" '
            f'width="{across * width:.1f}" height="{down * height:.1f}" rx="3"/>'
        )
    words = f" The marked words: {spot.quote}" if rects else ""
    url = safe(f"{document_url(spot.path)}?picture={spot.page}&digest={spot.digest[:16]}")
    return (
        f'<figure class="sheet"><img src="{url}" width="{width}" height="{height}" '
        f'alt="{safe(f"Page {spot.page} of {spot.path}.{words}")}">'
        f'<svg viewBox="0 0 {width} {height}" aria-hidden="true">{"".join(rects)}</svg></figure>'
    )


def _around(document: Document, numbers: Sequence[int], query: str) -> str:
    """Links to the page before those shown and to the one after."""
    count, first, last = len(document.page_starts), numbers[0], numbers[-1]
    url = document_url(document.path)

    def link(number: int, words: str) -> str:
        if not 1 <= number <= count:
            return "<span></span>"
        return f'<a href="{safe(f"{url}?panel=1&page={number}&{query}")}">{words}</a>'

    pages = f"Page {first}" if first == last else f"Pages {first} to {last}"
    return (
        f'<nav class="around" aria-label="Pages">{link(first - 1, f"← Page {first - 1}")}'
        f"<span>{pages} of {count}</span>{link(last + 1, f'Page {last + 1} →')}</nav>"
    )


def _text(document: Document, numbers: Sequence[int], span: Span | None, shown: bool) -> str:
    """The text of the pages, unfolded if the picture has no marks."""
    starts = [*document.page_starts, len(document.text)]
    html = Marker(document.text, span).html(starts[numbers[0] - 1], starts[numbers[-1]])
    if not shown:  # what can be led to is in the picture
        html = html.replace(f' id="{QUOTE_ID}"', "")
    opening = "<details open>" if shown else "<details>"
    return (
        f"{opening}<summary>Text of the page</summary>"
        f'<div class="text" dir="auto">{html.strip()}</div></details>'
    )
