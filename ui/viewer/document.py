"""The page that shows one document with the quoted words marked, whole or beside an answer."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, pairwise, takewhile
from operator import attrgetter
from urllib.parse import quote

from index.types import Document, Heading, Span, Table, TableRow
from ui.viewer.safe_html import marked, safe


def grid_html(table: Table, cited: Span, mark: Callable[[int, int], str]) -> str:
    """A table as HTML; rows that the cited characters touch are of the class `cited`.

    `mark` makes HTML of the characters between two places.
    """
    head = "".join(f'<th scope="col">{safe(name)}</th>' for name in table.columns)
    body = "".join(_row_html(row, len(table.columns), cited, mark) for row in table.rows)
    html = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="grid">{html}</div>'


def _row_html(row: TableRow, columns: int, cited: Span, mark: Callable[[int, int], str]) -> str:
    touched = max(row.start, cited[0]) < min(row.end, cited[1])
    cells = (*row.cells, *[None] * (columns - len(row.cells)))
    body = "".join(f"<td>{mark(*cell) if cell else ''}</td>" for cell in cells)
    opening = '<tr class="cited">' if touched else "<tr>"
    return f"{opening}{body}</tr>"


QUOTE_ID = "quote"
# More of a document than this takes a browser noticeable time beside an answer.
_WINDOW = 200_000
_CHANGED = (
    '<p class="notice" role="status">This document has changed since it was quoted, so the '
    "quoted words are not marked. Ask again for an answer from the document as it is now.</p>"
)


def document_url(path: str, start: int = 0, end: int = 0, digest: str = "") -> str:
    """Address of a document's page; with start < end it leads to those characters, marked.

    The digest is that of the document as it was quoted, so the page can tell of a change.
    """
    url = "/documents/" + quote(path, safe="/", errors="replace")
    if start >= end:
        return url
    return f"{url}?start={start}&end={end}&digest={digest[:16]}#{QUOTE_ID}"


def document_page(document: Document, start: int = 0, end: int = 0, digest: str = "") -> str:
    """A whole page of HTML, without scripts; characters start to end marked if 0 <= start < end.

    A digest other than the document's own means that the quoted words may have moved: then
    nothing is marked and the page says so.
    """
    title = safe(document.title or document.path)
    header = f'<h1 dir="auto">{title}</h1><p class="path">{safe(document.path)}</p>'
    body = _body(document, quoted(document, start, end, digest), (0, len(document.text)))
    home = '<a class="home" href="/">Footnote</a>'
    notice = notice_of(document, digest)
    return whole_page(title, f'{home}{header}{notice}<main dir="auto">{body}</main>')


def panel_page(document: Document, start: int, end: int, digest: str) -> str:
    """The same for a panel that names the document itself; of a long one the part around."""
    window = _window(document, start, end)
    part = ""
    if window != (0, len(document.text)):
        url = safe(document_url(document.path, start, end, digest))
        part = (
            '<p class="notice">This is the part around the quoted words. '
            f'<a href="{url}" target="_blank" rel="noopener">Open the whole document</a></p>'
        )
    body = _body(document, quoted(document, start, end, digest), window)
    # Going to the words would take the focus away from the panel's buttons.
    body = body.replace(f'id="{QUOTE_ID}" tabindex="-1"', f'id="{QUOTE_ID}"')
    notice = notice_of(document, digest)
    title = safe(document.title or document.path)
    return whole_page(title, f'{notice}{part}<main dir="auto">{body}</main>', "panel")


def fault_page(message: str) -> str:
    """A whole page of HTML that says why a document cannot be shown."""
    home = '<a class="home" href="/">Footnote</a>'
    notice = f'<h1>No document</h1><p class="notice">{safe(message)}</p>'
    return whole_page("No document", f"{home}{notice}")


def is_changed(document: Document, digest: str) -> bool:
    """Whether a document is another than that of which the digest starts so; none is any."""
    return bool(digest) and not document.digest.startswith(digest)


def notice_of(document: Document, digest: str) -> str:
    """What the page says of a document that is another than the one that was quoted."""
    return _CHANGED if is_changed(document, digest) else ""


def quoted(document: Document, start: int, end: int, digest: str) -> Span | None:
    """The characters to mark, if they are of the document as it is now."""
    fits = 0 <= start < end <= len(document.text)
    return (start, end) if fits and not is_changed(document, digest) else None


def whole_page(title: str, body: str, kind: str = "") -> str:
    """A page of HTML around a body, which is of a class if a kind is given."""
    opening = f'<body class="{kind}">' if kind else "<body>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{title} · Footnote</title>"
        '<link rel="icon" href="/page/icon.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/page/fonts.css">'
        '<link rel="stylesheet" href="/page/document.css"></head>'
        f"{opening}{body}</body></html>"
    )


class Marker:
    """Makes HTML of pieces of a text in order; what is marked first can be led to."""

    def __init__(self, text: str, span: Span | None) -> None:
        self._text = text
        self._first, self._last = span or (0, 0)
        self._anchor = QUOTE_ID

    def html(self, start: int, end: int) -> str:
        """The characters between two places, those of the span marked."""
        if not self.touches(start, end):
            return safe(self._text[start:end])
        anchor, self._anchor = self._anchor, ""
        span = max(self._first, start) - start, min(self._last, end) - start
        return marked(self._text[start:end], [span], anchor)

    def touches(self, start: int, end: int) -> bool:
        """Whether anything between two places is to be marked."""
        return max(self._first, start) < min(self._last, end)


def _window(document: Document, start: int, end: int) -> Span:
    """All of a text, or the paragraphs around the quoted words."""
    text = document.text
    if len(text) <= _WINDOW or not 0 <= start < end <= len(text):
        return 0, min(len(text), _WINDOW)
    first = text.find("\n\n", max(0, start - _WINDOW // 2), start)
    last = text.rfind("\n\n", end, end + _WINDOW // 2)
    near = max(0, start - _WINDOW // 2) if first < 0 else first + 2
    return (0 if start <= _WINDOW // 2 else near), (len(text) if last < 0 else last)


def _body(document: Document, span: Span | None, window: Span) -> str:
    """The document's text in order, cut where a page or a heading starts, with the span marked."""
    text, marker = document.text, Marker(document.text, span)
    pages = {start: number for number, start in enumerate(document.page_starts, start=1)}
    headings = {heading.start: heading for heading in document.headings}
    line_ends = (text.find("\n", start) % (len(text) + 1) for start in headings)
    cuts = {at for at in (*pages, *headings, *line_ends) if window[0] < at < window[1]}
    pieces = list[str]()
    for start, end in pairwise(sorted({*window, *cuts})):
        if start in pages:
            pieces.append(f'<p class="page" id="page-{pages[start]}">Page {pages[start]}</p>')
        heading = headings.get(start)
        if heading is None:
            pieces += _text(document, start, end, span or (0, 0), marker)
        elif marker.touches(start, end):
            pieces.append(_block(marker.html(start, end), heading))
        elif start or heading.text != document.title:  # the title is there already
            pieces.append(_block(safe(heading.text), heading))
    return "".join(pieces)


