"""Plans executed by SQLite, over the columns that they need."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from babel.numbers import format_decimal

from index.tables.typed import Column, Kind, TypedTable, Value
from rag.tables.binding import Filter
from rag.tables.groups import PERIODS
from rag.tables.reading.operators import Aggregate
from rag.tables.types import Group, Plan, TableResult

_PAIRED = (Aggregate.COMPARE, Aggregate.DIFFERENCE, Aggregate.GROWTH)
_FUNCTIONS = {Aggregate.SUM: "sum", Aggregate.MEAN: "avg"}
_FIGURE_NAMES = {Aggregate.SUM: "sum", Aggregate.MEAN: "average", Aggregate.COUNT: "count"}

# Locales whose notation has this decimal mark, and thousands parted by the other.
_LOCALES = {".": "en", ",": "de"}
_GROUPED_FROM = 10_000
_MEAN_DECIMALS = 1


def execute(plan: Plan) -> TableResult:
    """The figure of a plan and all rows that it rests on."""
    with closing(_database(plan)) as database:
        if plan.aggregate in _PAIRED:
            return _pair(database, plan) if plan.pair else _change(database, plan)
        if plan.aggregate in {Aggregate.MIN, Aggregate.MAX}:
            return _extreme(database, plan)
        if plan.group:
            return _grouped(database, plan, plan.group)
        rows = _rows(database, plan.filters)
        if plan.aggregate is Aggregate.SHARE:
            return _share(database, plan, rows)
        if plan.aggregate in _FUNCTIONS:
            return _aggregate(database, plan, rows)
        if plan.aggregate is Aggregate.COUNT:
            return _count(database, plan, rows)
        return _cells(plan, rows)


def _database(plan: Plan) -> sqlite3.Connection:
    """The columns that a plan needs as a table `t`, without rows that sum up others."""
    filters = [*plan.filters, *(plan.pair or ())]
    needed = _known(plan.order) | _known(plan.group.column if plan.group else None)
    places = sorted({*plan.targets, *(one.column for one in filters)} | needed)
    database = sqlite3.connect(":memory:")
    names = "".join(f", c{place}" for place in places)
    database.execute(f"CREATE TABLE t (row INTEGER PRIMARY KEY{names})")
    values = zip(*(plan.table.columns[place].values for place in places), strict=True)
    kept = range(len(plan.table.rows))
    lines = zip(kept, values, strict=True) if places else ((row, ()) for row in kept)
    marks = ", ?" * len(places)
    database.executemany(
        f"INSERT INTO t VALUES (?{marks})",
        ((row, *line) for row, line in lines if row not in plan.table.totals),
    )
    return database


def _known(place: int | None) -> set[int]:
    return set() if place is None else {place}


def _where(filters: Sequence[Filter]) -> tuple[str, list[Value]]:
    """A condition of SQL and its parameters."""
    parts, values = ["1"], list[Value]()
    for one in filters:
        name, marks = f"c{one.column}", ", ".join("?" * len(one.values))
        condition = {
            "in": f"{name} IN ({marks})",
            "not in": f"{name} NOT IN ({marks})",
            "like": f"({' OR '.join([f'{name} LIKE ?'] * len(one.values))})",
            "between": f"{name} BETWEEN ? AND ?",
            "empty": f"{name} IS NULL",
            "filled": f"{name} IS NOT NULL",
        }
        parts.append(condition.get(one.operator, f"{name} {one.operator} ?"))
        values += one.values
    return " AND ".join(parts), values


def _rows(
    database: sqlite3.Connection, filters: Sequence[Filter], extra: str = ""
) -> tuple[int, ...]:
    where, values = _where(filters)
    found = database.execute(f"SELECT row FROM t WHERE {where} {extra}", values)
    return tuple(row for (row,) in found)


def _aggregate(database: sqlite3.Connection, plan: Plan, rows: tuple[int, ...]) -> TableResult:
    target, name = plan.targets[0], f"c{plan.targets[0]}"
    where, values = _where(plan.filters)
    function = _FUNCTIONS[plan.aggregate]
    (figure,) = database.execute(
        f"SELECT {function}({name}) FROM t WHERE {where}", values
    ).fetchone()
    filled = _rows(database, plan.filters, f"AND {name} IS NOT NULL")
    column = plan.table.columns[target]
    said = None if figure is None else figure_of(column, figure, plan.aggregate is Aggregate.MEAN)
    label = "average" if plan.aggregate is Aggregate.MEAN else "sum"
    expression = f"{label} of {column.label}{_condition(plan.filters)}"
    return TableResult(plan, said, filled, expression, skipped=len(rows) - len(filled))


def _grouped(database: sqlite3.Connection, plan: Plan, group: Group) -> TableResult:
    """A figure for each group, in the order of the table, or for that which has most or least."""
    name, column = f"c{group.column}", plan.table.columns[group.column]
    key = f"substr({name}, 1, {PERIODS[group.period]})" if group.period else name
    figure = "count(*)"
    if plan.targets:
        figure = f"{_FUNCTIONS[plan.aggregate]}(c{plan.targets[0]})"
    where, values = _where(plan.filters)
    where += "".join(f" AND c{one} IS NOT NULL" for one in (group.column, *plan.targets))
    found = database.execute(
        f"SELECT {key}, {figure}, group_concat(row), min(row) FROM t WHERE {where} "
        f"GROUP BY 1 ORDER BY 4",
        values,
    ).fetchall()
    if plan.greater is not None and found:
        best = (max if plan.greater else min)(row[1] for row in found)
        found = [row for row in found if row[1] == best]
    said = tuple(f"{_group_name(column, row[0])}: {_group_figure(plan, row[1])}" for row in found)
    rows = tuple(sorted(int(row) for line in found for row in str(line[2]).split(",")))
    total = _FIGURE_NAMES[plan.aggregate]
    what = f" of {plan.table.columns[plan.targets[0]].label}" if plan.targets else " of rows"
    by = group.period or column.label
    expression = f"{total}{what} by {by}{_condition(plan.filters)}"
    return TableResult(plan, said[0] if len(said) == 1 else None, rows, expression, said)


def _group_name(column: Column, value: Value) -> str:
    return str(value) if isinstance(value, str) else number_of(column, value)


def _group_figure(plan: Plan, value: float) -> str:
    if not plan.targets:
        return str(int(value))
    return figure_of(plan.table.columns[plan.targets[0]], value, plan.aggregate is Aggregate.MEAN)


def _share(database: sqlite3.Connection, plan: Plan, rows: tuple[int, ...]) -> TableResult:
    """The rows that pass the filters, or their sum, in percent of all."""
    figure = f"sum(c{plan.targets[0]})" if plan.targets else "count(*)"
    where, values = _where(plan.filters)
    (part,) = database.execute(f"SELECT {figure} FROM t WHERE {where}", values).fetchone()
    (whole,) = database.execute(f"SELECT {figure} FROM t").fetchone()
    of = plan.table.columns[plan.targets[0]].label if plan.targets else "rows"
    said = f"{100 * (part or 0) / whole:.1f} %" if whole else None
    return TableResult(plan, said, rows, f"share of {of}{_condition(plan.filters)}")


def _count(database: sqlite3.Connection, plan: Plan, rows: tuple[int, ...]) -> TableResult:
    """The number of rows, or of a column's different values."""
    if not plan.targets:
        return TableResult(plan, str(len(rows)), rows, f"count of rows{_condition(plan.filters)}")
    where, values = _where(plan.filters)
    name, column = f"c{plan.targets[0]}", plan.table.columns[plan.targets[0]]
    where += f" AND {name} IS NOT NULL GROUP BY {name} ORDER BY min(row)"
    found = database.execute(f"SELECT {name} FROM t WHERE {where}", values)
    different = tuple(str(value) for (value,) in found)
    expression = f"count of different values of {column.label}{_condition(plan.filters)}"
    return TableResult(plan, str(len(different)), rows, expression, different)


