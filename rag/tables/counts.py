"""How many rows, different values, or things that a column counts."""

from __future__ import annotations

from index.tables.typed import Kind
from rag.tables.binding import (
    PART_OF_SEVERAL,
    WEAK,
    Binding,
    Filter,
    Mention,
    Role,
    count_only,
    filters_of,
    rows_asked,
    selects_one,
)
from rag.tables.columns import (
    UNSETTLED,
    held_column,
    is_agent,
    is_id,
    label_column,
    money_columns,
    names_rows,
    number_for,
    product_of,
    quantity_column,
)
from rag.tables.conditions.states import bind_some, stock_columns
from rag.tables.execute import execute
from rag.tables.guesses import only_measure
from rag.tables.reading.lexicon import Embed
from rag.tables.reading.operators import Aggregate
from rag.tables.reading.question import plural_head, stem_of
from rag.tables.types import Plan

# "How many cores" of one row, where a column is "CPU cores".
_ONE_WORD = 0.7
_MOST_RIVALS = 3
_SOLD = frozenset(map(stem_of, ("sold", "sell")))


def count(binding: Binding, embed: Embed) -> Plan | None:
    """A count of rows, of different values, or the figure that a column of counts gives."""
    end = next(end for own, _, end in binding.question.aggregates if own is Aggregate.COUNT)
    is_of_things = not _has_dates(binding) or _lists_things(binding)
    if _is_of_value(binding, end) or (_is_sold(binding) and is_of_things):
        return None
    if (stock := _stock_sum(binding)) is not None:
        return Plan(binding.table, Aggregate.SUM, filters_of(binding), (stock,))
    first = _first_behind(binding, end)
    table, filters = binding.table, filters_of(binding)
    held = held_column(table, embed)
    if held is not None and (own := _of_kind(binding, held, filters)):
        return own
    if first and table.columns[first.column].kind is Kind.NUMBER and not is_id(table, first.column):
        return _of_numbers(binding, first, filters)
    things = _things(binding, first, embed)
    # Of nothing there is no sum, but a count.
    if things is not None and execute(Plan(table, Aggregate.COUNT, filters)).rows:
        return Plan(table, Aggregate.SUM, filters, (things,))
    if any(selects_one(binding, own) for own in filters):
        # How many rows one row is, nobody asks.
        return _of_rivals(binding, filters)
    if not first and Role.ROW not in binding.roles.values() and (not filters or _is_sold(binding)):
        return _sum_sold(binding) if filters else None
    target = (first.column,) if first and not is_id(table, first.column) else ()
    target = target if not target or not table.columns[target[0]].is_key else ()
    return Plan(table, Aggregate.COUNT, filters, target, held=None if target else held)


def measure(binding: Binding) -> Plan | None:
    """The figure of the one column in a unit that stands behind "how many", or its sum: "how many
    square metres does D07 have".
    """
    end = next(end for own, _, end in binding.question.aggregates if own is Aggregate.COUNT)
    after = [at for at, token in enumerate(binding.question.tokens) if token.start >= end]
    is_unit = bool(after) and binding.roles.get(after[0]) is Role.UNIT
    filters = filters_of(binding)
    is_sum = any(own is Aggregate.SUM for own, _, _ in binding.question.aggregates)
    is_told = is_unit and (filters or is_sum)
    if not is_told or (column := number_for(binding)) is None:
        return None
    single = any(selects_one(binding, own) for own in filters)
    return Plan(binding.table, Aggregate.LOOKUP if single else Aggregate.SUM, filters, (column,))


def _first_behind(binding: Binding, end: int) -> Mention | None:
    """The first column that is named behind "how many", not by words of an operation, and none of
    money: "how many lamps cost over 20 euros".
    """
    spans = [(start, stop) for _, start, stop in binding.question.aggregates]
    said = {place for span in spans for place in binding.question.within(*span)}
    tokens = binding.question.tokens
    after = [one for one in binding.mentions if not (one.qualifies or {*one.places} <= said)]
    after = [one for one in after if tokens[one.places.start].start >= end]
    after = [one for one in after if not binding.table.columns[one.column].is_money]
    return min(after, key=lambda one: one.places.start, default=None)


def _of_numbers(binding: Binding, first: Mention, filters: tuple[Filter, ...]) -> Plan | None:
    """The figure of a column of numbers for one row, or its sum over several."""
    if any(selects_one(binding, own) for own in filters):
        binding.certainty *= _ONE_WORD / WEAK if first.weak else 1.0
        return Plan(binding.table, Aggregate.LOOKUP, filters, (first.column,))
    sums = any(own is Aggregate.SUM for own, _, _ in binding.question.aggregates)
    sums = (sums or bool(filters) or binding.year_of_title) and not first.weak
    return Plan(binding.table, Aggregate.SUM, filters, (first.column,)) if sums else None


def _of_rivals(binding: Binding, filters: tuple[Filter, ...]) -> Plan | None:
    """Each figure of one row whose column a word may name: "how many seats", bought and used."""
    columns = binding.table.columns
    for _, named in binding.ambiguous:
        found = [at for at in named if columns[at].kind is Kind.NUMBER and not columns[at].is_money]
        if 1 < len(found) <= _MOST_RIVALS:
            binding.certainty *= _ONE_WORD / UNSETTLED
            return Plan(binding.table, Aggregate.LOOKUP, filters, tuple(found))
    return None


def _things(binding: Binding, first: Mention | None, embed: Embed) -> int | None:
    """The column to add up where what is counted are the things that rows tell a number of, and not
    rows: "how many lamps did Aurora order".
    """
    head = plural_head(binding.question)
    if head is None or _is_sold(binding) or names_rows(binding, range(head + 1)):
        return None
    is_summed = any(own is Aggregate.SUM for own, _, _ in binding.question.aggregates)
    is_named = is_summed and first is not None and head in first.places
    is_thing = binding.roles.get(head) is Role.VALUE or head in binding.counted or is_named
    return quantity_column(binding.table, embed) if is_thing else None


