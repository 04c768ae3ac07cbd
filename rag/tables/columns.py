"""Which column an operation goes over, where the question does not name just one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from itertools import permutations

from babel.dates import get_day_names

from index.tables.typed import Column, Kind, TypedTable, Value
from index.tables.units import DURATION, MONEY, Unit, unit_of
from rag.tables.binding import DIMENSIONS, Binding, Mention, Role
from rag.tables.reading.lexicon import (
    CODES,
    Embed,
    abbreviates,
    similarities,
    stems_of,
    words_of_name,
)
from rag.tables.reading.operators import DATE, Degree

# The dimension that "how much", "how long" and "how heavy" ask for.
ASKED = {"much": (MONEY,), "long": (DURATION,), "heavy": ("mass",)}
_SIZES, _SIZE = frozenset("big large small".split()), ("area", "volume")
# Adjectives of what comes into being: said of a thing, not of what happens to it.
AGES = frozenset("old young new".split())
_AGE = ("age",)
ORIGINS = ("built", "made", "founded", "born")
_ORIGIN = 0.42
# What a column is called that counts things of a kind, and from which cosine on one is: "Number
# owned" has 0.52, "Price" 0.29. The kinds have names in words, no codes.
HELD = ("number in stock",)
_HELD = 0.37
# What a column is called that tells how many of a thing a row is about, and from which cosine on
# one is: "Units" has 0.61, "Capacity" 0.56.
QUANTITY = ("quantity",)
_MANY = 0.6
# By how much the name of a column of people or firms is nearer to "who" than to "thing": "supplier"
# by 0.18, "team" by 0.08, "product" by less than nothing.
AGENTS = ("who", "thing")
_AGENT = 0.07
# Fewer rows than this are no products but by chance; prices of one are rounded to cents.
_PRODUCTS, _CENT = 3, 0.006
_CENTS = 2
_WORDS = re.compile(r"[^\W\d_]{3}")
_LOCALES = ("en", "de", "fr", "es", "it", "nl", "pt", "pl")
_ORIGIN_MARGIN = 0.06
_ORDERED = (Kind.NUMBER, Kind.DATE, Kind.TIME)
YEARS = range(1800, 2200)
# A column that several words could mean costs this much certainty.
UNSETTLED = 0.4
_BY_DIMENSION = 0.95
_NEAR = 0.57
_MEANT = 0.45


def is_id(table: TypedTable, place: int) -> bool:
    """Whether numbers of a column name rows and measure nothing."""
    column = table.columns[place]
    first = next((at for at, one in enumerate(table.columns) if one.is_key), None)
    plain = column.kind is not Kind.NUMBER or not (column.unit or column.decimals)
    return plain and (place == first or bool(CODES & {*stems_of(column.label)}))


def counted_unit(column: Column) -> Unit | None:
    """The unit of a column, also one of time that is but a word of its name: "Days notice"."""
    if column.unit or column.kind is not Kind.NUMBER:
        return column.unit
    units = [unit for word in _words(column) if word.endswith("s") and (unit := unit_of(word))]
    return next((unit for unit in units if unit.dimension == DURATION), None)


def is_year(column: Column) -> bool:
    """Whether all numbers of a column may be years."""
    numbers = [value for value in column.values if value is not None]
    plain = column.kind is Kind.NUMBER and not column.unit and not column.decimals
    return plain and all(value in YEARS for value in numbers)


def is_weekday(column: Column) -> bool:
    """Whether all cells of a column are days of the week."""
    texts = {text.lower() for text in column.texts if text}
    return bool(texts) and any(texts <= names for names in _weekdays())


@cache
def _weekdays() -> tuple[frozenset[str], ...]:
    """Names of the days of the week in small letters, long and short, a set for each language."""
    found = []
    for locale in _LOCALES:
        names = get_day_names("wide", locale=locale), get_day_names("abbreviated", locale=locale)
        found.append(frozenset(name.lower() for own in names for name in own.values()))
    return tuple(found)


def adds_up(table: TypedTable, place: int) -> bool:
    """Whether numbers of a column make a sum: amounts of money, and counts of things."""
    column = table.columns[place]
    is_count = not column.unit and not column.decimals
    plain = column.kind is Kind.NUMBER and not is_id(table, place) and not is_year(column)
    return plain and (column.is_money or is_count)


@lru_cache(512)
def product_of(table: TypedTable) -> tuple[int, int, int] | None:
    """The columns of how many, of the price of one and of what a row comes to: the third is the
    product of the others in every row. None if there are no such three.
    """
    columns = enumerate(table.columns)
    numbers = [at for at, one in columns if one.kind is Kind.NUMBER and not is_id(table, at)]
    counts = {at for at in numbers if adds_up(table, at) and not table.columns[at].is_money}
    for count, price, whole in permutations(numbers, 3):
        if count not in counts:
            continue
        rows = zip(*(table.columns[at].values for at in (count, price, whole)), strict=True)
        if _are_products(rows):
            return count, price, whole
    return None


def _are_products(rows: Iterable[tuple[Value | None, ...]]) -> bool:
    """Whether the third of each row's numbers is the product of the others."""
    counts = list[float]()
    for count, price, whole in rows:
        if isinstance(count, float) and isinstance(price, float) and isinstance(whole, float):
            if abs(count * price - whole) > _CENT * max(1.0, abs(count)):
                return False
            counts.append(count)
    return len(counts) >= _PRODUCTS and len({*counts}) > 1


