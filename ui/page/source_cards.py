"""The sources of an answer as HTML: a card for each quoted passage, and one for each table."""

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

    A card with `table` shows that in place of words. One that is `joined` belongs to the card
    before it, which shows its row or marks its words.
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
    """The cards of citations in order; those of one table or passage follow each other, as one."""
    placed = [_Placed.of(each, exchange, tables) for each in citations]
    first = dict[object, int]()
    for at, each in enumerate(placed):
        first.setdefault(each.key, at)
    ordered = sorted(placed, key=lambda each: (first[each.key], each.citation.label))
    for _, group in groupby(ordered, key=lambda each: each.key):
        (_, table, citation), *others = group
        together = [citation, *(each.citation for each in others)]
        card = _citation(citation, exchange, tables)
        if table:
            yield card._replace(table=_html_table(table, together))
        else:
            yield card._replace(words=_words(citation.passage, _spans(together), tables))
        for each in others:
            yield _citation(each.citation, exchange, tables)._replace(
                joined=_first_words(each.citation, table)
            )


class _Placed(NamedTuple):
    """A citation, the table that it is of, and what it has in common with others of its card."""

    key: object
    table: Table | None
    citation: Citation

    @classmethod
    def of(cls, citation: Citation, exchange: Exchange, tables: TablesOf) -> _Placed:
        """Words of a document that has changed since stand alone: they are all that is left."""
        passage, quote = citation.passage, citation.quote
        if table := _table_at(passage, (quote.start, quote.end), tables):
            return cls((passage.document, table.start), table, citation)
        if passage.document in exchange.outdated:
            return cls(citation.label, None, citation)
        around = _around(passage, _spans([citation])[0], tables)
        return cls((passage.id, around), None, citation)


def _spans(citations: Sequence[Citation]) -> list[Span]:
    """The quotes, as spans of their passage, which is the same."""
    start = citations[0].passage.start
    return [(each.quote.start - start, each.quote.end - start) for each in citations]


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
    """The first cell of the row that a citation quotes, else the names of its columns, or all
    words that it quotes outside of a table.
    """
    passage = citation.passage
    if table is None:
        return citation.quote.text
    for at in _touched(table, citation):
        cell = next(filter(None, table.rows[at].cells), None)
        if cell:
            return passage.text[cell[0] - passage.start : cell[1] - passage.start].strip()
    return "The names of the columns"


def _citation(citation: Citation, exchange: Exchange, tables: TablesOf) -> _Card:
    """A card: the quoted words marked among those around them."""
    passage = citation.passage
    card = _card(passage, _spans([citation])[0], tables)
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
        _words(passage, [span or (0, 0)], tables),
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


def _words(passage: Passage, spans: Sequence[Span], tables: TablesOf) -> Markup:
    """The text around spans of a passage, which are marked, up to the tables before and after."""
    text, (low, high) = passage.text, _around(passage, spans[0], tables)
    start, end = max(min(spans)[0], low), max(low, *(last for _, last in spans))
    inside = excerpt(text[:high].rstrip() if end < high else text[:high], start, end)
    first, last = max(inside[0], low), inside[1]
    first += len(text[first:start]) - len(text[first:start].lstrip())
    html = highlight(text[first:last], [(max(a, low) - first, b - first) for a, b in spans])
    before, after = "… " if first else "", " …" if last < len(text) else ""
    return Markup("{}{}{}").format(before, html, after)
