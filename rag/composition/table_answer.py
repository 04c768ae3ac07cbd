"""A computed answer as a draft: a sentence with the figure, and the rows that it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from index.tables.dates import Moment
from index.tables.typed import Kind, TypedTable
from index.types import Passage, Span
from rag.composition.table_rows import QuotedRow, claims_of
from rag.retrieval.answer_type import AnswerType, matches_answer_type
from rag.tables.plan import TableAnswer
from rag.tables.reading.operators import Aggregate
from rag.tables.reading.question import read_question
from rag.tables.types import Plan
from rag.types import Claim, Computed, Draft, Quote

# The sentence cites so many rows at most; the table below it cites each that it shows.
_CITED = 3
_MOST_ROWS = 10


def table_draft(
    answer: TableAnswer,
    passages_in: Callable[[str], Sequence[Passage]],
    best: Sequence[Quote] | None = (),
) -> Draft | None:
    """The draft of a computed answer; None if none of its rows can be quoted.

    One that leaves a word of the question open is taken only where the best sentence stands in its
    table; one that reads every word by a guess also where nothing else answers: `best` is None.
    A count of nothing rests on no row, so what it was counted over is cited.
    """
    result, table = answer.result, answer.result.plan.table
    if answer.is_open and not _is_worth(answer, best):
        return None
    places = result.rows[:_MOST_ROWS] or tuple(range(min(1, len(table.rows))))
    if table.source:
        table, places = table.source, _turned_back(result.plan)
    parts = [
        _part_rows(part, own, places, passages_in)
        for part, own in table.parts or ((table, range(len(table.rows))),)
    ]
    if not all(parts):
        return None
    quotes = tuple(row.quote for rows in parts for row in rows[:_CITED])
    claims = [Claim(answer.wording.sentence, quotes, computed=True)]
    is_limited = any(own.operator != "in" for own in result.plan.filters)
    if len(result.rows) > 1 or any(len(rows) > 1 for rows in parts) or is_limited or table.parts:
        for rows in parts:
            claims += claims_of(rows)
    figure = result.figure or ", ".join(result.values[:_MOST_ROWS])
    note = f"{answer.wording.note}." if answer.wording.note else ""
    note = f"{note} {answer.wording.hint}".strip() if answer.is_open else note
    return Draft(
        tuple(claims),
        closing=note,
        confidence=answer.confidence,
        computed=Computed(figure, len(result.rows), result.expression),
    )


def _is_worth(answer: TableAnswer, best: Sequence[Quote] | None) -> bool:
    plan = answer.result.plan
    if best is None:
        return bool(plan.guesses) and not plan.unread
    if _is_price(plan) and not any(map(_has_money, best)):
        return True
    if _is_date(plan) and not any(map(_has_date, best)):
        return True
    if _is_read_count(plan) and not any(_holds_value(plan, quote) for quote in best):
        return True
    tables = [part for part, _ in plan.table.parts] or [plan.table.source or plan.table]
    return any(_stands_in(table, quote) for table in tables for quote in best)


def _is_date(plan: Plan) -> bool:
    """Whether a date of one named thing is looked up, every word of the question read."""
    columns = plan.table.columns
    is_date = bool(plan.targets) and all(columns[at].kind is Kind.DATE for at in plan.targets)
    is_named = any(columns[own.column].is_key for own in plan.filters)
    return plan.aggregate is Aggregate.LOOKUP and is_date and is_named and not plan.unread


def _is_price(plan: Plan) -> bool:
    """Whether what one named thing costs is looked up, every word of the question read."""
    columns = plan.table.columns
    is_money = bool(plan.targets) and all(columns[at].is_money for at in plan.targets)
    is_named = any(columns[own.column].is_key for own in plan.filters)
    return plan.aggregate is Aggregate.LOOKUP and is_money and is_named and not plan.unread


def _is_read_count(plan: Plan) -> bool:
    """Whether rows of a value are counted, every word of the question read."""
    is_count = plan.aggregate is Aggregate.COUNT and not plan.table.parts
    return is_count and bool(plan.filters) and not plan.unread


def _holds_value(plan: Plan, quote: Quote) -> bool:
    """Whether a quote has a value by which a plan chooses rows."""
    values = [str(value).lower() for own in plan.filters for value in own.values]
    return any(value in quote.text.lower() for value in values)


def _has_money(quote: Quote) -> bool:
    return matches_answer_type(AnswerType.MONEY, "", quote.text) > 0


def _has_date(quote: Quote) -> bool:
    return any(isinstance(one.value, Moment) for one in read_question(quote.text).quantities)


def _stands_in(table: TypedTable, quote: Quote) -> bool:
    return quote.passage.document == table.document and table.start <= quote.start < table.end


def _part_rows(
    table: TypedTable,
    rows: Sequence[int | None],
    places: Sequence[int],
    passages_in: Callable[[str], Sequence[Passage]],
) -> list[QuotedRow]:
    """The rows of one of the tables that a table is joined of, for rows of that."""
    own = dict.fromkeys(row for place in places if (row := rows[place]) is not None)
    return list(quoted_rows(table, [*own], passages_in(table.document)))


def _turned_back(plan: Plan) -> tuple[int, ...]:
    """Places of the rows in the document that are the columns of a turned table in use."""
    used = {*plan.targets, *(own.column for own in plan.filters)}
    used |= set() if plan.order is None else {plan.order}
    return tuple(sorted(column - 1 for column in used if column))[:_MOST_ROWS]


def quoted_rows(
    table: TypedTable, places: Sequence[int], passages: Sequence[Passage]
) -> Iterator[QuotedRow]:
    """The rows at these places, as far as one passage holds each."""
    name = (table.document, table.title, str(table.start))
    headers = [quote for span in table.headers for quote in _quote(span, passages)]
    columns = tuple(column.name for column in table.columns)
    for place in places:
        row = table.rows[place]
        cells = tuple(column.texts[place] for column in table.columns)
        for quote in _quote((row.start, row.end), passages):
            above = [header for header in headers if header.start < quote.start]
            yield QuotedRow(quote, columns, cells, name, above[-1] if above else None)


def _quote(span: Span, passages: Sequence[Passage]) -> Iterator[Quote]:
    """The exact words of a span, if one passage holds all of them."""
    for passage in passages:
        if passage.start <= span[0] and span[1] <= passage.end:
            yield Quote(passage, *span)
            return