@lru_cache(512)
def price_of_one(table: TypedTable) -> int | None:
    """The column of the price of one thing, in a table that tells how many of it: amounts of money
    that are the same wherever the thing is, however many. Their sum is none of rows.
    """
    if product := product_of(table):
        return product[1]
    money = money_columns(table)
    counts = [at for at in range(len(table.columns)) if adds_up(table, at) and at not in money]
    if len(money) != 1 or len(counts) != 1:
        return None
    texts = [one for one in table.columns if one.kind is Kind.TEXT and not one.is_key]
    own = table.columns[money[0]].values, table.columns[counts[0]].values
    return money[0] if any(_is_fixed(one.values, *own) for one in texts) else None


def sums_up(table: TypedTable, place: int) -> bool:
    """Whether a sum of a column over rows tells something: not that of prices of one."""
    return adds_up(table, place) and place != price_of_one(table)


def _is_fixed(
    things: Sequence[Value | None], prices: Sequence[Value | None], counts: Sequence[Value | None]
) -> bool:
    """Whether each thing has one price, and several have it with different counts."""
    by_thing = dict[Value | None, tuple[set[Value | None], set[Value | None]]]()
    for thing, price, count in zip(things, prices, counts, strict=True):
        own = by_thing.setdefault(thing, (set(), set()))
        own[0].add(price)
        own[1].add(count)
    several = [own for own in by_thing.values() if len(own[1]) > 1]
    return len(several) > 1 and all(len(own[0]) == 1 for own in by_thing.values())


def quantity_column(table: TypedTable, embed: Embed) -> int | None:
    """The one column that tells how many of a thing each row is about: "Quantity", "qty"."""
    if product := product_of(table):
        return product[0]
    places = [at for at in range(len(table.columns)) if adds_up(table, at)]
    places = [at for at in places if not table.columns[at].is_money]
    labels = [table.columns[at].readable.lower() for at in places]
    rows = similarities(embed, labels, QUANTITY)
    near = [
        at
        for at, label, row in zip(places, labels, rows, strict=True)
        if row.max() >= _MANY or abbreviates(label, QUANTITY[0])
    ]
    return near[0] if len(near) == 1 else None


def is_agent(column: Column, embed: Embed) -> bool:
    """Whether a column tells who: a customer or a dealer, and no thing."""
    label = column.readable.lower()
    who, thing = similarities(embed, [label], AGENTS)[0]
    return bool(who - thing >= _AGENT)


def held_column(table: TypedTable, embed: Embed) -> int | None:
    """The one column that tells how many there are of what each row names: "Number in fleet"."""
    names = table.columns[label_column(table)]
    words = [bool(_WORDS.search(text)) for text in names.texts]
    if names.kind is not Kind.TEXT or not names.is_key or 2 * sum(words) <= len(words):
        return None
    places = [at for at in range(len(table.columns)) if adds_up(table, at)]
    places = [at for at in places if not table.columns[at].is_money]
    labels = [table.columns[at].readable.lower() for at in places]
    rows = similarities(embed, labels, HELD)
    near = [at for at, row in zip(places, rows, strict=True) if row.max() >= _HELD]
    return near[0] if len(near) == 1 else None


def label_column(table: TypedTable) -> int:
    """The column that names rows: the first of texts that are all different, else the first key."""
    keys = [at for at, column in enumerate(table.columns) if column.is_key and not column.unit]
    texts = [place for place in keys if table.columns[place].kind is Kind.TEXT]
    codes = [place for place in texts if not CODES & {*stems_of(table.columns[place].label)}]
    every = [at for at, column in enumerate(table.columns) if column.kind is Kind.TEXT]
    return next(iter([*codes, *texts, *keys, *every]), 0)


