"""The nouns of computed answers: a plan over one table, and its result."""

from __future__ import annotations

from dataclasses import dataclass

from index.tables.typed import TypedTable
from rag.tables.binding import Filter
from rag.tables.reading.operators import Aggregate


@dataclass(frozen=True, slots=True)
class Group:
    """What a figure is wanted for each of: the values of a column (by place), or the months or
    years of a column of dates if `period` is "month" or "year".
    """

    column: int
    period: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to compute over one table.

    `targets` are the columns (by place) that are shown, or the one that is aggregated; none where
    rows are counted, one where its different values are.
    `order` is the column that smallest, largest and top n go by. `pair` selects the two sides of a
    comparison, difference or growth, in the question's order. `shown` are the columns to show with
    the rows. `confidence` is in 0..1: a plan below `MINIMUM` is not to be executed. `greater`
    tells whether a comparison asks for the greater side. With `group`, the figure is one for each
    group of rows, or with `greater` as well that of the group that has most (or least). `rank` is
    the place, from 1, among the smallest or largest values. `guesses` say which words were read as
    which columns without certainty, `unread` are the words that stand for nothing in the table.
    `held` is the column that tells how many there are of what each of the counted rows is.
    """

    table: TypedTable
    aggregate: Aggregate
    filters: tuple[Filter, ...]
    targets: tuple[int, ...] = ()
    order: int | None = None
    descending: bool = True
    limit: int | None = None
    pair: tuple[Filter, Filter] | None = None
    greater: bool | None = None
    shown: tuple[int, ...] = ()
    confidence: float = 1.0
    group: Group | None = None
    rank: int = 1
    guesses: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    held: int | None = None


@dataclass(frozen=True, slots=True)
class TableResult:
    """What a plan gives: the figure in words, None if no row passes, and the rows it rests on.

    `rows` are places of all rows that the figure rests on, in the order that they are shown in.
    `values` are those of the target in these rows, as written. `skipped` counts rows that pass the
    filters and have no figure ("n/a"). `expression` says what was computed, in the table's words.
    """

    plan: Plan
    figure: str | None
    rows: tuple[int, ...]
    expression: str
    values: tuple[str, ...] = ()
    skipped: int = 0
