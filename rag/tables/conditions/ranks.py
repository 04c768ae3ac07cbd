"""Places in a contest: who won, came second, had the first place; and times that leave all rows."""

from __future__ import annotations

from datetime import date

from index.tables.numbers import Amount
from index.tables.typed import Column, Kind
from index.tables.units import DURATION, unit_of
from rag.tables.binding import Binding, Filter, Role
from rag.tables.columns import is_id, is_year
from rag.tables.reading.lexicon import Embed, similarities
from rag.tables.reading.question import Quantity

# What a column of places is called, what the first of them is, and from which cosine of MiniLM on.
PLACES = ("place", "rank", "ranking position")
WINS = ("won", "winner", "win")
_NEAR = 0.6
_WON = 0.7
_LAST = 0.3
_DAYS = {"day": 1, "week": 7, "month": 31, "year": 366}
_THAT = frozenset("that the this".split())


def bind_ranks(binding: Binding, embed: Embed) -> None:
    """Bind "won", "first places" and "came second" to the one column of places, if there is one."""
    column = _rank_column(binding, embed)
    if column is None:
        return
    for quantity in binding.question.quantities:
        value = quantity.value
        place = _rank_place(binding, quantity, column, embed) if quantity.ordinal else None
        if place is not None and isinstance(value, Amount):
            _add(binding, column, value.value, place)
    if _asks_for_last(binding):
        # Who came last is not told by a date, and each contest has a last place of its own.
        binding.certainty *= _LAST
    residue = binding.residue
    words = [binding.question.tokens[place].text.lower() for place in residue]
    for place, row in zip(residue, similarities(embed, words, WINS), strict=True):
        if row.mean() >= _WON:
            _add(binding, column, 1.0, place)


def _rank_column(binding: Binding, embed: Embed) -> int | None:
    """The one column that numbers from 1 on and is called a place or rank."""
    columns = enumerate(binding.table.columns)
    found = [at for at, one in columns if _ranks(one) and not is_id(binding.table, at)]
    names = [binding.table.columns[at].readable.lower() for at in found]
    rows = similarities(embed, names, PLACES)
    near = [at for at, row in zip(found, rows, strict=True) if row.max() >= _NEAR]
    return near[0] if len(near) == 1 else None


def _ranks(column: Column) -> bool:
    """Whether all numbers of a column are whole and start from 1."""
    numbers = [value for value in column.values if isinstance(value, float)]
    plain = column.kind is Kind.NUMBER and not (column.unit or column.decimals or is_year(column))
    return plain and bool(numbers) and min(numbers) == 1.0


def _rank_place(binding: Binding, quantity: Quantity, column: int, embed: Embed) -> int | None:
    """Where an ordinal stands that is a place: before a word for it, or where nothing is counted by
    it ("came second at").
    """
    tokens, places = binding.question.tokens, binding.question.within(*quantity.core)
    if len(places) != 1:
        return None
    after, before = places.stop, tokens[places.start - 1] if places.start else None
    if after < len(tokens) and not tokens[after].stop:
        token = tokens[after]
        is_named = token.stem in binding.lexicon.names[column]
        if not is_named and similarities(embed, [token.text.lower()], PLACES).max() < _NEAR:
            return None
        if after not in binding.roles:
            binding.take(range(after, after + 1), Role.ROW)
        return places.start
    is_bare = before is not None and before.text.lower() not in _THAT
    return places.start if is_bare else None


def _asks_for_last(binding: Binding) -> bool:
    """Whether "last" says which place somebody had: "came last at"."""
    tokens = binding.question.tokens
    places = [at for at, token in enumerate(tokens) if at and token.text.lower() == "last"]
    bare = [at for at in places if at + 1 == len(tokens) or tokens[at + 1].stop]
    return any(tokens[at - 1].text.lower() not in _THAT for at in bare)


def _add(binding: Binding, column: int, rank: float, place: int) -> None:
    places = range(place, place + 1)
    binding.roles[place] = Role.VALUE
    own = Filter(column, "in", (rank,), f"{binding.table.columns[column].label} is {rank:.0f}")
    binding.filters.append((places, own))
    if qualifier := binding.near(places, [column]):
        qualifier.qualifies = True


def bind_idle_period(binding: Binding) -> None:
    """Let "that week" say nothing over rows that are all of one week."""
    dates = [one for one in binding.table.columns if one.kind is Kind.DATE]
    tokens = binding.question.tokens
    for place in binding.residue if len(dates) == 1 else ():
        unit = unit_of(tokens[place].text)
        is_period = unit is not None and unit.dimension == DURATION and unit.name in _DAYS
        if unit and is_period and place and tokens[place - 1].text.lower() in _THAT:
            days = sorted(str(value)[:10] for value in dates[0].values if value is not None)
            if days and _are_within(days[0], days[-1], unit.name):
                binding.take(range(place, place + 1), Role.UNIT)


def _are_within(first: str, last: str, period: str) -> bool:
    """Whether two ISO dates are of one day, week, month or year."""
    if period in {"month", "year"}:
        length = 7 if period == "month" else 4
        return first[:length] == last[:length]
    try:
        return (date.fromisoformat(last) - date.fromisoformat(first)).days < _DAYS[period]
    except ValueError:
        return False