def settle(binding: Binding, kinds: Sequence[Kind]) -> None:
    """Decide words that stand in several columns' names: by a column named already, or by kind."""
    for places, columns in binding.ambiguous:
        if {one.column for one in binding.mentions} & {*columns}:
            continue
        fitting = [one for one in columns if binding.table.columns[one].kind in kinds]
        if len(fitting) == 1:
            binding.mentions.append(Mention(fitting[0], places))
        else:
            binding.certainty *= UNSETTLED


def number_for(binding: Binding, dimensions: Sequence[str] = ()) -> int | None:
    """The one column of numbers that is named, else that of a dimension or of a unit named."""
    named = dict.fromkeys(binding.columns_named([Kind.NUMBER]))
    named = {one: None for one in named if not is_id(binding.table, one)}
    if units := _of_unit(binding):
        named = {one: None for one in named if one in units}
    if named:
        return next(iter(named)) if len(named) == 1 else None
    found = _of_dimension(binding.table, dimensions) or units
    if len(found) != 1:
        return None
    binding.certainty *= _BY_DIMENSION
    return found[0]


def rivals(binding: Binding, dimensions: Sequence[str]) -> tuple[int, ...]:
    """Several columns of a dimension none of which is named: prices for members and for others."""
    found = _of_dimension(binding.table, dimensions)
    named = {*binding.columns_named([Kind.NUMBER])}
    return tuple(found) if len(found) > 1 and not named else ()


def sized(table: TypedTable, degree: Degree) -> Degree:
    """Big and small are said of the area or the volume, where a table tells one."""
    if degree.word not in _SIZES or not _of_dimension(table, _SIZE):
        return degree
    return replace(degree, adjective=replace(degree.adjective, dimensions=_SIZE))


def _of_dimension(table: TypedTable, dimensions: Sequence[str]) -> list[int]:
    units = [(place, counted_unit(column)) for place, column in enumerate(table.columns)]
    found = [place for place, unit in units if unit and unit.dimension in dimensions]
    # A single letter behind a name is no unit by itself: "Weight g".
    names = [name for name, one in DIMENSIONS.items() if one in dimensions]
    plain = [at for at, one in enumerate(table.columns) if one.kind is Kind.NUMBER]
    found = found or [at for at in plain if {*names} & {*_words(table.columns[at])}]
    # A table that names no currency may still write its prices with cents.
    return found or [at for at in plain if MONEY in dimensions and _has_cents(table.columns[at])]


def money_columns(table: TypedTable) -> list[int]:
    """Columns of money, by their currency or else by their cents."""
    columns = [*enumerate(table.columns)]
    found = [at for at, one in columns if one.is_money]
    return found or [at for at, one in columns if one.kind is Kind.NUMBER and _has_cents(one)]


def _has_cents(column: Column) -> bool:
    return not column.unit and column.decimals == _CENTS


def _words(column: Column) -> list[str]:
    return [word.lower() for word in words_of_name(column.label)]


def _of_unit(binding: Binding) -> list[int]:
    tokens = binding.question.tokens
    places = [place for place, role in binding.roles.items() if role is Role.UNIT]
    words = [tokens[at].text for at in places]
    words += [f"{tokens[at].text} {tokens[at + 1].text}" for at in places if at + 1 in places]
    units = [unit for word in words if (unit := unit_of(word))]
    columns = enumerate(binding.table.columns)
    return [at for at, one in columns if one.unit and any(one.unit.fits(unit) for unit in units)]


def by_kind(binding: Binding, degree: Degree, embed: Embed) -> int | None:
    """The column that a superlative goes by: named, of its dimension, or of its meaning."""
    table, dimensions = binding.table, degree.adjective.dimensions
    if DATE in dimensions:
        return _of_age(binding, degree, embed) if degree.word in AGES else _dated(binding)
    named = list(dict.fromkeys(binding.columns_named(_ORDERED)))
    named = [one for one in named if not is_id(table, one)]
    if named and (whole := whole_amount(binding)) is not None and _is_meant(binding, named):
        return whole
    if MONEY in dimensions:
        # The cheapest boat is not the one in "Boats built".
        named = [one for one in named if table.columns[one].is_money]
        if not named and (whole := whole_amount(binding)) is not None:
            return whole
    if len(named) == 1:
        return named[0]
    found = [one for one in _of_dimension(table, dimensions) if not named or one in named]
    if len(found) == 1:
        binding.certainty *= _BY_DIMENSION
        return found[0]
    return None if named else _by_meaning(binding, degree.word, embed)


def _is_meant(binding: Binding, columns: Sequence[int]) -> bool:
    """Whether these are columns of a product, and no word is of their names: "which order cost the
    most".
    """
    product = product_of(binding.table) or ()
    return {*columns} <= {*product[1:]} and all(
        one.meant for one in binding.mentions if one.column in columns
    )


