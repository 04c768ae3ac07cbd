"""Conditions without a value: what is missing, yes and no, in stock, free of charge."""

from __future__ import annotations

import re
from dataclasses import replace

from index.tables.turned import turned
from index.tables.typed import Column, Kind, Value, is_none
from rag.tables.binding import Binding, Filter, Mention, Role
from rag.tables.reading.question import stem_of

NEGATIONS = frozenset(
    "not no neither nor without never missing lack lacks lacking nobody none except".split()
)
# Prefixes of words that say the opposite, and what a word that may be one leaves of the certainty.
_UNDOING = ("un", "in", "non", "dis")
_OPPOSITE = 0.4
_GONE = re.compile(r"\b(?:sold out|unavailable|(?:not|no longer) available|run out|none left)\b")
_FREE = re.compile(r"\bfree(?: of charge)?\b|\bno (?:cost|charge)\b")
_THERE = re.compile(r"\b(?:available|on hand|(?:is|are) left|left over)\b")
# A table that counts no stock can't tell what is left.
_NO_STOCK = 0.4
_STOCK = frozenset(map(stem_of, "stock inventory availability left remaining".split()))


def bind_states(binding: Binding) -> bool:
    """Conditions without a value: "out of stock", "no phone", "not delivered", "fee paid".

    False if the question denies something that no column can be without.
    """
    own = [_bind_state(binding, one) for one in binding.mentions if not one.qualifies]
    _bind_stock(binding)
    return any(own) or _deny_value(binding)


def bind_out(binding: Binding) -> None:
    """Bind "out of service" to no, where a column of yes and no is called "In service"."""
    stems = [token.stem for token in binding.question.tokens]
    for column, name in enumerate(binding.lexicon.names):
        is_in = binding.table.columns[column].kind is Kind.BOOLEAN and name[0] == "in"
        phrase = ["out", "of", *name[1:]]
        starts = [at for at in range(len(stems)) if stems[at : at + len(phrase)] == phrase]
        if is_in and len(name) > 1 and starts:
            places = range(starts[0], starts[0] + len(phrase))
            binding.mentions = [one for one in binding.mentions if not {*one.places} & {*places}]
            binding.ambiguous = [one for one in binding.ambiguous if not {*one[0]} & {*places}]
            binding.roles |= dict.fromkeys(places, Role.VALUE)
            label = binding.table.columns[column].label
            said = f"{label} is {_texts(binding.table.columns[column], 0.0)}"
            binding.filters.append((places, Filter(column, "in", (0.0,), said)))


def _bind_state(binding: Binding, mention: Mention) -> bool:
    """Bind what is said of one column; whether that denies something."""
    column, before = binding.table.columns[mention.column], _words_before(binding, mention, 3)
    denied, zero = bool(NEGATIONS & {*before}), f"{column.label} is 0"
    if denied:
        _take_negations(binding, mention)
    if column.kind is Kind.BOOLEAN:
        return _bind_yes_no(binding, mention, denied)
    if column.kind is not Kind.NUMBER:
        if denied:
            _bind_lack(binding, mention, column)
        return denied
    if before[-2:] == ["out", "of"]:
        _state(binding, mention, "in", (0.0,), zero)
    elif before[-1:] == ["in"] and _may_be_stock(binding, mention):
        bind_some(binding, mention)
    elif NEGATIONS & {*before[-1:]} and 0.0 in column.values:
        _state(binding, mention, "in", (0.0,), zero)
        return True
    return False


def _take_negations(binding: Binding, mention: Mention) -> None:
    for place in range(max(0, mention.places.start - 3), mention.places.start):
        if binding.question.tokens[place].text.lower() in NEGATIONS:
            binding.take(range(place, place + 1), Role.OPERATION)


def _may_be_stock(binding: Binding, mention: Mention) -> bool:
    """Whether "in" before a column may mean that there is some: not in "in 2025", a time, nor in
    "in total".
    """
    spans = [binding.question.within(*one[1:]) for one in binding.question.aggregates]
    if any({*mention.places} <= {*span} for span in spans):
        return False
    is_year = binding.question.tokens[mention.places.start].text.isdigit()
    unit = binding.table.columns[mention.column].unit
    return not (is_year or unit or binding.table.source or turned(binding.table))


def _bind_yes_no(binding: Binding, mention: Mention, denied: bool) -> bool:
    """Bind a column of yes and no to one of them; whether that is no."""
    column, undone = binding.table.columns[mention.column], _is_undone(binding, mention)
    if mention.meant and not undone:
        # What a word is near to may be its opposite: "open" and "closed", "due" and "paid".
        binding.certainty *= _OPPOSITE
    value = 0.0 if denied or undone else 1.0
    said = f"{column.label} is {_texts(column, value)}"
    _state(binding, mention, "in", (value,), said)
    return not value


