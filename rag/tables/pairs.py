"""Two rows held against each other, two periods, and which of two is the greater."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.tables.typed import Kind
from rag.tables.binding import Binding, Filter, selects_one
from rag.tables.columns import ASKED, adds_up, by_kind, label_column, number_for, rivals
from rag.tables.execute import execute
from rag.tables.reading.lexicon import Embed
from rag.tables.reading.operators import Aggregate, Degree
from rag.tables.types import Plan

_DIGITS = re.compile(r"\d+")


def pair_of(binding: Binding) -> tuple[Filter, Filter] | None:
    """The two filters that ask for one value each of the same column."""
    own = [one for _, one in sorted(binding.filters, key=lambda one: one[0].start)]
    own = [one for one in own if one.operator == "in"]
    same = [(a, b) for at, a in enumerate(own) for b in own[at + 1 :] if a.column == b.column]
    return same[0] if len(same) == 1 else None


def paired(
    binding: Binding,
    pair: tuple[Filter, Filter],
    asks: str,
    named: list[Aggregate],
    compares: list[Degree],
    embed: Embed,
) -> Plan | None:
    """A comparison, difference or growth of two rows, by one column or by all that tell the same
    kind of thing.
    """
    dimensions = compares[0].adjective.dimensions if compares else ASKED.get(asks, ())
    dimensions = dimensions or ASKED.get(asks, ())
    target = number_for(binding, dimensions)
    if target is None and compares:
        target = by_kind(binding, compares[0], embed)
    several = rivals(binding, dimensions) if target is None else ()
    rest = tuple(one for _, one in binding.filters if one not in pair)
    if target is None and not several:
        whole = not compares and Aggregate.GROWTH not in named and not binding.columns_named()
        return Plan(binding.table, Aggregate.COMPARE, rest, pair=pair) if whole else None
    aggregate = Aggregate.COMPARE
    # A price for members and one for others: both tell which row costs more.
    if Aggregate.GROWTH in named:
        aggregate = Aggregate.GROWTH
    elif Aggregate.DIFFERENCE in named or asks == "much":
        aggregate = Aggregate.DIFFERENCE
    greater = compares[0].adjective.greater if compares else None
    if target is None and aggregate is Aggregate.GROWTH:
        return None
    targets = several if target is None else (target,)
    return Plan(binding.table, aggregate, rest, targets, pair=pair, greater=greater)


def periods(binding: Binding) -> tuple[int, int] | None:
    """Two columns of one measure in two periods ("Visitors 2024", "Visitors 2025"), in order."""
    named = dict.fromkeys(binding.columns_named([Kind.NUMBER]))
    names = {one: binding.table.columns[one].label for one in named}
    if len(named) != 2 or len({_DIGITS.sub("", name) for name in names.values()}) != 1:
        return None
    first, second = sorted(names, key=lambda one: _DIGITS.findall(names[one]))
    return first, second


def two_columns(binding: Binding) -> tuple[int, int] | None:
    """Two columns of one measure that are named, in the question's order: prices in low and high
    season of one row, or amounts of all rows whose columns share a word.
    """
    mentions = sorted(binding.mentions, key=lambda one: one.places.start)
    named = {*binding.columns_named([Kind.NUMBER])}
    own = list(dict.fromkeys(one.column for one in mentions if one.column in named))
    if len(own) != 2 or len({binding.table.columns[one].unit for one in own}) != 1:
        return None
    first, second = own
    names = binding.lexicon.names
    adds = all(adds_up(binding.table, one) for one in own)
    is_of_one = any(selects_one(binding, one) for _, one in binding.filters)
    alike = adds and bool({*names[first]} & {*names[second]})
    return (first, second) if is_of_one or alike else None


def is_of_two(binding: Binding) -> bool:
    """Whether a comparative chooses among rows ("which battery is dearer") and names no other."""
    words = [token.text.lower() for token in binding.question.tokens]
    names = label_column(binding.table)
    by_name = any(own.column == names for _, own in binding.filters)
    return "which" in words and "than" not in words and by_name


def agreed(
    binding: Binding, columns: Sequence[int], filters: tuple[Filter, ...], degree: Degree
) -> tuple[int | None, tuple[int, ...]]:
    """The first of several columns and the others, if the greatest or least by each is the same; of
    columns of money else the one that comes to most, as a guess: the rent, not the service charge.
    """
    greater = degree.adjective.greater
    aggregate = Aggregate.MAX if greater else Aggregate.MIN
    plans = [
        Plan(binding.table, aggregate, filters, order=one, descending=greater) for one in columns
    ]
    if len({execute(one).rows for one in plans}) == 1:
        return columns[0], tuple(columns[1:])
    if not columns or not all(binding.table.columns[one].is_money for one in columns):
        return None, ()
    values = {one: binding.table.columns[one].values for one in columns}
    totals = {one: sum(float(value or 0) for value in own) for one, own in values.items()}
    most = max(columns, key=lambda one: (totals[one], -one))
    binding.guess(binding.question.text[degree.start : degree.end], most)
    return most, ()
