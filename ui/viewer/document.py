"""The HTML page of one document with the quoted words marked, whole or for the panel."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, pairwise, takewhile
from operator import attrgetter
from typing import NamedTuple

from markupsafe import Markup

from index.types import Document, Heading, Span, Table, omissions
from ui.service.links import QUOTE_ID, document_url
from ui.templating import escape_text, render
from ui.viewer.safe_html import highlight, is_markdown

# Characters that are shown at once: a browser is slow to show more, and a reader who takes nothing
# of a page holds all of it in the server's memory.
_WINDOW = 200_000
_FENCED = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n`]*\n(?P<code>.*?)(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)


class HTMLRow(NamedTuple):
    """A row of a table as HTML; it is cited if the quoted characters touch it."""

    is_cited: bool
    cells: list[Markup]


class HTMLTable(NamedTuple):
    """A table as HTML; `anchor` is the id of its header, if it is that which a link leads to."""

    columns: Sequence[str]
    rows: list[HTMLRow]
    is_header_cited: bool = False
    anchor: str = ""


class HTMLBlock(NamedTuple):
    """A part of a document: the start of a page, a heading (its level and id), a table, code, or
    text.
    """

    html: Markup = Markup()
    page: int = 0
    heading: int = 0
    anchor: str = ""
    table: HTMLTable | None = None
    is_code: bool = False


class GuideLink(NamedTuple):
    """A place of the document: the address that shows it, its words, and a heading's level."""

    url: str
    html: Markup
    level: int = 0


class DocumentGuide(NamedTuple):
    """What a reader wants to know of a document before reading it.

    `only` is the address of the chat page that asks this document alone.
    """

    facts: list[str]
    left_out: Sequence[str]
    key: list[GuideLink]
    outline: list[GuideLink]
    more: int
    only: str


def html_table(table: Table, cited: Span, mark: Callable[[int, int], Markup]) -> HTMLTable:
    """A table as HTML; `mark` makes the HTML of a cell from its start and end."""
    rows = list[HTMLRow]()
    for row in table.rows:
        is_cited = max(row.start, cited[0]) < min(row.end, cited[1])
        cells = [mark(*cell) if cell else Markup() for cell in row.cells]
        cells += [Markup()] * (len(table.columns) - len(cells))
        rows.append(HTMLRow(is_cited, cells))
    return HTMLTable(table.columns, rows)


def document_page(
    document: Document,
    start: int = 0,
    end: int = 0,
    digest: str = "",
    part: int = 0,
    guide: DocumentGuide | None = None,
) -> Markup:
    """A whole page of HTML, without scripts; characters start to end marked if 0 <= start < end.

    A long document is shown in parts: the one asked for (from 1), or else that of `start`. A digest
    other than the document's own means that the quoted words may have moved: then nothing is
    marked and the page says so. A guide to the document stands before its text, if one is given.
    """
    span = valid_span(document, start, end, digest)
    parts = max(1, math.ceil(len(document.text) / _WINDOW))
    here = min(part or part_of(document.text, span[0] if span else 0), parts)
    window = _part_start(document.text, here), _part_start(document.text, here + 1)
    return render(
        "viewer/document.html",
        kind="",
        title=document.title or document.path,
        path=document.path,
        report=f"{document_url(document.path)}?reading=1",
        left_out=() if guide else omissions(document.hidden, document.notes),
        guide=guide,
        has_changed=has_changed(document, digest),
        url=document_url(document.path),
        part=here,
        parts=parts,
        body=_blocks(document, span, window, Highlighter(document.text, span)),
    )


def part_of(text: str, place: int) -> int:
    """The number of the part that holds a place of a text."""
    number = 1
    while place >= _part_start(text, number + 1) < len(text):
        number += 1
    return number


