"""A plan from a question bound to a table: the operation, its column, its rows, how sure it is."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from index.tables.numbers import Amount
from index.tables.typed import Column, Kind
from index.tables.units import DURATION, MONEY
from rag.tables.binding import (
    Binding,
    Filter,
    Role,
    bind_by_meaning,
    bind_relations,
    bind_titles,
    filters_of,
    selects_one,
)
from rag.tables.columns import (
    AGES,
    ASKED,
    adds_up,
    by_kind,
    is_age,
    is_weekday,
    is_year,
    label_column,
    meant_column,
    number_for,
    price_of_one,
    product_of,
    rivals,
    settle,
    sized,
    whole_amount,
    with_adjective,
)
from rag.tables.conditions.amounts import bind_dates, bind_quantities, ranks
from rag.tables.conditions.meanings import bind_shortened, guess_value
from rag.tables.conditions.ranks import bind_idle_period, bind_ranks
from rag.tables.conditions.states import bind_free, bind_out, bind_states
from rag.tables.counts import (
    count,
    counted_amount,
    doubt_lookup,
    forget_agents,
    measure,
    row_amount,
)
from rag.tables.execute import execute
from rag.tables.groups import (
    asked_group,
    asks_for_values,
    asks_who,
    grouped,
    is_asked,
    share,
    top_group,
)
from rag.tables.guesses import (
    DO,
    GUESSED,
    certainty_of_carried,
    guess_columns,
    guess_date,
    guess_holder,
    guess_moment,
    guess_payer,
    guess_rows,
    guess_worth,
    mixes_measures,
    only_measure,
)
from rag.tables.pairs import agreed, is_of_two, pair_of, paired, periods, two_columns
from rag.tables.reading.lexicon import Embed, stems_of
from rag.tables.reading.operators import ADJECTIVES, Aggregate, Degree, asks_of
from rag.tables.reading.question import plural_head, stem_of
from rag.tables.types import Group, Plan

# What a word that stands for nothing in the table leaves of the certainty: one is too many, unless
# it says of what kind the value of a column that is named is ("which subject is on Monday").
_UNKNOWN_WORD = 0.4
_KIND_WORD = 0.75
_MOST_SHOWN = 6
# A longer cell, in characters, is no value that stands in a sentence.
_LONGEST_VALUE = 200
_KINDS = {"when": (Kind.DATE, Kind.TIME), "much": (Kind.NUMBER,), "long": (Kind.NUMBER,)}


# Stems of words that only say of what kind the column before them is, and of names of times.
_GENERIC = frozenset(map(stem_of, "address date name level amount figure value rate".split()))
# "Most" and "fewest" are said of what is counted or summed, never of dates.
_AMOUNTS = frozenset("much little few".split())
_DURATIONS = frozenset(map(stem_of, "time duration latency delay".split()))
_MEANT = {"who": ("who", "person"), "where": ("where", "location")}


def assemble(binding: Binding, embed: Embed) -> Plan | None:
    """The plan for a question over one table, None if something of it can be bound to nothing."""
    asks = "much" if guess_payer(binding, embed) else asks_of(binding.question.text)
    forget_agents(binding, embed)
    bind_ranks(binding, embed)
    bind_idle_period(binding)
    bind_out(binding)
    bind_dates(binding, embed)
    limit = bind_quantities(binding)
    group = asked_group(binding)
    if limit is False or group is False:
        return None
    # "When was the most water used" names what is used, and no date.
    is_extreme = any(one.superlative for one in binding.question.degrees)
    kinds = () if is_extreme else _KINDS.get(asks, ())
    settle(binding, kinds)
    bind_free(binding)
    bind_by_meaning(binding, kinds, embed)
    bind_shortened(binding)
    guess_value(binding, embed)
    guess_columns(binding, kinds, embed)
    bind_titles(binding, embed)
    guess_worth(binding, asks, embed)
    guess_date(binding)
    guess_moment(binding, asks)
    bind_relations(binding, embed)
    guess_holder(binding)
    guess_rows(binding, label_column(binding.table))
    if (asks == "whether" or bind_states(binding)) and not _is_choice(binding):
        draft = _draft(binding, asks, embed, group if isinstance(group, Group) else None)
        if draft and not mixes_measures(draft):
            return _finished(binding, asks, replace(draft, limit=limit or draft.limit))
    return None


def _is_choice(binding: Binding) -> bool:
    """Whether one of two conditions is enough, of which both can't be told at once."""
    words = [token.text.lower() for token in binding.question.tokens]
    own = sorted(binding.filters, key=lambda one: one[0].start)
    return any(
        "or" in words[first.stop : second.start]
        and not (one.column == other.column and one.operator == other.operator in {"in", "like"})
        for (first, one), (second, other) in pairwise(own)
    )


