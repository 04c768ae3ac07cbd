"""Questions for a figure of each group of rows, for the group with most, and for a share."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.tables.typed import Column, Kind
from index.tables.units import DURATION, MONEY, unit_of
from rag.tables.binding import Binding, Filter, Role
from rag.tables.columns import is_id, number_for, quantity_column
from rag.tables.guesses import only_group, only_measure
from rag.tables.reading.lexicon import Embed, similarities
from rag.tables.reading.operators import Aggregate, Degree
from rag.tables.reading.question import plural_head
from rag.tables.types import Group, Plan

# Words that a column of people is called like, and from which cosine of MiniLM on it is.
PERSONS = ("who", "person")
_PERSON = 0.3
_NAME = re.compile(r"[^\W\d_a-z][\w.'’-]*(?: [^\W\d_a-z][\w.'’-]*){1,2}")
# Words before the name of what figures are wanted for each of.
_EACH = frozenset("per each every by".split())
_WHICH = frozenset("which what".split())
# A date's characters that tell its month or year: "2025-03".
PERIODS = {"month": 7, "year": 4}
_FIGURES = (Aggregate.MEAN, Aggregate.COUNT, Aggregate.SUM)


def asked_group(binding: Binding) -> Group | bool | None:
    """What figures are wanted for each of; None if for nothing, False if the table has no such."""
    tokens = binding.question.tokens
    for place, token in enumerate(tokens[:-1]):
        free = binding.roles.get(place) not in {Role.VALUE, Role.COLUMN, Role.QUANTITY}
        if free and token.text.lower() in _EACH:
            group = group_at(binding, place + 1) or _only_group(binding, place + 1)
            if group is None and _is_of_each_row(binding, place + 1):
                return None
            if group or token.text.lower() != "by":
                return group or False
    return None


def _is_of_each_row(binding: Binding, place: int) -> bool:
    """Whether a mean is asked for over what each row is one of: "on average per quarter"."""
    is_mean = any(own is Aggregate.MEAN for own, _, _ in binding.question.aggregates)
    own = [one for one in binding.mentions if place in one.places]
    return is_mean and any(binding.table.columns[one.column].is_key for one in own)


def _only_group(binding: Binding, place: int) -> Group | None:
    """The only column that rows can be grouped by, for a word that stands for nothing."""
    column = only_group(binding)
    if column is None or place in binding.roles or binding.question.tokens[place].stop:
        return None
    binding.take(range(place, place + 1), Role.COLUMN)
    binding.guess(binding.question.tokens[place].text, column)
    return Group(column)


def group_at(binding: Binding, place: int) -> Group | None:
    """The column, or the period of the only column of dates, that a word names."""
    table = binding.table
    mention = next((one for one in binding.mentions if place in one.places), None)
    if mention and table.columns[mention.column].kind is not Kind.DATE:
        return None if table.columns[mention.column].is_key else Group(mention.column)
    unit = unit_of(binding.question.tokens[place].text)
    period = unit.name if unit and unit.dimension == DURATION else ""
    dates = [at for at, one in enumerate(table.columns) if one.kind is Kind.DATE]
    if period not in PERIODS or len(dates) != 1:
        return None
    binding.take(range(place, place + 1), Role.COLUMN)
    return Group(dates[0], period)


# "The most common fault" is the one of most rows.
_FREQUENT = frozenset("common frequent frequently often".split())


def grouped(
    binding: Binding, group: Group, named: Sequence[Aggregate], filters: tuple[Filter, ...]
) -> Plan | None:
    """A figure for each group: the number of rows, or the sum or mean of a column of numbers."""
    aggregate = next((one for one in _FIGURES if one in named), Aggregate.SUM)
    if aggregate is Aggregate.COUNT:
        target = _counted_column(binding, group)
        aggregate = Aggregate.COUNT if target is None else Aggregate.SUM
    else:
        target = _counted_column(binding, group)
        target = number_for(binding, (MONEY,)) if target is None and named else target
        if target is None:
            return None
    targets = () if target is None else (target,)
    return Plan(binding.table, aggregate, filters, targets, group=group)


def top_group(
    binding: Binding, degree: Degree, filters: tuple[Filter, ...], embed: Embed
) -> Plan | None:
    """The group that has most or fewest: rows if these are named behind "most", else of the one
    column of numbers that is named.
    """
    group = _asked_about(binding, degree) or _who(binding, embed)
    if group is None:
        return None
    after = binding.question.within(degree.end, len(binding.question.text))
    target = _counted_column(binding, group)
    target = _things_behind(binding, after[:1], embed) if target is None else target
    words = {binding.question.tokens[place].text.lower() for place in after[:1]}
    if target is None and not after and (target := only_measure(binding)) is not None:
        binding.guess(binding.question.text[degree.start : degree.end], target)
    if target is None and not (words & _FREQUENT or _name_rows(binding, after[:1])):
        return None
    aggregate, targets = (Aggregate.COUNT, ()) if target is None else (Aggregate.SUM, (target,))
    greater = degree.adjective.greater
    return Plan(binding.table, aggregate, filters, targets, group=group, greater=greater)


def _things_behind(binding: Binding, places: range, embed: Embed) -> int | None:
    """The column of how many, for things behind "most": "the most lamps", not "the most orders"."""
    is_thing = any(at in binding.counted or binding.roles.get(at) is Role.VALUE for at in places)
    return quantity_column(binding.table, embed) if is_thing else None


def share(binding: Binding, filters: tuple[Filter, ...]) -> Plan | None:
    """The share of the rows that pass the filters, or of a column's sum."""
    if not filters:
        return None
    named = [one for one in binding.columns_named([Kind.NUMBER]) if not is_id(binding.table, one)]
    if not named and not _name_rows(binding, range(len(binding.question.tokens))):
        return None
    targets = (named[0],) if len(named) == 1 else ()
    return Plan(binding.table, Aggregate.SHARE, filters, targets) if len(named) < 2 else None


