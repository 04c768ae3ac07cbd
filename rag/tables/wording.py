"""Results in a sentence of English, and their rows as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from index.tables.typed import Column, Kind, TypedTable
from rag.tables.columns import label_column, sums_up
from rag.tables.execute import figure_of, with_unit
from rag.tables.reading.operators import Aggregate
from rag.tables.reading.question import ORDINALS
from rag.tables.types import Plan, TableResult

MOST_ROWS = 10
_MOST_VALUES = 20


@dataclass(frozen=True, slots=True)
class Wording:
    """A result in words: a sentence, the rows to show and cite, and how many these are of all.

    `header` names the columns shown; `rows` holds for each row its place in the table and its
    cells. `note` is "10 of 83 rows shown", or "" where all are; `hint` tells how a question was
    read that the table does not answer with certainty, or is "".
    """

    sentence: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    note: str
    hint: str = ""

    @property
    def markdown(self) -> str:
        """The rows as a table in Markdown, without the note."""
        lines = [self.header, tuple("---" for _ in self.header), *(cells for _, cells in self.rows)]
        return "\n".join(f"| {' | '.join(_piped(cell) for cell in line)} |" for line in lines)


def _piped(cell: str) -> str:
    return cell.replace("|", "\\|")


def word(result: TableResult) -> Wording:
    """A result as a sentence with the figure and what it rests on, and its first rows."""
    table, shown = result.plan.table, result.plan.shown
    rows = tuple(
        (row, tuple(table.columns[place].texts[row] for place in shown))
        for row in result.rows[:MOST_ROWS]
    )
    note = f"{len(rows)} of {len(result.rows)} rows shown" if len(rows) < len(result.rows) else ""
    header = tuple(table.columns[place].name for place in shown)
    return Wording(_sentence(result), header, rows, note, _hint(result.plan))


def _hint(plan: Plan) -> str:
    """What of a question was read by a guess or left out, and the columns that there are."""
    parts = list(plan.guesses)
    words = ", ".join(f"“{word}”" for word in plan.unread)
    parts += [f"{words} stands for nothing in this table"] if words else []
    columns = ", ".join(filter(None, (column.name for column in plan.table.columns)))
    return f"Not certain: {'; '.join(parts)}. Its columns are {columns}." if parts else ""


def _sentence(result: TableResult) -> str:
    makers = {
        Aggregate.COUNT: _count,
        Aggregate.SUM: _aggregate,
        Aggregate.MEAN: _aggregate,
        Aggregate.MIN: _extreme,
        Aggregate.MAX: _extreme,
        Aggregate.COMPARE: _pair,
        Aggregate.DIFFERENCE: _pair,
        Aggregate.GROWTH: _pair,
        Aggregate.SHARE: _share,
    }
    if result.plan.group and result.rows:
        return _grouped(result)
    if not result.rows and result.plan.aggregate is not Aggregate.COUNT:
        return f"No row of {_source(result.plan.table)} has {_where(result.plan)}."
    return makers.get(result.plan.aggregate, _cells)(result)


def _source(table: TypedTable) -> str:
    return f"“{table.title or table.document_title or table.document}”"


def _where(plan: Plan) -> str:
    return " and ".join(one.text for one in plan.filters) or "a value"


def _name(column: Column) -> str:
    """A column's name inside a sentence, as the table writes it."""
    return column.readable.strip()


def _label_columns(table: TypedTable) -> list[int]:
    """The column that names rows and, where that holds dates or numbers, the one whose words tell
    most rows apart.
    """
    first = label_column(table)
    if table.columns[first].kind is Kind.TEXT:
        return [first]
    texts = [at for at, column in enumerate(table.columns) if column.kind is Kind.TEXT]
    return [first, *sorted(texts, key=lambda at: -len({*table.columns[at].texts}))[:1]]


def _label(table: TypedTable, row: int) -> str:
    """What a row is called: the cell that names it; a number with its column's name."""
    first, *words = _label_columns(table)
    column = table.columns[first]
    text = column.texts[row]
    label = text if isinstance(column.values[row], str) else f"{_name(column)} {text}"
    return ", ".join(filter(None, (label, *(table.columns[at].texts[row] for at in words))))


def _basis(result: TableResult) -> str:
    """On how many rows a figure rests, and how many have none."""
    kept = len(result.plan.table.rows) - len(result.plan.table.totals)
    count = len(result.rows)
    where = f" where {_where(result.plan)}" if result.plan.filters else ""
    rows = "columns" if result.plan.table.source else "rows"
    every = f"all {count} {rows}" if count == kept else f"{count} of {kept} {rows}"
    skipped = f"; {result.skipped} more {'has' if result.skipped == 1 else 'have'} no figure"
    return f"{every} of {_source(result.plan.table)}{where}{skipped if result.skipped else ''}"


