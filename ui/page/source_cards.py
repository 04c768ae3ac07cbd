"""The sources of an answer as HTML: a card for each quoted text, and one for each quoted table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from markupsafe import Markup

from index.errors import FootnoteError
from index.types import Passage, Span, Table
from rag.types import Answers, Citation
from ui.service.history import Exchange
from ui.service.links import document_url
from ui.templating import escape_text, render
from ui.viewer.document import HTMLRow, HTMLTable
from ui.viewer.safe_html import excerpt, highlight

_CACHED_DOCUMENTS = 64
_ROWS = 12  # of a table in a card, besides those that are quoted
TablesOf = Callable[[str, str], Sequence[Table]]


def no_tables(_path: str, _digest: str) -> Sequence[Table]:
    """Where no documents are at hand."""
    return ()


def tables_of(engine: Answers) -> TablesOf:
    """The tables of a document, () if it has changed since its digest; the last ones are kept."""

    @lru_cache(_CACHED_DOCUMENTS)
    def found(path: str, digest: str) -> Sequence[Table]:
        try:
            document = engine.document(path)
        except FootnoteError:
            return ()
        return document.tables if document.digest == digest else ()

    return found


class _Card(NamedTuple):
    """A passage in the column of sources; `label` is 0 if the answer does not cite it.

    A card with `table` shows that in place of words. One that is `joined` belongs to the table of
    the card before it, which shows its row.
    """

    passage: Passage
    title: str
    place: str
    words: Markup
    url: str
    label: int = 0
    change: str = ""
    table: HTMLTable | None = None
    joined: str = ""


class _Sources(NamedTuple):
    """The sources of one exchange: what its answer cites, and what else was found."""

    exchange: Exchange
    cited: Sequence[_Card]
    rest: Sequence[_Card]
    is_refused: bool


def sources_html(exchanges: Sequence[Exchange], tables: TablesOf = no_tables) -> Markup:
    """The sources of all exchanges; only those of the last one that has any are shown."""
    found = [_sources(exchange, tables) for exchange in exchanges if exchange.hits]
    return render("page/sources.html", sources=found)


def _sources(exchange: Exchange, tables: TablesOf) -> _Sources:
    answer = exchange.answer
    citations = answer.citations if answer else ()
    cited = {citation.passage.id for citation in citations}
    rest = [hit.passage for hit in exchange.hits if hit.passage.id not in cited]
    return _Sources(
        exchange,
        list(_cited(citations, exchange, tables)),
        [_uncited(passage, tables) for passage in rest],
        bool(answer and answer.refusal),
    )


def _cited(citations: Sequence[Citation], exchange: Exchange, tables: TablesOf) -> Iterator[_Card]:
    """The cards of citations in order; those of one table follow each other, as one."""
    placed = [(_table_at(each.passage, (each.quote.start, each.quote.end), tables), each)
              for each in citations]  # fmt: skip
    first = dict[object, int]()
    for at, (table, citation) in enumerate(placed):
        first.setdefault(_key(table, citation), at)
    ordered = sorted(placed, key=lambda pair: (first[_key(*pair)], pair[1].label))
    for _, group in groupby(ordered, key=lambda pair: _key(*pair)):
        pairs = list(group)
        table, together = pairs[0][0], [citation for _, citation in pairs]
        card = _citation(together[0], exchange, tables)
        yield card._replace(table=_html_table(table, together)) if table else card
        for citation in together[1:]:
            yield _citation(citation, exchange, tables)._replace(
                joined=_first_words(citation, table)
            )


def _key(table: Table | None, citation: Citation) -> object:
    """What citations of one card have in common."""
    return (citation.passage.document, table.start) if table else citation.label


def _table_at(passage: Passage, span: Span, tables: TablesOf) -> Table | None:
    """The table in whose rows or header a span of a document lies wholly."""
    start, end = span
    for table in tables(passage.document, passage.digest):
        if table.rows and table.start <= start and end <= table.end + 1:
            return table
    return None


def _html_table(table: Table, citations: Sequence[Citation]) -> HTMLTable:
    """The quoted rows, and those around them in the same passages."""
    rows = dict[int, HTMLRow]()
    for citation in citations:
        rows |= dict(_rows(table, citation.passage))
    quoted = {at for citation in citations for at in _touched(table, citation)}
    near = sorted(rows, key=lambda at: min((abs(at - other) for other in quoted), default=0))
    shown = sorted({*quoted & set(rows), *near[:_ROWS]})
    return HTMLTable(
        table.columns,
        [rows[at]._replace(is_cited=at in quoted) for at in shown],
    )


def _touched(table: Table, citation: Citation) -> Iterator[int]:
    for at, row in enumerate(table.rows):
        if max(row.start, citation.quote.start) < min(row.end, citation.quote.end):
            yield at


def _rows(table: Table, passage: Passage) -> Iterator[tuple[int, HTMLRow]]:
    """The rows of a table that a passage holds wholly."""
    for at, row in enumerate(table.rows):
        if passage.start <= row.start and row.end <= passage.end:
            cells = [_cell(cell, passage) for cell in row.cells]
            cells += [Markup()] * (len(table.columns) - len(cells))
            yield at, HTMLRow(False, cells)


def _cell(cell: Span | None, passage: Passage) -> Markup:
    if cell is None:
        return Markup()
    return escape_text(passage.text[cell[0] - passage.start : cell[1] - passage.start].strip())


def _first_words(citation: Citation, table: Table | None) -> str:
    """The first cell of the row that a citation quotes, else the names of its columns."""
    passage = citation.passage
    for at in _touched(table, citation) if table else ():
        assert table
        cell = next(filter(None, table.rows[at].cells), None)
        if cell:
            return passage.text[cell[0] - passage.start : cell[1] - passage.start].strip()
    return "The names of the columns"


def _citation(citation: Citation, exchange: Exchange, tables: TablesOf) -> _Card:
    """A card: the quoted words marked among those around them."""
    passage, quote = citation.passage, citation.quote
    card = _card(passage, (quote.start - passage.start, quote.end - passage.start), tables)
    change = exchange.outdated.get(passage.document, "")
    return card._replace(label=citation.label, change=change)


def _uncited(passage: Passage, tables: TablesOf) -> _Card:
    """A card of a passage that is not cited; one that is all table shows it as one."""
    card = _card(passage, None, tables)
    for table in tables(passage.document, passage.digest):
        rows = dict(_rows(table, passage))
        inside = sum(table.rows[at].end - table.rows[at].start for at in rows)
        if rows and 2 * inside > len(passage.text):
            return card._replace(table=HTMLTable(table.columns, list(rows.values())[:_ROWS]))
    return card


def _card(passage: Passage, span: Span | None, tables: TablesOf) -> _Card:
    """A card with a link to the marked span in the document, or to the whole passage."""
    title = passage.title or passage.document
    headings = [part for part in passage.heading.split(" > ") if part and part != title]
    page = [f"page {passage.page}"] if passage.page else []
    path = [passage.document] if passage.document != title else []
    first, last = span or (0, len(passage.text))
    at = passage.start
    return _Card(
        passage,
        title,
        " · ".join([*path, *page, *headings]),
        _words(passage.text, span or (0, 0), _around(passage, span or (0, 0), tables)),
        document_url(passage.document, at + first, at + last, passage.digest),
    )


def _around(passage: Passage, span: Span, tables: TablesOf) -> Span:
    """The characters of a passage between the tables before and after a span of it."""
    low, high = 0, len(passage.text)
    for table in tables(passage.document, passage.digest):
        first, last = table.start - passage.start, table.end - passage.start
        if last <= span[0] or (span[1] == 0 and first <= 0 < last):
            low = max(low, last)
        elif first >= span[1]:
            high = min(high, first)
    return min(low, high), high


def _words(text: str, span: Span, around: Span) -> Markup:
    """The text around a span of it, but no more than this, the span marked."""
    low, high = around
    start, end = max(span[0], low), max(span[1], low)
    inside = excerpt(text[:high].rstrip() if end < high else text[:high], start, end)
    first, last = max(inside[0], low), inside[1]
    first += len(text[first:start]) - len(text[first:start].lstrip())
    html = highlight(text[first:last], [(start - first, end - first)])
    before, after = "… " if first else "", " …" if last < len(text) else ""
    return Markup("{}{}{}").format(before, html, after)
