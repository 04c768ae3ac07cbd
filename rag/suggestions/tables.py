"""Questions over a table, with answers computed from its cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from index.tables.turned import turned
from index.tables.typed import Column, Kind, TypedTable, typed
from index.types import Document
from rag.suggestions.table_view import (
    DONE,
    THING,
    TableView,
    label,
    numbers_as_written,
    plural,
    variants,
    with_article,
)
from rag.suggestions.types import QuestionKind, SuggestedQuestion

_LISTED = range(2, 13)  # rows of a table whose rows are all listed or compared
_COMPARED = 60  # a table with so many rows is not compared row by row
_CATEGORIES = range(2, 13)
_PRICE = re.compile(r".*\b(?:price|cost|costs|fee|charge|tariff)\b.*", re.IGNORECASE)
_PERSON = re.compile(
    r"(?:.*\b)?(?:manager|owner|contact|customer|author|responsible|lead|leader|head|teacher|doctor|"
    r"supervisor|coach|trainer|director|chair|editor|maintainer|assignee)",
    re.IGNORECASE,
)
# Amounts of these add up; of a price, a share or a limit they do not.
_ADDS_UP = re.compile(
    r"(?:.*\b)?(?:total|amount|quantity|revenue|sales|profit|turnover|hours|visitors|members|"
    r"employees|students|desks|seats|units|pieces|stock|spend|spending|expenses)",
    re.IGNORECASE,
)
_STOCK = re.compile(r"(?:in )?stock(?: level)?|inventory|available|on hand", re.IGNORECASE)
_CLIENT = re.compile(r"customer|client|buyer|member|supplier|author|teacher|doctor")
_FOR = re.compile(
    r"(?:.*\b)?(?:limit|minimum|maximum|minimum order|rate|deadline|price|fee|rule|requirement|"
    r"allowance)"
)
_VALUE_CHARACTERS = 60
_VAGUE_NOUNS = frozenset("item entry key field option value parameter type row column".split())


def questions_over(document: Document) -> Iterator[SuggestedQuestion]:
    """Questions over the tables of a document, of all kinds in turn."""
    for table in map(_of_records, typed(document)):
        if table.document and len(table.rows) >= _LISTED.start:
            view = TableView(document, table)
            if view.key is not None and view.size >= _LISTED.start:
                yield from _in_turn(
                    [
                        _lookups(view),
                        _extremes(view),
                        _counts(view),
                        _sums(view),
                        _filters(view),
                        _comparisons(view),
                        _lists(view),
                    ]
                )


def _of_records(table: TypedTable) -> TypedTable:
    """The table, turned if its columns are years or its rows are measures without a common name."""
    other = turned(table)
    if other is None or (table.columns[0].name and other.columns[0].name != "Year"):
        return table
    return other


def _in_turn(kinds: Sequence[Iterator[SuggestedQuestion]]) -> Iterator[SuggestedQuestion]:
    left = list(kinds)
    while left:
        for kind in list(left):
            found = next(kind, None)
            if found is None:
                left.remove(kind)
            else:
                yield found


def _spread(rows: Sequence[int]) -> list[int]:
    """Rows from all over a table: the middle, then the quarters, and so on."""
    step = 0.6180339887  # the golden ratio's steps never fall together
    order = sorted(range(len(rows)), key=lambda n: ((n + 1) * step) % 1)
    return [rows[n] for n in order]


def _lookups(view: TableView) -> Iterator[SuggestedQuestion]:
    columns = view.values()
    for turn, row in enumerate(_spread(view.rows) if columns else ()):
        column = columns[turn % len(columns)]
        text = column.texts[row]
        is_short = 0 < len(text) <= _VALUE_CHARACTERS and "`" not in text
        if is_short and column.values[row] is not None and text != "0":
            question = _lookup(view, column, row)
            yield view.ask(question, QuestionKind.TABLE, [row], answers=variants(text))


def _lookup(view: TableView, column: Column, row: int) -> str:
    name, named = label(column), view.named(row)
    if view.by_year:
        if _counts_things(column):
            return f"How many {name} were there in {named}?"
        return f"What was the {name} in {named}?"
    if _PRICE.fullmatch(name) and not view.by_number:
        return f"How much is {named}?"
    if DONE.fullmatch(name):
        return f"When was {named} {name}?"
    if _PERSON.fullmatch(name):
        return f"Who is the {name} {'of' if view.by_number else 'for'} {named}?"
    if _STOCK.fullmatch(name) and column.kind is Kind.NUMBER:
        return f"How many of {named} are in stock?"
    if _counts_things(column):
        return f"How many {name} does {named} have?"
    return _plain_lookup(view, name, named)


def _plain_lookup(view: TableView, name: str, named: str) -> str:
    if THING.fullmatch(name) and view.by_number:
        return f"Which {name} is in {named}?"
    verb = "are" if name == plural(name) else "is"
    return f"What {verb} the {name} {'for' if _FOR.fullmatch(name) else 'of'} {named}?"


def _counts_things(column: Column) -> bool:
    """Whether a column counts what its name says: "desks", "employees"."""
    name = label(column)
    whole = column.kind is Kind.NUMBER and not column.decimals and column.unit is None
    return whole and name.endswith("s") and not name.endswith(("ss", "us", "sales"))


def _extremes(view: TableView) -> Iterator[SuggestedQuestion]:
    for column in view.numbers():
        known = [(column.values[row], row) for row in view.rows if column.values[row] is not None]
        if not known:
            continue
        for pick, degree in ((max, "highest"), (min, "lowest")):
            best = pick(value for value, _ in known)  # type: ignore[type-var]
            found = [row for value, row in known if value == best]
            if len(found) == 1 and best:
                yield _extreme(view, column, found[0], degree)


def _extreme(view: TableView, column: Column, row: int, degree: str) -> SuggestedQuestion:
    name = label(column)
    key = view.table.columns[view.key or 0].texts[row]
    if view.by_year:
        question = f"In which year was the {name} {degree}?"
        if _counts_things(column):
            question = f"In which year were there the {_most(degree)} {name}?"
    elif _PRICE.fullmatch(name):
        word = "most expensive" if degree == "highest" else "cheapest"
        question = f"Which {view.noun} is the {word}?"
    elif _counts_things(column):
        question = f"Which {view.noun} has the {_most(degree)} {name}?"
    else:
        question = f"Which {view.noun} has the {degree} {name}?"
    return view.ask(question, QuestionKind.TABLE_MATH, [row], answers=[key])


def _most(degree: str) -> str:
    return "most" if degree == "highest" else "fewest"


def _categories(view: TableView) -> list[tuple[Column, list[tuple[str, list[int]]]]]:
    """Columns whose few values come again and again, with the rows of each."""
    found = list[tuple[Column, list[tuple[str, list[int]]]]]()
    for column in view.values():
        counts = Counter(column.texts[row] for row in view.rows if column.texts[row])
        repeated = len(counts) in _CATEGORIES and max(counts.values()) > 1
        if column.kind is Kind.TEXT and repeated and sum(counts.values()) >= 2 * len(counts):
            groups = [(text, [r for r in view.rows if column.texts[r] == text]) for text in counts]
            found.append((column, sorted(groups)))
    return found


def _counts(view: TableView) -> Iterator[SuggestedQuestion]:
    if view.noun in _VAGUE_NOUNS:
        return
    if view.size > _LISTED.stop - 1 and not view.by_year:
        question = f"How many {view.nouns} are there?"
        yield view.ask(question, QuestionKind.TABLE_MATH, answers=[str(view.size)])
    groups = [(column, *group) for column, found in _categories(view) for group in found]
    for column, text, rows in _spread_pairs(groups):
        name = label(column)
        question = f"How many {view.nouns} are there for {with_article(text, name)}?"
        if _CLIENT.fullmatch(name):
            placed = view.noun in {"order", "booking", "bid"}
            question = f"How many {view.nouns} {'did' if placed else 'does'} {text} "
            question += "place?" if placed else "have?"
        yield view.ask(question, QuestionKind.TABLE_MATH, answers=[str(len(rows))])


def _spread_pairs(
    groups: Sequence[tuple[Column, str, list[int]]],
) -> list[tuple[Column, str, list[int]]]:
    return [groups[place] for place in _spread(range(len(groups)))]


def _sums(view: TableView) -> Iterator[SuggestedQuestion]:
    columns = [column for column in view.numbers() if _ADDS_UP.fullmatch(label(column))]
    for column in columns:
        if view.by_year:
            yield from _growth(view, column)
            continue
        yield _sum(view, column, view.rows, f"of all {view.nouns}")
    for column in columns:
        groups = [(by, *group) for by, found in _categories(view) for group in found]
        for by, text, rows in _spread_pairs(groups):
            whose = (
                f"by {text}"
                if _CLIENT.fullmatch(label(by))
                else f"for {with_article(text, label(by))}"
            )
            if not view.by_year:
                yield _sum(view, column, rows, f"of all {view.nouns} {whose}")


def _sum(view: TableView, column: Column, rows: Sequence[int], of: str) -> SuggestedQuestion:
    total = sum(float(value) for row in rows if (value := column.values[row]) is not None)
    name = label(column)
    name = name if name.startswith("total") else f"total {name}"
    question = f"What is the {name} {of}?"
    if _counts_things(column) and len(rows) == view.size:
        question = f"How many {label(column)} are there in total?"
    return view.ask(question, QuestionKind.TABLE_MATH, answers=numbers_as_written(total, column))


def _growth(view: TableView, column: Column) -> Iterator[SuggestedQuestion]:
    rows = sorted(view.rows, key=lambda row: view.named(row))
    for before, after in zip(rows[-2::-1], rows[:0:-1], strict=False):
        old, new = column.values[before], column.values[after]
        if old is None or new is None or old == new:
            continue
        verb = "grow" if float(new) > float(old) else "fall"
        name = label(column) if not _counts_things(column) else f"the number of {label(column)}"
        question = f"How much did {name} {verb} from {view.named(before)} to {view.named(after)}?"
        answers = numbers_as_written(abs(float(new) - float(old)), column)
        yield view.ask(question, QuestionKind.TABLE_MATH, [before, after], answers=answers)


def _filters(view: TableView) -> Iterator[SuggestedQuestion]:
    if view.size >= _COMPARED:
        return
    for column in view.numbers():
        name = label(column)
        values = {row: float(v) for row in view.rows if (v := column.values[row]) is not None}
        if _STOCK.fullmatch(name):
            found = [row for row, value in values.items() if value == 0]
            yield from _filtered(view, f"Which {view.nouns} are out of stock?", found)
            continue
        if view.by_year or len(values) < 3:
            continue
        line = _round_line(list(values.values()))
        above = [row for row, value in values.items() if value > line]
        amount = f"{line:,g}"
        unit = f" {column.unit.name}" if column.unit else ""
        if _PRICE.fullmatch(name):
            yield from _filtered(view, f"Which {view.nouns} cost more than {amount}{unit}?", above)
        elif _counts_things(column):
            yield from _filtered(view, f"Which {view.nouns} have more than {amount} {name}?", above)
        elif column is view.numbers()[0]:
            question = f"Which {view.nouns} have a {name} above {amount}{unit}?"
            yield from _filtered(view, question, above)


def _filtered(view: TableView, question: str, rows: Sequence[int]) -> Iterator[SuggestedQuestion]:
    if 0 < len(rows) < min(view.size, 9):
        texts = view.table.columns[view.key or 0].texts
        chosen = [texts[row] for row in rows]
        others = [texts[row] for row in view.rows if row not in rows]
        apart = [one for one in others if not any(one in each or each in one for each in chosen)]
        if len(rows) == 1:
            question = question.replace(f"Which {view.nouns} are", f"Which {view.noun} is", 1)
            question = question.replace(f"Which {view.nouns} have", f"Which {view.noun} has", 1)
            question = question.replace(f"Which {view.nouns} cost", f"Which {view.noun} costs", 1)
        yield view.ask(
            question, QuestionKind.TABLE_FILTER, rows, must=chosen, must_not=tuple(apart)
        )


def _round_line(values: Sequence[float]) -> float:
    """A round number that about two thirds of the values do not exceed."""
    ordered = sorted(values)
    value = ordered[(2 * len(ordered)) // 3 - 1]
    size = 10 ** max(len(str(int(abs(value)))) - 1, 0)
    return float(int(value / size) * size) if value >= 1 else value


def _comparisons(view: TableView) -> Iterator[SuggestedQuestion]:
    if view.by_year or view.by_number or view.size >= _COMPARED:
        return
    texts = view.table.columns[view.key or 0].texts
    pairs = sorted(pairwise(view.rows), key=lambda two: -_likeness(texts[two[0]], texts[two[1]]))
    for place, column in enumerate(view.numbers()):
        question = _comparison(column, place == 0)
        differing = [two for two in pairs if _differ(column, *two)]
        if question and differing:
            one, other = differing[0]
            first = (_number(column, one) > _number(column, other)) is not ("cheaper" in question)
            yield view.ask(
                question.format(view.named(one), view.named(other)),
                QuestionKind.COMPARE,
                [one, other],
                answers=[texts[one if first else other]],
            )
    if len(view.values()) > 1 and view.size < _LISTED.stop:
        one, other = pairs[0]
        yield view.ask(
            f"Compare {view.named(one)} and {view.named(other)}",
            QuestionKind.COMPARE,
            [one, other],
            must=[texts[one], texts[other]],
        )


def _comparison(column: Column, is_first: bool) -> str:
    """The question that compares two rows in a column; "" if people would not ask."""
    if _PRICE.fullmatch(label(column)):
        return "Which is cheaper, {} or {}?"
    if _counts_things(column):
        return f"Which has more {label(column)}, {{}} or {{}}?"
    return f"Which has the higher {label(column)}, {{}} or {{}}?" if is_first else ""


def _differ(column: Column, one: int, other: int) -> bool:
    first, second = column.values[one], column.values[other]
    return first is not None and second is not None and first != second


def _number(column: Column, row: int) -> float:
    return float(column.values[row] or 0)


def _likeness(one: str, other: str) -> int:
    return len({*one.split()} & {*other.split()})


def _lists(view: TableView) -> Iterator[SuggestedQuestion]:
    if view.size not in _LISTED or view.by_year or view.by_number:
        return
    texts = [view.table.columns[view.key or 0].texts[row] for row in view.rows]
    title = view.table.title or view.document.title
    if view.noun in _VAGUE_NOUNS:
        return
    is_plural = re.fullmatch(r"[A-Z][a-z]+s", title)
    question = f"List all {title.lower()}" if is_plural else f"Which {view.nouns} are there?"
    yield view.ask(question, QuestionKind.LIST, view.rows, must=texts)