def _count(result: TableResult) -> str:
    table, kept = result.plan.table, len(result.plan.table.rows) - len(result.plan.table.totals)
    where = f" where {_where(result.plan)}" if result.plan.filters else ""
    if result.plan.targets:
        name = _name(table.columns[result.plan.targets[0]])
        values = ", ".join(result.values[:_MOST_VALUES])
        rest = ", …" if len(result.values) > _MOST_VALUES else ""
        listed = f"{result.figure} different values of {name}: {values}{rest}"
        return f"There are {listed} ({_basis(result)})."
    total = f" of {kept}" if result.plan.filters else ""
    rows = "row" if kept == 1 and result.figure == "1" else "rows"
    return f"{result.figure}{total} {rows} of {_source(table)}{where}{_held(result)}."


def _held(result: TableResult) -> str:
    """How many things the counted rows stand for, where a column tells it."""
    if result.plan.held is None:
        return ""
    column = result.plan.table.columns[result.plan.held]
    amounts = [value for row in result.rows if isinstance(value := column.values[row], float)]
    return f"; the sum of {_name(column)} is {figure_of(column, sum(amounts))}"


def _grouped(result: TableResult) -> str:
    """The figures of all groups, or of that which has most or least."""
    plan, table = result.plan, result.plan.table
    assert plan.group is not None
    by = plan.group.period or _name(table.columns[plan.group.column])
    what = f"{_name(table.columns[plan.targets[0]])}" if plan.targets else "rows"
    word = {Aggregate.MEAN: "average", Aggregate.SUM: "sum of"}.get(plan.aggregate, "number of")
    figures = ", ".join(result.values[:_MOST_VALUES])
    left = len(result.values) - _MOST_VALUES
    figures += f" and {left} more" if left > 0 else ""
    if plan.greater is None:
        return f"The {word} {what} by {by}: {figures} ({_basis(result)})."
    degree = "most" if plan.greater else "least"
    where = f" where {_where(plan)}" if plan.filters else ""
    return f"The {by} with the {degree} {what}{where} is {figures}, from {_source(table)}."


def _share(result: TableResult) -> str:
    plan, table = result.plan, result.plan.table
    what = f"the sum of {_name(table.columns[plan.targets[0]])}" if plan.targets else "the rows"
    return f"{result.figure} of {what}: {_basis(result)}."


def _aggregate(result: TableResult) -> str:
    name = _name(result.plan.table.columns[result.plan.targets[0]])
    word = "average" if result.plan.aggregate is Aggregate.MEAN else "sum"
    return f"The {word} of {name} is {result.figure}, over {_basis(result)}."


def _extreme(result: TableResult) -> str:
    plan, table = result.plan, result.plan.table
    assert plan.order is not None
    name = _name(table.columns[plan.order])
    word = "highest" if plan.descending else "lowest"
    if isinstance(table.columns[plan.order].values[result.rows[0]], str):
        word = "latest" if plan.descending else "earliest"
    word = f"{ORDINALS[plan.rank - 1]} {word}" if plan.rank > 1 else word
    where = f" where {_where(plan)}" if plan.filters else ""
    named = [_row_values(result, row) for row in result.rows[:MOST_ROWS]]
    if plan.limit:
        pairs = zip(named, result.values, strict=False)
        listed = ", ".join(f"{label} ({value})" for label, value in pairs)
        return f"The {len(result.rows)} {word} by {name}{where}: {listed}."
    more = len(result.rows) - len(named)
    also = f" and {more} more" if more else ""
    return f"The {word} {name}{where} is {result.figure}: {', '.join(named)}{also}."


def _row_values(result: TableResult, row: int) -> str:
    table = result.plan.table
    targets = [one for one in result.plan.targets if one not in _label_columns(table)]
    named = ", ".join(table.columns[one].texts[row] for one in targets)
    return f"{_label(table, row)} ({named})" if named else _label(table, row)