def _text(document: Document, start: int, end: int, cited: Span, marker: Marker) -> Iterator[str]:
    """Text between two places, its tables as tables where each row names its columns itself."""
    for table in _tables_between(document.tables, start, end):
        if not table.header and sum(map(bool, table.columns)) > 1:
            yield _block(marker.html(start, table.start), None)
            yield grid_html(table, cited, marker.html)
            start = table.end
    yield _block(marker.html(start, end), None)


def _tables_between(tables: Sequence[Table], start: int, end: int) -> Iterator[Table]:
    """Tables with their rows between two places."""
    first = max(0, bisect_right(tables, start, key=attrgetter("start")) - 1)
    for table in takewhile(lambda table: table.start < end, islice(tables, first, None)):
        low = bisect_left(table.rows, start, key=attrgetter("start"))
        rows = table.rows[low : bisect_right(table.rows, end, key=attrgetter("end"))]
        if rows:
            yield replace(table, rows=rows)


def _block(html: str, heading: Heading | None) -> str:
    """A heading, or a run of text whose white space stays as it is."""
    if not html.strip():
        return ""
    if heading:
        tag = f"h{min(heading.level + 1, 6)}"
        return f"<{tag}>{html.strip()}</{tag}>"
    return f'<div class="text">{html.strip(chr(10))}</div>'
