"""Conditions of a question on a table by amounts, codes, dates and times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from math import inf, nextafter

from index.tables.dates import Moment
from index.tables.numbers import Amount
from index.tables.typed import Column, Kind, Value
from index.tables.units import Unit
from rag.tables.binding import BY_MEANING, Binding, Filter, Mention, Role, bind_nearest
from rag.tables.columns import YEARS, counted_unit, is_id, is_year
from rag.tables.reading.lexicon import Embed
from rag.tables.reading.operators import Degree
from rag.tables.reading.question import Quantity, read_question

_SAID = {"=": "is", ">": "is over", ">=": "is at least", "<": "is under", "<=": "is at most"}
_SAID_DATE = {"=": "is in", ">": "is after", ">=": "is since", "<": "is before", "<=": "is until"}
# What is said of times and of no other amounts.
_OF_BOTH = re.compile(r"\bof the(?:se)?\s$", re.IGNORECASE)
_OF_TIMES = frozenset("before after since until".split())
_LEAST_CODE = 1000
# Longer columns of texts are no scale.
_MOST_RANGES = 40
_DASH, _OR_MORE = re.compile(r"(\d)\s*[-–]\s*(\d)"), re.compile(r"(\d)\+")


def bind_dates(binding: Binding, embed: Embed) -> None:
    """Bind words that are left to columns of dates or years whose names mean the same, where a date
    is told: "bought before 2020" is of none that is called otherwise.
    """
    columns = enumerate(binding.table.columns)
    if any(_is_when(one.value) for one in binding.question.quantities):
        dated = [at for at, one in columns if one.kind is Kind.DATE or is_year(one)]
        _bind_done(binding, dated)
        bind_nearest(binding, dated, embed)


def _bind_done(binding: Binding, columns: Sequence[int]) -> None:
    """Bind what is done to the one of these columns that is called so: "serviced" to the "Next
    service".
    """
    for place in binding.residue:
        stem = binding.question.tokens[place].stem
        found = [at for at in columns if stem in binding.lexicon.names[at]]
        if len(found) == 1:
            binding.take(range(place, place + 1), Role.COLUMN)
            binding.mentions.append(Mention(found[0], range(place, place + 1), meant=True))
            binding.certainty *= BY_MEANING


def _is_when(value: Amount | Moment) -> bool:
    return isinstance(value, Moment) or (value.unit is None and value.value in YEARS)


def bind_quantities(binding: Binding) -> int | bool | None:
    """Bind each amount and moment to a column; the number that says how many rows are wanted, None
    if there is none; False if one of them can be bound to nothing.
    """
    limit: int | None = None
    for quantity in binding.question.quantities:
        places = binding.question.within(quantity.start, quantity.end)
        is_value = all(binding.roles.get(place) is Role.VALUE for place in places)
        if quantity.soft:
            _bind_time(binding, quantity.value, places)
        elif _is_limit(binding, quantity) and not is_value:
            assert isinstance(quantity.value, Amount)
            limit = int(quantity.value.value)
        elif not (_is_idle(binding, quantity, places) or _bind(binding, quantity, places)):
            return False
    return limit


def _is_limit(binding: Binding, quantity: Quantity) -> bool:
    """Whether a number stands at a superlative: "top 3", "three cheapest"."""
    value = quantity.value
    if not isinstance(value, Amount) or value.unit or quantity.ordinal or value.decimals:
        return False
    text = binding.question.text
    return any(
        not text[min(degree.end, quantity.end) : max(degree.start, quantity.start)].strip()
        for degree in binding.question.degrees
        if degree.superlative and (degree.end <= quantity.start or quantity.end <= degree.start)
    )


def _is_idle(binding: Binding, quantity: Quantity, places: range) -> bool:
    """Whether a number is of the title or of a value, or an ordinal that is a superlative."""
    tokens = binding.question.tokens
    core = binding.question.within(*quantity.core)
    amount = quantity.value
    in_column = isinstance(amount, Amount) and any(
        amount.value in column.values for column in binding.table.columns if is_year(column)
    )
    if core and not in_column and all(tokens[at].stem in binding.lexicon.nouns for at in core):
        binding.year_of_title |= isinstance(amount, Amount) and amount.value in YEARS
        return True
    if core and all(binding.roles.get(place) is Role.VALUE for place in core):
        return True
    if (
        isinstance(amount, Amount)
        and amount.value == 2
        and _OF_BOTH.search(binding.question.text[: quantity.start])
    ):
        return True
    if core and any({*core} <= {*one.places} for one in binding.mentions):
        # A year that is a part of a column's name: "Visitors 2024".
        return True
    return not _is_numbered(binding, quantity) and any(
        degree.superlative and (degree.start == quantity.start or ranks(binding, quantity, degree))
        for degree in binding.question.degrees
    )


def _is_numbered(binding: Binding, quantity: Quantity) -> bool:
    """Whether an ordinal is a number that the column named behind it has: "the first floor"."""
    places, value = binding.question.within(*quantity.core), quantity.value
    behind = [one.column for one in binding.mentions if one.places.start == places.stop]
    columns = [binding.table.columns[at] for at in behind if not is_id(binding.table, at)]
    return not quantity.ordinal or any(
        isinstance(value, Amount) and one.kind is Kind.NUMBER and value.value in one.values
        for one in columns
    )


def ranks(binding: Binding, quantity: Quantity, degree: Degree) -> bool:
    """Whether an ordinal stands right before a superlative: "second largest"."""
    between = binding.question.text[quantity.end : degree.start]
    return quantity.ordinal and quantity.end <= degree.start and not between.strip()


def _bind(binding: Binding, quantity: Quantity, places: range) -> bool:
    if isinstance(quantity.value, Moment):
        return _bind_moment(binding, quantity, quantity.value, places)
    if quantity.operator == "=" and _bind_range(binding, quantity.value, places):
        return True
    if quantity.operator == "=" and not quantity.value.unit:
        return _bind_code(binding, quantity, quantity.value, places)
    column = _measured_column(binding, quantity.value, places)
    certain = column is not None and _is_named(binding, column)
    if not certain and _bind_year(binding, quantity, quantity.value, places):
        return True
    words = binding.question.text[quantity.start : quantity.core[0]].lower().split()
    if column is None or (_OF_TIMES & {*words} and not is_year(binding.table.columns[column])):
        return False
    own = binding.table.columns[column]
    values = [one.value for one in (quantity.value, quantity.upper) if isinstance(one, Amount)]
    scale = own.measure.scale if own.measure and quantity.value.value >= own.measure.scale else 1.0
    unit = quantity.value.unit or (isinstance(quantity.upper, Amount) and quantity.upper.unit)
    its = counted_unit(own)
    if unit and its:
        scale /= unit.times(its) or 1.0
    said = binding.question.text[slice(*quantity.core)].strip()
    if quantity.operator == "between":
        said = f"{own.label} is b{binding.question.text[quantity.start + 1 : quantity.end]}"
    else:
        said = f"{own.label} {_SAID[quantity.operator]} {said}"
    _add(binding, column, quantity.operator, tuple(value / scale for value in values), said, places)
    return True


def _bind_time(binding: Binding, time: Amount | Moment, places: range) -> None:
    """Bind "an hour" to the one column of times that has it, where the words say nothing else."""
    roles = {binding.roles[place] for place in places if place in binding.roles}
    if roles - {Role.UNIT} or not isinstance(time, Amount) or time.unit is None:
        return
    found = list[tuple[int, float, str]]()
    for at, column in enumerate(binding.table.columns):
        its = counted_unit(column) if column.kind is Kind.NUMBER else None
        value = time.value * (time.unit.times(its) or 0.0) if its else 0.0
        rows = [row for row, own in enumerate(column.values) if own == value and value]
        found += [(at, value, column.texts[rows[0]])] if rows else []
    if len(found) == 1:
        place, value, text = found[0]
        binding.roles |= dict.fromkeys(places, Role.QUANTITY)
        said = f"{binding.table.columns[place].label} is {text}"
        _add(binding, place, "in", (value,), said, places)


def _bind_code(binding: Binding, quantity: Quantity, amount: Amount, places: range) -> bool:
    """A bare number that is a value of a column: named beside it, or a code or year of its own."""
    columns = [
        place
        for place, column in enumerate(binding.table.columns)
        if column.kind is Kind.NUMBER and amount.value in column.values
    ]
    if _bind_numbered(binding, amount, places):
        return True
    mention = binding.near(places, columns)
    found = mention.column if mention else None
    if found is None and not quantity.ordinal:
        codes = [place for place in columns if _is_code(binding.table.columns[place], amount)]
        found = codes[0] if len(codes) == 1 else None
    if found is None:
        return _bind_year(binding, quantity, amount, places)
    label = binding.table.columns[found].label
    said = f"{label} is {binding.question.text[slice(*quantity.core)].strip()}"
    value = int(amount.value) if amount.value.is_integer() else amount.value
    _add(
        binding,
        found,
        "in",
        (amount.value,),
        f"{label} is {value}" if quantity.ordinal else said,
        places,
    )
    return True


def _bind_numbered(binding: Binding, amount: Amount, places: range) -> bool:
    """A number beside the name of a column of texts like "Q3" or "Week 3": the one with it."""
    for mention in binding.mentions:
        column = binding.table.columns[mention.column]
        gap = min(abs(mention.places.start - places.stop), abs(places.start - mention.places.stop))
        if gap or column.kind is not Kind.TEXT or not amount.value.is_integer():
            continue
        pattern = re.compile(rf"\D{{0,12}}0*{int(amount.value)}")
        found = dict.fromkeys(text for text in column.texts if pattern.fullmatch(text))
        if len(found) == 1:
            text = next(iter(found))
            _add(binding, mention.column, "in", (text,), f"{column.label} is “{text}”", places)
            mention.qualifies = True
            return True
    return False


def _bind_range(binding: Binding, amount: Amount, places: range) -> bool:
    """A number that lies in the range that names one row: 10 days in "28 to 8 days before"."""
    for place, column in enumerate(binding.table.columns):
        if column.kind is not Kind.TEXT or not column.is_key or len(column.texts) > _MOST_RANGES:
            continue
        ranges = [_range_of(text, amount.unit) for text in column.texts]
        if 2 * sum(map(bool, ranges)) <= len(ranges):
            continue
        pairs = zip(column.texts, ranges, strict=True)
        found = [text for text, one in pairs if one and one[0] <= amount.value <= one[1]]
        if len(found) == 1:
            # Words of the other rows' names only say what the number is of.
            binding.filters[:] = [one for one in binding.filters if one[1].column != place]
            _add(binding, place, "in", (found[0],), f"{column.label} is “{found[0]}”", places)
            return True
    return False


def _range_of(text: str, unit: Unit | None) -> tuple[float, float] | None:
    """The least and the most of "60 to 29 days", "more than 60", "7 or less", "10+"; None where
    they are of something else than a unit.
    """
    plain = _OR_MORE.sub(r"\1 or more", _DASH.sub(r"\1 to \2", text))
    limits = [one for one in read_question(plain).quantities if isinstance(one.value, Amount)]
    amounts = [one.value for one in limits if isinstance(one.value, Amount)]
    values = sorted(one.value for one in amounts)
    if any(one.unit and not (unit and one.unit.times(unit) == 1) for one in amounts):
        return None
    if len(values) == 2:
        return values[0], values[1]
    if len(values) != 1 or limits[0].operator == "=":
        return None
    strict = limits[0].operator in {"<", ">"}
    if limits[0].operator.startswith(">"):
        return nextafter(values[0], inf) if strict else values[0], inf
    return -inf, nextafter(values[0], -inf) if strict else values[0]


def _is_code(column: Column, amount: Amount) -> bool:
    plain = not column.unit and not column.decimals
    return is_year(column) or (plain and column.is_key and amount.value >= _LEAST_CODE)


def _bind_year(binding: Binding, quantity: Quantity, amount: Amount, places: range) -> bool:
    if amount.unit or amount.value not in YEARS:
        return False
    upper = quantity.upper
    end = Moment(year=int(upper.value)) if isinstance(upper, Amount) else None
    dated = replace(quantity, value=Moment(year=int(amount.value)), upper=end)
    return _bind_moment(binding, dated, Moment(year=int(amount.value)), places)


def _measured_column(binding: Binding, amount: Amount, places: range) -> int | None:
    """The column that an amount limits: by its unit, among them by name."""
    columns = [
        place
        for place, column in enumerate(binding.table.columns)
        if column.kind is Kind.NUMBER
        and (_fits(column, amount) or _is_counted(binding, place, places))
    ]
    mention = binding.near(places, columns, reach=3)
    named = [column for column in columns if column in binding.columns_named(free=False)]
    if mention:
        mention.qualifies = True
        return mention.column
    if len({*named}) == 1:
        for one in binding.mentions:
            one.qualifies |= one.column == named[0]
        return named[0]
    measured = [column for column in columns if counted_unit(binding.table.columns[column])]
    if amount.unit and len(measured) == 1:
        return measured[0]
    bare = [column for column in columns if not binding.table.columns[column].is_key]
    return bare[0] if len(bare) == 1 and not amount.unit else None


def _is_counted(binding: Binding, column: int, places: range) -> bool:
    """Whether what looks like a unit is a column's name: "15 points"."""
    stems = {binding.question.tokens[place].stem for place in places}
    return bool(stems & {*binding.lexicon.names[column]})