def _pair(result: TableResult) -> str:
    plan, table = result.plan, result.plan.table
    if not plan.targets:
        return _side_by_side(result)
    if not plan.pair:
        return _change(result)
    if len(plan.targets) > 1:
        return " ".join(_pair(one) for one in _by_target(result))
    column = table.columns[plan.targets[0]]
    name, unit = (
        _name(column),
        f" {column.measure.text}" if column.measure and column.measure.text else "",
    )
    sides = [f"{_side(result, at)}: {result.values[at]}{unit}" for at in range(len(result.values))]
    if len(sides) != 2 or result.figure is None:
        return f"{len(result.rows)} rows of {_source(table)} have no single {name} to compare."
    first, second = (column.values[row] for row in result.rows)
    assert isinstance(first, float)
    assert isinstance(second, float)
    both = f"{sides[0]}; {sides[1]}"
    if plan.aggregate is Aggregate.GROWTH:
        percent = f" ({(second - first) / abs(first) * 100:+.1f} %)" if first else ""
        return f"The {name} changed by {result.figure}{percent}: {both}."
    greater = True if plan.greater is None else plan.greater
    if first == second:
        return f"The {name} is the same: {both}."
    wins = _side(result, int((second > first) == greater))
    word = "higher" if greater else "lower"
    return f"{wins} has the {word} {name}, by {result.figure}: {both}."


def _by_target(result: TableResult) -> Iterator[TableResult]:
    """A comparison by several columns as one by each."""
    plan, figures = result.plan, (result.figure or "").split("; ")
    for place, target in enumerate(plan.targets):
        column = plan.table.columns[target]
        values = result.values[2 * place : 2 * place + 2]
        figure = figures[place].removeprefix(f"{column.label} ") if result.figure else None
        yield replace(result, plan=replace(plan, targets=(target,)), figure=figure, values=values)


def _change(result: TableResult) -> str:
    before, after = (_name(result.plan.table.columns[one]) for one in result.plan.targets)
    first, second, percent = result.values
    sides = f"{before}: {first}; {after}: {second}"
    word = "difference" if result.plan.aggregate is Aggregate.DIFFERENCE else "change"
    return f"The {word} is {result.figure}{percent}, over {_basis(result)}: {sides}."


def _side_by_side(result: TableResult) -> str:
    assert result.plan.pair is not None
    first, second = result.rows
    parts = [
        f"{_name(one)} ({one.texts[first] or 'empty'}; {one.texts[second] or 'empty'})"
        for place, one in enumerate(result.plan.table.columns)
        if one.texts[first] != one.texts[second] and place != result.plan.pair[0].column
    ]
    sides = f"{_side(result, 0)} and {_side(result, 1)}"
    return f"{sides} differ in {', '.join(parts)}." if parts else f"{sides} are alike."


def _side(result: TableResult, at: int) -> str:
    assert result.plan.pair is not None
    own = result.plan.pair[at]
    return result.plan.table.columns[own.column].texts[result.rows[at]]


def _cells(result: TableResult) -> str:
    plan, table = result.plan, result.plan.table
    names = " and ".join(_name(table.columns[one]) for one in plan.targets)
    if len(result.rows) == 1 or (result.figure and len(plan.targets) == 1):
        row = result.rows[0]
        columns = [(one, table.columns[one].texts[row]) for one in plan.targets]
        values = [
            with_unit(table, one, text) or _blank(table.columns[one]) for one, text in columns
        ]
        pairs = zip(plan.targets, values, strict=True)
        said = " and ".join(f"{_name(table.columns[one])} is {value}" for one, value in pairs)
        together = _together(result)
        each = f" in each of {len(result.rows)} rows" if together else ""
        return _capital(f"{said}{each} where {_where(plan)}{together}.")
    listed = list(dict.fromkeys(value for value in result.values if value))
    shown = ", ".join(listed[:_MOST_VALUES]) + (", …" if len(listed) > _MOST_VALUES else "")
    label = "" if plan.targets == (label_column(table),) else f"{names} in "
    return _capital(f"{label}{_basis(result)}: {shown}{_together(result)}.")


def _blank(column: Column) -> str:
    """What an empty cell says; where others have a mark, no."""
    return "no" if column.kind is Kind.BOOLEAN and None not in column.values else "empty"


def _together(result: TableResult) -> str:
    """The sum of amounts that several rows have; "" of what makes no sum."""
    table = result.plan.table
    # What is the same in all rows may be of something that they share: money alone is added up.
    places = [
        one
        for one in result.plan.targets
        if sums_up(table, one) and (result.figure is None or table.columns[one].is_money)
    ]
    if len(places) != 1 or not result.plan.filters:
        return ""
    column = table.columns[places[0]]
    amounts = [value for row in result.rows if isinstance(value := column.values[row], float)]
    if len(amounts) < 2:
        return ""
    return f"; together {figure_of(column, sum(amounts))}"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