def _said(binding: Binding) -> list[Aggregate]:
    """The operations that the question's words tell."""
    return [own for own, start, end in binding.question.aggregates if _is_said(binding, start, end)]


def _draft(binding: Binding, asks: str, embed: Embed, group: Group | None) -> Plan | None:
    if group:
        return _figures(binding, group)
    if Aggregate.SHARE in _said(binding):
        return share(binding, filters_of(binding))
    return _operation(binding, asks, embed)


def _figures(binding: Binding, group: Group) -> Plan | None:
    """A figure for each group; nothing if that is but one step of what is asked."""
    named, steps = _said(binding), {Aggregate.GROWTH, Aggregate.DIFFERENCE, Aggregate.SHARE}
    if steps & {*named} or _free_degrees(binding):
        return None
    return grouped(binding, group, named, filters_of(binding))


def _operation(binding: Binding, asks: str, embed: Embed) -> Plan | None:
    """The likeliest operation that the question's words allow."""
    named = _said(binding)
    pair = pair_of(binding)
    degrees = _free_degrees(binding)
    compares = [one for one in degrees if not one.superlative]
    steps = {Aggregate.GROWTH, Aggregate.DIFFERENCE} & {*named}
    if (compares or steps) and pair:
        return paired(binding, pair, asks, named, compares, embed)
    if (compares or steps) and (columns := periods(binding)):
        return Plan(binding.table, Aggregate.GROWTH, filters_of(binding), columns)
    differs = Aggregate.DIFFERENCE in steps
    if differs and (columns := two_columns(binding)):
        return Plan(binding.table, Aggregate.DIFFERENCE, filters_of(binding), columns)
    chooses = len(compares) == 1 and is_of_two(binding)
    if steps or (compares and not chooses):
        return None
    return _of_all(binding, asks, embed, named, degrees)


def _of_all(
    binding: Binding, asks: str, embed: Embed, named: list[Aggregate], degrees: list[Degree]
) -> Plan | None:
    """The likeliest operation over all rows that pass the filters."""
    if degrees and {Aggregate.SUM, Aggregate.MEAN, Aggregate.COUNT} & {*named}:
        # The largest of sums, or how many have the most: more than one step.
        return None
    if degrees:
        return _extreme(binding, degrees[0], embed)
    if {Aggregate.COUNT, Aggregate.MEAN} <= {*named}:
        target = counted_amount(binding, embed)
        return None if target is None else _mean_of(binding, target)
    if Aggregate.COUNT in named:
        return measure(binding) or count(binding, embed)
    single = any(selects_one(binding, own) for _, own in binding.filters)
    for aggregate in (Aggregate.MEAN, Aggregate.SUM):
        # The total of all, where each row also has a total of its own.
        is_said = any(own is aggregate for own, _, _ in binding.question.aggregates)
        is_said = is_said or (binding.spends and aggregate is Aggregate.SUM)
        # One row alone also comes to more than the price of one.
        comes_to = aggregate is Aggregate.SUM and product_of(binding.table) is not None
        if is_said and (not single or comes_to):
            return _over_numbers(binding, aggregate)
    return _lookup(binding, asks, Aggregate.LIST in named, embed)


def _mean_of(binding: Binding, target: int) -> Plan:
    return Plan(binding.table, Aggregate.MEAN, filters_of(binding), (target,))


def _is_said(binding: Binding, start: int, end: int) -> bool:
    """Whether words are those of an operation, not of a value ("blood count") or a column."""
    places = binding.question.within(start, end)
    roles = {binding.roles.get(place) for place in places}
    names = [one for one in binding.mentions if {*one.places} & {*places}]
    # "Patched last" where a column is "Last patched" still asks for the last.
    apart = any(len(one.places) < len(binding.lexicon.cores[one.column]) for one in names)
    return Role.VALUE not in roles and (Role.COLUMN not in roles or apart)