def forget_agents(binding: Binding, embed: Embed) -> None:
    """Let a word be what is counted that is but a part of several names of customers or dealers:
    "bikes" of "Trail Bikes" and "Harbour Bikes", in a table that tells how many of a thing.
    """
    if quantity_column(binding.table, embed) is None:
        return
    for places, own in [*binding.filters]:
        word = binding.question.tokens[places.start].text
        is_lone = len(places) == 1 and {*places} <= binding.partial and word.islower()
        if is_lone and len(own.values) > 1 and is_agent(binding.table.columns[own.column], embed):
            binding.filters.remove((places, own))
            binding.partial -= {*places}
            binding.certainty /= PART_OF_SEVERAL
            count_only(binding, places)


def counted_amount(binding: Binding, embed: Embed) -> int | None:
    """The column of numbers for "how many are there on average": named, or of how many things."""
    named = dict.fromkeys(binding.columns_named([Kind.NUMBER]))
    found = [one for one in named if not is_id(binding.table, one)]
    if found:
        return found[0] if len(found) == 1 else None
    head = plural_head(binding.question)
    return None if head is None or rows_asked(binding) else quantity_column(binding.table, embed)


def row_amount(binding: Binding, aggregate: Aggregate, asks_money: bool) -> int | None:
    """What rows come to, where money is added up, or the average of rows themselves is asked for:
    not the prices of one that they were made of, unless these are named.
    """
    product = product_of(binding.table)
    if product is None:
        return _only_amount(binding) if aggregate is Aggregate.MEAN else None
    named = binding.mentions
    if any(not one.meant and one.column in product for one in named):
        return None
    is_money = any(one.column in product[1:] for one in named) or bool(
        {*binding.roles.values()} & {Role.UNIT}
    )
    of_rows = aggregate is Aggregate.SUM or names_rows(binding)
    return product[2] if of_rows and (is_money or asks_money) else None


def _only_amount(binding: Binding) -> int | None:
    """The one column of money, for "an average order" of rows that are worth so much."""
    found = money_columns(binding.table)
    named = binding.columns_named([Kind.NUMBER, Kind.TIME])
    is_open = len(found) == 1 and all(is_id(binding.table, one) for one in named)
    return found[0] if is_open and names_rows(binding) else None


def doubt_lookup(binding: Binding, found: Plan) -> None:
    """Doubt one price that many rows have differently: a bike's, among parts that fit it."""
    columns = found.table.columns
    is_price = len(found.targets) == 1 and columns[found.targets[0]].is_money
    if (
        not is_price
        or names_rows(binding)
        or any(selects_one(binding, one) for one in found.filters)
    ):
        return
    named = any(one.column == label_column(found.table) for one in found.filters)
    prices = {columns[found.targets[0]].values[row] for row in execute(found).rows}
    if not named and len(prices) > _MOST_RIVALS:
        binding.guesses.append("which of these rows is meant is not said")


def _of_kind(binding: Binding, held: int, filters: tuple[Filter, ...]) -> Plan | None:
    """How many there are of the one kind that a row is of, or of all where the column that counts
    them is named; None where rows or what one has are counted.
    """
    named = {*binding.columns_named([Kind.NUMBER])}
    if named - {held}:
        return None
    if any(selects_one(binding, own) for own in filters):
        return Plan(binding.table, Aggregate.LOOKUP, filters, (held,))
    return Plan(binding.table, Aggregate.SUM, filters, (held,)) if held in named else None


def _is_sold(binding: Binding) -> bool:
    """Whether something is counted that was sold, and no column says so: no rows of a list."""
    tokens = enumerate(binding.question.tokens)
    return any(token.stem in _SOLD and at not in binding.roles for at, token in tokens)


def _has_dates(binding: Binding) -> bool:
    return any(column.kind is Kind.DATE for column in binding.table.columns)


def _lists_things(binding: Binding) -> bool:
    """Whether what is counted are the rows of a table, each with a name: nothing that was done."""
    names = label_column(binding.table)
    column = binding.table.columns[names]
    return rows_asked(binding) and column.kind is Kind.TEXT and column.is_key


def _sum_sold(binding: Binding) -> Plan | None:
    """How many were sold, by the only measure of a table with dates: its rows are no things."""
    measure = only_measure(binding)
    if measure is None:
        return None
    binding.guess("sold", measure)
    return Plan(binding.table, Aggregate.SUM, filters_of(binding), (measure,))


def _stock_sum(binding: Binding) -> int | None:
    """The column to add up for "how many lamps are in stock", over the rows that have more than 0.

    The sentence tells the sum and the number of rows, so it answers "how many models" as well.
    """
    columns = {*stock_columns(binding)}
    asked = [own.column for _, own in binding.filters if own.operator == ">"]
    asked += binding.columns_named([Kind.NUMBER])
    stock = next((one for one in asked if one in columns), None)
    for mention in binding.mentions:
        if mention.column == stock and not mention.qualifies:
            bind_some(binding, mention)
    return stock


def _is_of_value(binding: Binding, end: int) -> bool:
    """Whether a value follows "the number of": not how many, but which number it has."""
    after = [at for at, token in enumerate(binding.question.tokens) if token.start >= end]
    many = binding.question.text[:end].lower().endswith(("many", "often"))
    is_rank = any(
        after[0] in places and binding.table.columns[own.column].kind is Kind.NUMBER
        for places, own in (binding.filters if after else ())
    )
    is_value = bool(after) and binding.roles.get(after[0]) is Role.VALUE
    return not many and is_value and not is_rank