def _extreme(database: sqlite3.Connection, plan: Plan) -> TableResult:
    """The rows of the smallest or largest value, or as many as are wanted."""
    assert plan.order is not None
    column, name = plan.table.columns[plan.order], f"c{plan.order}"
    filled = "".join(f" AND c{one} IS NOT NULL" for one in {plan.order, *plan.targets})
    direction = "DESC" if plan.descending else "ASC"
    rows = _rows(database, plan.filters, f"{filled} ORDER BY {name} {direction}, row")
    if plan.limit:
        kept = rows[: plan.limit]
    else:
        different = list(dict.fromkeys(column.values[row] for row in rows))[plan.rank - 1 :]
        kept = tuple(row for row in rows if column.values[row] in different[:1])
    figure = column.texts[kept[0]] if kept else None
    word = "largest" if plan.descending else "smallest"
    count = f"{plan.limit} rows of {word}" if plan.limit else word
    count = f"number {plan.rank} of {word}" if plan.rank > 1 else count
    expression = f"{count} {column.label}{_condition(plan.filters)}"
    texts = tuple(column.texts[row] for row in kept)
    said = with_unit(plan.table, plan.order, figure)
    return TableResult(plan, said, kept, expression, texts)


def _pair(database: sqlite3.Connection, plan: Plan) -> TableResult:
    """The two sides of a comparison; no figure unless each is one row with a number."""
    assert plan.pair is not None
    sides = [_rows(database, (*plan.filters, side)) for side in plan.pair]
    if not plan.targets:
        return _side_by_side(plan, sides)
    if len(plan.targets) > 1:
        return _pairs(database, plan)
    column = plan.table.columns[plan.targets[0]]
    expression = (
        f"{plan.aggregate.value} of {column.label}: {plan.pair[0].text}, {plan.pair[1].text}"
    )
    rows = tuple(row for side in sides for row in side)
    values = [column.values[side[0]] for side in sides if len(side) == 1]
    numbers = [value for value in values if isinstance(value, float)]
    if len(numbers) != 2:
        return TableResult(plan, None, rows, expression)
    (change,) = database.execute("SELECT ? - ?", (numbers[1], numbers[0])).fetchone()
    value = change if plan.aggregate is Aggregate.GROWTH else abs(change)
    texts = tuple(column.texts[row] for row in rows)
    return TableResult(plan, figure_of(column, value), rows, expression, texts)