def _free_degrees(binding: Binding) -> list[Degree]:
    """Comparatives and superlatives that are not a part of an amount ("more than 100")."""
    spans = [(one.start, one.end) for one in binding.question.quantities if one.operator != "="]
    return [
        sized(binding.table, one)
        for one in binding.question.degrees
        if not any(start <= one.start < end for start, end in spans)
        and not _is_ordinal(binding, one)
        and not _is_verb(binding, one)
        and _is_said(binding, one.start, one.end)
    ]


def _is_verb(binding: Binding, degree: Degree) -> bool:
    """Whether "last" is said of how long something takes: a time follows it."""
    behind = [one for one in binding.question.quantities if one.start == degree.end + 1]
    return any(isinstance(one.value, Amount) and one.value.unit for one in behind)


def _is_ordinal(binding: Binding, degree: Degree) -> bool:
    """Whether "first" was bound as a number: "the first period"."""
    places = binding.question.within(degree.start, degree.end)
    return any(own == places for own, _ in binding.filters)


def _extreme(binding: Binding, degree: Degree, embed: Embed) -> Plan | None:
    """The row or rows of the smallest or the largest value."""
    degree = with_adjective(binding, degree, embed)
    binding.filters = [one for one in binding.filters if not selects_one(binding, one[1])]
    top = None
    if degree.word in _AMOUNTS:
        top = top_group(binding, degree, filters_of(binding), embed)
    if top is not None:
        return top
    order, also = _order(binding, degree, embed)
    timed = order is not None and binding.table.columns[order].kind in _KINDS["when"]
    if order is None or (timed and degree.word in _AMOUNTS) or is_asked(binding, order):
        return None
    groups = [one for one in binding.columns_named() if not binding.table.columns[one].is_key]
    # An adjective that is not known means one column, as one with a dimension does.
    is_of_one = degree.adjective.dimensions or degree.word not in ADJECTIVES
    groups = groups if not is_of_one else []
    if groups and adds_up(binding.table, order) and groups != [order]:
        # The customer with the highest amount has it in one row, and may have less in all.
        binding.guesses.append(f"{binding.table.columns[order].name} is that of single rows")
    column = binding.table.columns[order]
    is_turned = _is_slowness(column, degree) or (degree.word in AGES and is_age(column))
    greater = degree.adjective.greater != is_turned
    named = [one for one in binding.columns_named() if one != order]
    named = [] if order == whole_amount(binding) else named
    targets = tuple(dict.fromkeys([*named, *also]))
    is_of_many = any(not binding.table.columns[one].is_key for one in targets)
    if degree.word == "much" and (is_of_many or (asks_who(binding) and not _names_people(binding))):
        # Who has the most may have it in several rows.
        return None
    aggregate = Aggregate.MAX if greater else Aggregate.MIN
    rank = _rank(binding, degree)
    return Plan(binding.table, aggregate, filters_of(binding), targets, order, greater, rank=rank)


def _names_people(binding: Binding) -> bool:
    """Whether each row has a name of its own, as a person has."""
    column = binding.table.columns[label_column(binding.table)]
    return column.kind is Kind.TEXT and column.is_key


def _order(binding: Binding, degree: Degree, embed: Embed) -> tuple[int | None, tuple[int, ...]]:
    """The column that a superlative goes by, and others that tell the same."""
    order = by_kind(binding, degree, embed)
    also: tuple[int, ...] = ()
    if order is None:
        # The dearest by every price is the dearest.
        several = rivals(binding, degree.adjective.dimensions)
        order, also = agreed(binding, several, filters_of(binding), degree)
    named = binding.columns_named()
    of_rows = all(binding.table.columns[one].is_key for one in named)
    if order is None and not degree.adjective.dimensions and of_rows:
        order = whole_amount(binding) or only_measure(binding)
        if order is not None:
            binding.guess(binding.question.text[degree.start : degree.end], order)
    return order, also


def _rank(binding: Binding, degree: Degree) -> int:
    """2 for "second largest", 1 where no ordinal stands before a superlative."""
    for quantity in binding.question.quantities:
        if isinstance(quantity.value, Amount) and ranks(binding, quantity, degree):
            return int(quantity.value.value)
    return 1