def whole_amount(binding: Binding) -> int | None:
    """What rows come to, where a question names what they are: the dearest order."""
    product = product_of(binding.table)
    return product[2] if product and names_rows(binding) else None


def names_rows(binding: Binding, places: range | None = None) -> bool:
    """Whether a question, or words of it, name what rows are, or the column of their names: "an
    order".
    """
    places = range(len(binding.question.tokens)) if places is None else places
    columns = enumerate(binding.table.columns)
    keys = [at for at, one in columns if one.is_key and one.kind is Kind.TEXT]
    own = [
        one for one in binding.mentions if one.column in keys or is_id(binding.table, one.column)
    ]
    by_column = any({*one.places} & {*places} for one in own)
    return by_column or any(
        role is Role.ROW and at not in binding.counted
        for at, role in binding.roles.items()
        if at in places and binding.question.tokens[at].stem in binding.lexicon.own
    )


def with_adjective(binding: Binding, degree: Degree, embed: Embed) -> Degree:
    """A "most" or "least" with the unknown adjective behind it, if that means one of the columns:
    "most valuable" where there is a column of values.
    """
    places = binding.question.within(degree.end + 1, degree.end + 2)
    if degree.word not in {"much", "little"} or not places:
        return degree
    token = binding.question.tokens[places.start]
    is_meant = any(one.meant and one.places == places for one in binding.mentions)
    is_open = (
        places.start in binding.residue and _by_meaning(binding, token.text, embed) is not None
    )
    binding.take(places if is_open else range(0), Role.OPERATION)
    return replace(degree, word=token.text, end=token.end) if is_meant or is_open else degree


def _of_age(binding: Binding, degree: Degree, embed: Embed) -> int | None:
    """The column that tells how old rows are: an age, else when they came into being."""
    columns = binding.table.columns
    named = [one for one in binding.columns_named([Kind.TEXT]) if not columns[one].is_key]
    if any(not {*binding.lexicon.names[one]} <= binding.lexicon.own for one in named):
        # Where each boat has several races, these do not tell when it was built.
        return None
    ages = [at for at, one in enumerate(columns) if {*_AGE} & {*_words(one)}]
    ages = [at for at in ages if columns[at].kind is Kind.NUMBER]
    if len(ages) == 1 and degree.word != "new":
        return ages[0]
    dated = [at for at, one in enumerate(columns) if one.kind is Kind.DATE or is_year(one)]
    named = [at for at in dated if at in binding.columns_named(free=False)]
    found = _dated(binding) if named or len(dated) < 2 else None
    if found is not None or len(dated) < 2:
        return found
    rows = similarities(embed, [columns[at].label.lower() for at in dated], ORIGINS).max(axis=1)
    order = sorted(range(len(dated)), key=lambda at: -rows[at])
    clear = rows[order[0]] - rows[order[1]] >= _ORIGIN_MARGIN
    return dated[order[0]] if clear and rows[order[0]] >= _ORIGIN else None


def is_age(column: Column) -> bool:
    """Whether a column of numbers tells how old something is."""
    return column.kind is Kind.NUMBER and bool({*_AGE} & {*_words(column)})


def _dated(binding: Binding) -> int | None:
    """The column of dates, else of times, that is named or the only one."""
    years = [at for at, one in enumerate(binding.table.columns) if is_year(one)]
    for kind in (Kind.DATE, Kind.TIME):
        named = {*binding.columns_named([kind], free=False)}
        every = [at for at, one in enumerate(binding.table.columns) if one.kind is kind]
        # The oldest machine is that built first, not the one serviced first.
        found = [*named] or [*every, *(years if every else [])]
        if found:
            return found[0] if len(found) == 1 else None
    return years[0] if len(years) == 1 else None


def _by_meaning(binding: Binding, word: str, embed: Embed) -> int | None:
    columns = enumerate(binding.table.columns)
    places = [at for at, one in columns if one.kind is Kind.NUMBER and not is_id(binding.table, at)]
    names = [binding.table.columns[place].readable for place in places]
    row = similarities(embed, [word], names)[0]
    near = [place for place, cosine in zip(places, row, strict=True) if cosine >= _NEAR]
    if len(near) != 1:
        return None
    binding.certainty *= _BY_DIMENSION
    return near[0]


def meant_column(binding: Binding, words: Sequence[str], embed: Embed) -> int | None:
    """The column of texts whose name is nearest to words, if it is near."""
    columns = enumerate(binding.table.columns)
    places = [at for at, one in columns if one.kind is Kind.TEXT]
    names = [binding.table.columns[place].readable for place in places]
    if not names:
        return None
    row = similarities(embed, words, names).mean(axis=0)
    best = max(range(len(places)), key=lambda at: row[at])
    return places[best] if row[best] >= _MEANT else None