def _pairs(database: sqlite3.Connection, plan: Plan) -> TableResult:
    """A comparison by each of several columns; no figure unless all have one."""
    own = [_pair(database, replace(plan, targets=(target,))) for target in plan.targets]
    columns = [plan.table.columns[target] for target in plan.targets]
    pairs = zip(columns, own, strict=True)
    figures = [f"{column.label} {one.figure}" for column, one in pairs if one.figure]
    figure = "; ".join(figures) if len(figures) == len(own) else None
    values = tuple(value for one in own for value in one.values)
    return TableResult(plan, figure, own[0].rows, "; ".join(one.expression for one in own), values)


def _change(database: sqlite3.Connection, plan: Plan) -> TableResult:
    """The change from one column to another, over all rows that pass the filters."""
    first, second = plan.targets
    where, values = _where(plan.filters)
    where += f" AND c{first} IS NOT NULL AND c{second} IS NOT NULL"
    sums = database.execute(f"SELECT sum(c{first}), sum(c{second}) FROM t WHERE {where}", values)
    before, after = sums.fetchone()
    rows = _rows(database, plan.filters, f"AND c{first} IS NOT NULL AND c{second} IS NOT NULL")
    columns = [plan.table.columns[one] for one in plan.targets]
    expression = f"change from {columns[0].label} to {columns[1].label}{_condition(plan.filters)}"
    if before is None:
        return TableResult(plan, None, rows, expression)
    percent = f" ({(after - before) / abs(before) * 100:+.1f} %)" if before else ""
    change = after - before
    if plan.aggregate is Aggregate.DIFFERENCE:
        expression, percent, change = expression.replace("change", "difference", 1), "", abs(change)
    texts = (figure_of(columns[0], before), figure_of(columns[1], after), percent)
    return TableResult(plan, figure_of(columns[1], change), rows, expression, texts)


def _side_by_side(plan: Plan, sides: Sequence[tuple[int, ...]]) -> TableResult:
    """Two rows in all their columns: the figure is in how many they differ."""
    assert plan.pair is not None
    rows = tuple(row for side in sides for row in side)
    expression = f"comparison of rows: {plan.pair[0].text}, {plan.pair[1].text}"
    if [len(side) for side in sides] != [1, 1]:
        return TableResult(plan, None, rows, expression)
    differ = [one for one in plan.table.columns if one.texts[rows[0]] != one.texts[rows[1]]]
    return TableResult(plan, str(len(differ)), rows, expression)


def _cells(plan: Plan, rows: tuple[int, ...]) -> TableResult:
    """Cells of the target columns in the rows."""
    target = plan.targets[0]
    column = plan.table.columns[target]
    texts = tuple(column.texts[row] for row in rows)
    figure = None
    if len({*texts}) == 1 and texts[0]:
        figure = with_unit(plan.table, target, texts[0])
    labels = ", ".join(plan.table.columns[one].label for one in plan.targets)
    return TableResult(plan, figure, rows, f"{labels}{_condition(plan.filters)}", texts)


def with_unit(table: TypedTable, place: int, text: str | None) -> str | None:
    """A cell with the unit of its column's name."""
    column = table.columns[place]
    unit = column.measure.text if column.measure else ""
    number = column.kind is Kind.NUMBER and text
    return f"{text} {unit}".strip() if number else text


def _condition(filters: Sequence[Filter]) -> str:
    return " where " + " and ".join(one.text for one in filters) if filters else ""


def figure_of(column: Column, value: float, mean: bool = False) -> str:
    """A number as a column writes its own, with its unit; the mean of whole ones has a decimal."""
    number = number_of(column, value, mean)
    sign = _sign(column)
    if sign and not (column.measure and column.measure.text):
        before, after = sign
        number = f"-{before}{number[1:]}{after}" if number[0] == "-" else f"{before}{number}{after}"
        return number
    unit = column.measure.text if column.measure else ""
    return f"{number} {unit}".strip()


def number_of(column: Column, value: float, mean: bool = False) -> str:
    """A number with the decimals, the decimal mark and the grouping of a column."""
    decimals = column.decimals + (_MEAN_DECIMALS if mean and not column.decimals else 0)
    grouped = column.grouped or abs(value) >= (_GROUPED_FROM / 10 if decimals else _GROUPED_FROM)
    pattern = ("#,##0" if grouped else "0") + ("." + "0" * decimals if decimals else "")
    return format_decimal(round(value, decimals), pattern, locale=_LOCALES[column.mark])


def _sign(column: Column) -> tuple[str, str] | None:
    """What stands before and after the number in the first cell that has one."""
    for value, text in zip(column.values, column.texts, strict=True):
        if isinstance(value, float) and text:
            digits = [place for place, sign in enumerate(text) if sign.isdigit()]
            return text[: digits[0]].lstrip("-−–+( "), text[digits[-1] + 1 :].rstrip(")")
    return None