def _is_slowness(column: Column, degree: Degree) -> bool:
    """Whether more in a column is less of what a superlative of speed asks for."""
    lasts = column.unit is not None and column.unit.dimension == DURATION
    return "speed" in degree.adjective.dimensions and (
        lasts or bool(_DURATIONS & {*stems_of(column.label)})
    )


def _over_numbers(binding: Binding, aggregate: Aggregate) -> Plan | None:
    asks_money = asks_of(binding.question.text) == "much"
    target = row_amount(binding, aggregate, asks_money)
    if target is None:
        target = number_for(binding, (MONEY,) if aggregate is Aggregate.SUM else ())
    is_sum = aggregate is Aggregate.SUM
    if target is None or (is_sum and target == price_of_one(binding.table)):
        return None
    return Plan(binding.table, aggregate, filters_of(binding), (target,))


def _lookup(binding: Binding, asks: str, lists: bool, embed: Embed) -> Plan | None:
    """Cells of the rows that pass the filters, or all values of a column."""
    filters, named = filters_of(binding), tuple(dict.fromkeys(binding.columns_named()))
    if asks == "who" and any(one.meant and one.column in named for one in binding.mentions):
        # Who someone's leader is, is not told by a column of roles.
        return None
    used = {own.column for own in filters}
    if asks in ASKED and filters:
        # How much was invoiced is told by no column of names.
        named = tuple(one for one in named if binding.table.columns[one].kind is not Kind.TEXT)
    targets = tuple(one for one in named if one not in used) or _asked(binding, asks, used, embed)
    dimensions = ASKED.get(asks) or tuple(filter(None, [binding.dimension]))
    if not targets and dimensions and _chooses_one(binding, filters):
        targets = rivals(binding, dimensions)
    label = label_column(binding.table)
    is_open = bool(filters) and label not in used
    by_others = not asks and is_open
    has_rows = Role.ROW in binding.roles.values() or (
        is_open and (lists or (by_others and _begins_with_value(binding)))
    )
    if not targets and (lists or by_others) and has_rows:
        targets = (label,)
    wants = filters or lists or asks_for_values(binding, asks, targets)
    if not targets or not wants or any(_is_prose(binding, at) for at in targets):
        return None
    found = Plan(binding.table, Aggregate.LOOKUP if filters else Aggregate.LIST, filters, targets)
    doubt_lookup(binding, found)
    return found


def _chooses_one(binding: Binding, filters: tuple[Filter, ...]) -> bool:
    """Whether conditions leave one row, or the name of one is among them."""
    label = label_column(binding.table)
    rows = execute(Plan(binding.table, Aggregate.LOOKUP, filters, (label,))).rows if filters else ()
    return len(rows) == 1 or any(selects_one(binding, own) for own in filters)


def _begins_with_value(binding: Binding) -> bool:
    """Whether a question begins with a value that rows share, in the plural: "vans without"."""
    said = [at for at, token in enumerate(binding.question.tokens) if not token.stop]
    token = binding.question.tokens[said[0]] if said else None
    is_plural = token is not None and token.text.lower() != token.stem
    # A value alone ("and for juniors?") goes on with what was asked before.
    return is_plural and len(binding.filters) > 1 and binding.roles.get(said[0]) is Role.VALUE


def _is_prose(binding: Binding, place: int) -> bool:
    """Whether a column holds texts that are quoted better than told in a sentence."""
    return any(len(text) > _LONGEST_VALUE for text in binding.table.columns[place].texts)


def _asked(binding: Binding, asks: str, used: set[int], embed: Embed) -> tuple[int, ...]:
    """The column that a question without its name wants: how much, when, who, which row."""
    table = binding.table
    if asks in ASKED:
        found = number_for(binding, ASKED[asks])
    elif asks == "when":
        return _moments(binding, used)
    elif asks in _MEANT:
        found = meant_column(binding, _MEANT[asks], embed)
        found = None if found in used else found
        if found is None and asks == "who":
            found = _ranked(binding, used)
    elif (asks == "which" or _asks_what_rows(binding)) and (
        Role.ROW in binding.roles.values() or binding.mentions or _asks_for_kind(binding)
    ):
        found = label_column(table)
        # The row that a question names is no answer to which one it is.
        if any(own.column == found and selects_one(binding, own) for _, own in binding.filters):
            found = None
    else:
        found = None
    if found is None and asks in ASKED and len(table.columns) == len(used) + 1 == 2:
        # Of two columns the one that names no row is asked for, if it tells figures.
        other = next(at for at in range(2) if at not in used)
        texts = table.columns[other].texts
        has_digit = sum(any(map(str.isdigit, text)) for text in texts)
        found = other if 2 * has_digit > len(texts) else None
    return () if found is None else (found,)