def _is_named(binding: Binding, column: int) -> bool:
    return column in binding.columns_named(free=False)


def _fits(column: Column, amount: Amount) -> bool:
    unit = counted_unit(column)
    return not amount.unit or bool(unit and unit.fits(amount.unit))


def _bind_moment(binding: Binding, quantity: Quantity, moment: Moment, places: range) -> bool:
    kind = Kind.TIME if moment == Moment(time=moment.time) else Kind.DATE
    columns = [at for at, column in enumerate(binding.table.columns) if column.kind is kind]
    named = [one for one in binding.mentions if one.column in columns]
    mention = binding.near(places, columns) or (named[0] if len(named) == 1 else None)
    if mention:
        mention.qualifies = True
    elif len(columns) != 1:
        return False
    column = mention.column if mention else columns[0]
    label = binding.table.columns[column].label
    said = binding.question.text[slice(*quantity.core)].strip()
    exact = quantity.operator == "=" and (kind is Kind.TIME or moment.day)
    words = "is" if exact else _SAID_DATE.get(quantity.operator, "is in")
    if quantity.operator == "between" and quantity.core[0] > quantity.start:
        said, words = binding.question.text[quantity.start : quantity.end], "is"
    said = f"{label} {words} {said}"
    limits = _limits(quantity, moment)
    values = binding.table.columns[column].values
    if limits is None or (quantity.operator == "=" and not _occurs(moment, values)):
        return False
    _add(binding, column, *limits, said, places)
    return True