def _part_start(text: str, number: int) -> int:
    """Where a part (from 1) of a text starts, at a paragraph or line if one is near."""
    place = (number - 1) * _WINDOW
    if not 0 < place < len(text):
        return min(place, len(text))
    for gap in ("\n\n", "\n"):
        found = text.rfind(gap, place - _WINDOW // 2, place)
        if found >= 0:
            return found + len(gap)
    return place


def panel_page(
    document: Document,
    start: int,
    end: int,
    digest: str,
    guide: DocumentGuide | None = None,
) -> Markup:
    """The same for the panel, which names the document itself; a long one in part."""
    window = _window(document, start, end)
    is_part = window != (0, len(document.text))
    span = valid_span(document, start, end, digest)
    # A focusable mark would take the focus from the panel's buttons.
    highlighter = Highlighter(document.text, span, focusable=False)
    return render(
        "viewer/panel.html",
        kind="panel",
        title=document.title or document.path,
        guide=guide,
        has_changed=has_changed(document, digest),
        url=document_url(document.path, start, end, digest) if is_part else "",
        body=_blocks(document, span, window, highlighter),
    )


def error_page(message: str) -> Markup:
    """A whole page of HTML that says why a document cannot be shown."""
    return render("viewer/error.html", kind="", title="No document", message=message)


def has_changed(document: Document, digest: str) -> bool:
    """Whether a document's digest does not start with this one; an empty one fits any."""
    return bool(digest) and not document.digest.startswith(digest)


def valid_span(document: Document, start: int, end: int, digest: str) -> Span | None:
    """The characters to mark, if they are of the document as it is now."""
    fits = 0 <= start < end <= len(document.text)
    return (start, end) if fits and not has_changed(document, digest) else None


class Highlighter:
    """Makes HTML of pieces of a text in order, a span marked; the first mark has an id."""

    def __init__(
        self, text: str, span: Span | None, anchor: str = QUOTE_ID, focusable: bool = True
    ) -> None:
        self._text = text
        self._first, self._last = span or (0, 0)
        self._anchor = anchor
        self._focusable = focusable

    def html(self, start: int, end: int) -> Markup:
        """The characters between two places, those of the span marked."""
        if not self.touches(start, end):
            return escape_text(self._text[start:end])
        anchor = self.take_anchor()
        span = max(self._first, start) - start, min(self._last, end) - start
        return highlight(self._text[start:end], [span], anchor, self._focusable)

    def take_anchor(self) -> str:
        """The id of the first mark, "" if a mark has it."""
        anchor, self._anchor = self._anchor, ""
        return anchor

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


def _blocks(
    document: Document, span: Span | None, window: Span, highlighter: Highlighter
) -> Iterator[HTMLBlock]:
    """The document's text in order, cut where a page or a heading starts, with the span marked."""
    text = document.text
    pages = {start: number for number, start in enumerate(document.page_starts, start=1)}
    headings = {heading.start: heading for heading in document.headings}
    line_ends = (text.find("\n", start) % (len(text) + 1) for start in headings)
    cuts = {at for at in (*pages, *headings, *line_ends) if window[0] < at < window[1]}
    for start, end in pairwise(sorted({*window, *cuts})):
        if start in pages:
            yield HTMLBlock(page=pages[start])
        heading = headings.get(start)
        if heading is None:
            yield from _text(document, start, end, span or (0, 0), highlighter)
        elif highlighter.touches(start, end):
            yield from _heading(highlighter.html(start, end), heading)
        elif start or heading.text != document.title:  # which the page shows already
            yield from _heading(escape_text(heading.text), heading)


def _text(
    document: Document, start: int, end: int, cited: Span, highlighter: Highlighter
) -> Iterator[HTMLBlock]:
    """Text between two places, its tables as tables and, in Markdown, its code as code."""
    for table in tables_between(document.tables, start, end):
        if table.header or sum(map(bool, table.columns)) > 1:
            yield from _prose(document, start, table.start, highlighter)
            yield HTMLBlock(table=_marked_table(table, cited, highlighter))
            start = max(start, table.end)
    yield from _prose(document, start, end, highlighter)


def _marked_table(table: Table, cited: Span, highlighter: Highlighter) -> HTMLTable:
    """A table with what is cited of it marked, its header as well."""
    html = html_table(table, cited, highlighter.html)
    if not table.header or not highlighter.touches(*table.header):
        return html
    return html._replace(is_header_cited=True, anchor=highlighter.take_anchor())


def _prose(
    document: Document, start: int, end: int, highlighter: Highlighter
) -> Iterator[HTMLBlock]:
    """Text without tables, cut at the code that Markdown puts between lines of ``` or ~~~."""
    for found in _FENCED.finditer(document.text, start, end) if is_markdown(document.path) else ():
        yield from _plain(highlighter.html(start, found.start()))
        yield HTMLBlock(highlighter.html(*found.span("code")), is_code=True)
        start = found.end()
    yield from _plain(highlighter.html(start, end))


def tables_between(tables: Sequence[Table], start: int, end: int) -> Iterator[Table]:
    """Tables with their rows between two places."""
    first = max(0, bisect_right(tables, start, key=attrgetter("start")) - 1)
    for table in takewhile(lambda table: table.start < end, islice(tables, first, None)):
        low = bisect_left(table.rows, start, key=attrgetter("start"))
        rows = table.rows[low : bisect_right(table.rows, end, key=attrgetter("end"))]
        if rows:
            yield replace(table, rows=rows)


def heading_anchor(start: int) -> str:
    """The id of the heading whose line starts at a character."""
    return f"h{start}"


def _heading(html: Markup, heading: Heading) -> Iterator[HTMLBlock]:
    if html := html.strip():
        level, anchor = min(heading.level + 1, 6), heading_anchor(heading.start)
        yield HTMLBlock(html, heading=level, anchor=anchor)


def _plain(html: Markup) -> Iterator[HTMLBlock]:
    if html.strip():
        yield HTMLBlock(html.strip("\n"))