def _asks_what_rows(binding: Binding) -> bool:
    """Whether rows are asked for as with "which": "what tools", or "what did we buy" by a date."""
    words = [token.text.lower() for token in binding.question.tokens]
    place = words.index("what") + 1 if "what" in words else len(words)
    is_row = binding.roles.get(place) is Role.ROW
    dated = binding.columns_named([Kind.DATE], free=False)
    is_row |= bool(dated) and bool(DO & {*words[place : place + 1]})
    return is_row or (place < len(words) and plural_head(binding.question) == place)


def _moments(binding: Binding, used: set[int]) -> tuple[int, ...]:
    """The columns that tell when: a day and the times on it, or the only one; none where nothing
    tells which of several days is asked for.
    """
    columns = [one for one in enumerate(binding.table.columns) if one[0] not in used]
    days = [at for at, one in columns if one.kind is Kind.DATE or is_weekday(one)]
    times = [at for at, one in columns if one.kind is Kind.TIME]
    years = [at for at, one in columns if is_year(one)]
    if len(days) == 1 and len(times) in {1, 2}:
        return tuple(sorted([*days, *times]))
    found = [*days, *times, *years]
    return tuple(found) if len(found) == 1 else ()


def _ranked(binding: Binding, used: set[int]) -> int | None:
    """The only column of texts that is left where rows are chosen by a number: who won need not be
    a person.
    """
    columns = binding.table.columns
    texts = [at for at, one in enumerate(columns) if one.kind is Kind.TEXT and at not in used]
    by_number = any(columns[at].kind is Kind.NUMBER for at in used)
    return texts[0] if by_number and len(texts) == 1 else None


def _asks_for_kind(binding: Binding) -> bool:
    """Whether rows are asked for by a value that they share: "which books", of a category."""
    words = [token.text.lower() for token in binding.question.tokens]
    after = {at + 1 for at, word in enumerate(words) if word == "which"}
    return any(binding.roles.get(at) is Role.VALUE for at in after)


def _finished(binding: Binding, asks: str, draft: Plan) -> Plan:
    """The plan with the columns to show and its confidence."""
    certainty = min(binding.certainty, GUESSED) if binding.guesses else binding.certainty
    unread = list[str]()
    for place in binding.residue:
        if _is_generic(binding, place):
            continue
        is_kind = _is_kind(binding, place, asks, draft)
        certainty *= _KIND_WORD if is_kind else _UNKNOWN_WORD
        unread += [] if is_kind else [binding.question.tokens[place].text]
    certainty = min(certainty, certainty_of_carried(binding, draft))
    columns = range(len(draft.table.columns))
    used = {*draft.targets, draft.order, *(own.column for own in draft.filters)}
    used |= {draft.pair[0].column} if draft.pair else set()
    used.add(label_column(draft.table))
    shown = [at for at in columns if len(columns) <= _MOST_SHOWN or at in used]
    return replace(
        draft,
        shown=tuple(shown),
        confidence=certainty,
        guesses=tuple(binding.guesses),
        unread=tuple(unread),
    )


def _is_generic(binding: Binding, place: int) -> bool:
    """Whether a word adds nothing to the column named right before it: "e-mail address"."""
    return binding.question.tokens[place].stem in _GENERIC and any(
        one.places.stop == place for one in binding.mentions
    )


def _is_kind(binding: Binding, place: int, asks: str, draft: Plan) -> bool:
    """Whether a word says of what kind the values of a column are that is named elsewhere."""
    if len(draft.table.columns) == 2 and asks in ASKED:
        return True
    named = {*binding.columns_named()} & {*draft.targets}
    before = " ".join(token.text.lower() for token in binding.question.tokens[:place])
    head = re.search(r"(?:^|\s)(?:which|list(?: the| all)*|what|first|last)$", before)
    return bool(named and head and asks in {"which", "what"})