def _limits(quantity: Quantity, moment: Moment) -> tuple[str, tuple[Value, ...]] | None:
    """How ISO dates in a column are compared with a moment; None if it is too vague for that."""
    if quantity.operator == "=":
        return "like", (_pattern(moment),)
    if isinstance(quantity.upper, Moment) and not moment.year:
        if months := _months(moment, quantity.upper):
            return "like", tuple(map(_pattern, months))
        moment = replace(moment, year=quantity.upper.year)
    if not moment.year and not moment.time:
        return None
    # All of a period is before what follows it: "2025-05~" is behind each day of that May.
    first, last = moment.text, f"{moment.text}~"
    if quantity.operator == "between" and isinstance(quantity.upper, Moment):
        return "between", (first, f"{quantity.upper.text}~")
    ends = {">": last, ">=": first, "<": first, "<=": last}
    return quantity.operator, (ends[quantity.operator],)


def _months(first: Moment, last: Moment) -> list[Moment]:
    """The months from one to another of any year; none if these are no months alone."""
    if not (first.month and last.month) or {first.day, last.day, last.year} != {None}:
        return []
    count = (last.month - first.month) % 12 + 1
    return [Moment(month=(first.month + at - 1) % 12 + 1) for at in range(count)]


def _occurs(moment: Moment, values: Sequence[Value | None]) -> bool:
    """Whether a table has a row of this time; one of other years says nothing about it."""
    pattern = re.compile(_pattern(moment).replace("_", ".").replace("%", ".*"))
    return any(pattern.fullmatch(str(value)) for value in values)


def _pattern(moment: Moment) -> str:
    """A pattern of LIKE for ISO dates: what is not known may be any digit."""
    if moment == Moment(time=moment.time):
        return f"{moment.time}%"
    parts = [f"{moment.year:04}" if moment.year else "____"]
    parts += [f"{moment.month:02}"] if moment.month else []
    parts += [f"{moment.day:02}"] if moment.day else []
    return "-".join(parts) + (f" {moment.time}%" if moment.time else "%")


def _add(
    binding: Binding,
    column: int,
    operator: str,
    values: tuple[Value, ...],
    said: str,
    places: range,
) -> None:
    binding.filters.append((places, Filter(column, operator, values, said)))
    if qualifier := binding.near(places, [column]):
        qualifier.qualifies = True