def _is_undone(binding: Binding, mention: Mention) -> bool:
    """Whether a word is a column's name with a prefix that denies it: "unpaid" of "Paid"."""
    word = binding.question.tokens[mention.places.start].text.lower()
    names = binding.lexicon.names[mention.column]
    return mention.meant and any(
        stem_of(word.removeprefix(prefix)) in names
        for prefix in _UNDOING
        if word.startswith(prefix)
    )


def bind_some(binding: Binding, mention: Mention) -> None:
    """Bind a column of numbers to those over 0: "in stock"."""
    label = binding.table.columns[mention.column].label
    _state(binding, mention, ">", (0.0,), f"{label} is over 0")


def _bind_lack(binding: Binding, mention: Mention, column: Column) -> None:
    """Bind "no parking" to cells that are empty, or that say that there is none."""
    none = tuple(dict.fromkeys(text for text in column.texts if is_none(text)))
    if column.kind is Kind.TEXT and none:
        said = " or ".join(f"“{text}”" for text in none)
        _state(binding, mention, "in", none, f"{column.label} is {said}")
    else:
        _state(binding, mention, "empty", (), f"{column.label} is empty")


def _bind_stock(binding: Binding) -> None:
    """Bind "sold out" and "left" to the one column that counts what is in stock."""
    text, columns = binding.question.text.lower(), stock_columns(binding)
    gone, there = _GONE.search(text), _THERE.search(text)
    match = gone or there
    if text.startswith("when"):
        # When a licence runs out is told by its date.
        return
    if match and not columns and match[0] != "available":
        binding.certainty *= _NO_STOCK
    if match is None or len(columns) != 1 or columns[0] in binding.columns_named():
        return
    column = binding.table.columns[columns[0]]
    places = binding.question.within(*match.span())
    binding.take(places, Role.VALUE)
    own = ("in", (0.0,), "is 0") if gone else (">", (0.0,), "is over 0")
    binding.filters.append((places, Filter(columns[0], *own[:2], f"{column.label} {own[2]}")))


def bind_free(binding: Binding) -> None:
    """Bind "free" to the one column of money that has a 0."""
    match, columns = _FREE.search(binding.question.text.lower()), binding.table.columns
    free = [at for at, one in enumerate(columns) if one.is_money and 0.0 in one.values]
    places = binding.question.within(*match.span()) if match else range(0)
    if places and len(free) == 1 and not {*places} & {*binding.roles}:
        binding.take(places, Role.VALUE)
        said = f"{columns[free[0]].label} is 0"
        binding.filters.append((places, Filter(free[0], "in", (0.0,), said)))


def _deny_value(binding: Binding) -> bool:
    """Turn "not in tennis" into its opposite; False if what is denied is not one value."""
    tokens = binding.question.tokens
    denials = [
        place
        for place, token in enumerate(tokens)
        if token.text.lower() in NEGATIONS and binding.roles.get(place) is not Role.QUANTITY
    ]
    if not denials:
        return True
    behind = [at for at, (places, _) in enumerate(binding.filters) if places.start > denials[0]]
    if len(behind) != 1 or binding.filters[behind[0]][1].operator != "in":
        return False
    places, own = binding.filters[behind[0]]
    said = own.text.replace(" is ", " is not ", 1).replace(" has ", " has not ", 1)
    binding.filters[behind[0]] = (places, replace(own, operator="not in", text=said))
    return True


def stock_columns(binding: Binding) -> list[int]:
    """Columns that count what is in stock."""
    return [
        place
        for place, column in enumerate(binding.table.columns)
        if column.kind is Kind.NUMBER and _STOCK & {*binding.lexicon.names[place]}
    ]


def _texts(column: Column, value: float) -> str:
    pairs = zip(column.values, column.texts, strict=True)
    found = next((text for own, text in pairs if own == value), "yes" if value else "no")
    return found or "empty"


def _words_before(binding: Binding, mention: Mention, count: int) -> list[str]:
    start = mention.places.start
    return [token.text.lower() for token in binding.question.tokens[max(0, start - count) : start]]


def _state(
    binding: Binding, mention: Mention, operator: str, values: tuple[Value, ...], said: str
) -> None:
    mention.qualifies = True
    binding.filters.append((mention.places, Filter(mention.column, operator, values, said)))