def _name_rows(binding: Binding, places: range) -> bool:
    """Whether one of these words is what the table calls its rows."""
    return any(binding.question.tokens[at].stem in binding.lexicon.nouns for at in places)


def _asked_about(binding: Binding, degree: Degree) -> Group | None:
    """The group that is named before "most": "which customer has the most"."""
    tokens = binding.question.tokens
    for place in binding.question.within(0, degree.start)[1:]:
        asked = tokens[place - 1].text.lower() in _WHICH
        group = group_at(binding, place) if asked else None
        if group and not binding.table.columns[group.column].unit:
            return group
    return None


def _who(binding: Binding, embed: Embed) -> Group | None:
    """The people that have several rows each, for "who has the most"."""
    if not asks_who(binding):
        return None
    columns = enumerate(binding.table.columns)
    named = [at for at, one in columns if one.kind is Kind.TEXT and _are_names(one)]
    said = [at for at in named if at in binding.columns_named()]
    named = said if len(said) == 1 else named
    labels = [binding.table.columns[at].readable for at in named]
    rows = similarities(embed, labels, PERSONS).mean(axis=1)
    best = max(range(len(named)), key=lambda at: rows[at], default=None)
    is_near = best is not None and (bool(said) or rows[best] >= _PERSON)
    if best is None or not is_near or binding.table.columns[named[best]].is_key:
        return None
    return Group(named[best])


def asks_who(binding: Binding) -> bool:
    """Whether a question asks who."""
    return any(token.text.lower() == "who" for token in binding.question.tokens)


def _are_names(column: Column) -> bool:
    """Whether most texts are a first name, or its letter, and another one."""
    texts = dict.fromkeys(text for text in column.texts if text)
    return 2 * sum(bool(_NAME.fullmatch(text)) for text in texts) > len(texts)


def is_asked(binding: Binding, column: int) -> bool:
    """Whether a column is what "which" stands before: "which floor has the most"."""
    words = [token.text.lower() for token in binding.question.tokens]
    starts = [one.places.start for one in binding.mentions if one.column == column]
    return any(at and words[at - 1] in _WHICH for at in starts)


def _counted_column(binding: Binding, group: Group) -> int | None:
    """The one column of numbers that is named and is not what rows are grouped by."""
    _forget(binding, group)
    named = dict.fromkeys(binding.columns_named([Kind.NUMBER]))
    found = [one for one in named if not is_id(binding.table, one)]
    # "Total quantity", where another column is "Total", asks for a sum.
    plain = [one for one in found if not _is_operation(binding, one)]
    found = plain if len(found) > 1 else found
    return found[0] if len(found) == 1 else None


def _is_operation(binding: Binding, column: int) -> bool:
    """Whether a column is named by the words of an operation alone."""
    spans = [binding.question.within(start, end) for _, start, end in binding.question.aggregates]
    own = [one.places for one in binding.mentions if one.column == column]
    return all(places in spans for places in own)


def _forget(binding: Binding, group: Group) -> None:
    """Let the group's column be no target."""
    for mention in binding.mentions:
        mention.qualifies = mention.qualifies or mention.column == group.column


def asks_for_values(binding: Binding, asks: str, targets: tuple[int, ...]) -> bool:
    """Whether a question asks which values a column of names has: "Which customers do we have?"."""
    head = plural_head(binding.question)
    named = {one.column for one in binding.mentions if head in one.places}
    is_text = len(targets) == 1 and binding.table.columns[targets[0]].kind is Kind.TEXT
    return asks in {"which", "what"} and is_text and named == {*targets}
