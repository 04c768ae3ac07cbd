"""Columns have types by most of their cells; tables over pages are joined."""

from __future__ import annotations

import pytest

from index.tables.typed import Column, Kind, column_of, typed
from index.tables.units import Unit
from index.types import Table
from tests.rag.tables.build import document, made, markdown

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "2,5", ""], Kind.NUMBER, (1.0, 2.5, None)),
        (["1", "2", "n/a"], Kind.NUMBER, (1.0, 2.0, None)),
        (["yes", "No", ""], Kind.BOOLEAN, (1.0, 0.0, None)),
        (["ja", "nein"], Kind.BOOLEAN, (1.0, 0.0)),
        (["08:00", "12:30"], Kind.TIME, ("08:00", "12:30")),
        (["1.2.2025", "17.3.2025"], Kind.DATE, ("2025-02-01", "2025-03-17")),
        (["A1", "7", "-"], Kind.TEXT, ("A1", "7", None)),
        (["EUR 5", "$ 6"], Kind.TEXT, ("EUR 5", "$ 6")),
        (["", ""], Kind.TEXT, (None, None)),
    ],
)
def test_column_of_cells_has_the_type_of_most(
    cells: list[str], kind: Kind, values: tuple[object, ...]
) -> None:
    column = column_of("Name", cells)
    assert (column.kind, column.values) == (kind, values)


def test_column_of_numbers_with_few_words_counts_what_was_not_read() -> None:
    column = column_of("Price", ["5", "6", "7", "8", "on request"])
    assert (column.kind, column.unread) == (Kind.NUMBER, 1)


def test_typed_table_takes_its_title_from_the_heading_or_the_caption() -> None:
    rows = [("a", "1"), ("b", "2")]
    (headed,) = typed(markdown("a.md", ("Name", "Size"), rows, "Sizes of all"))
    (sheet,) = typed(document("a.xlsx", ("Name", "Size"), rows, "Book", "Sheet 1"))
    assert (headed.title, headed.headers) == ("Sizes of all", ((16, 31),))
    assert (sheet.title, sheet.headers) == ("Sheet 1", ())
    assert [column.texts for column in sheet.columns] == [("a", "b"), ("1", "2")]


def test_typed_parts_of_one_header_are_joined_unless_their_captions_differ() -> None:
    whole = markdown("a.md", ("Name", "Size"), [("a", "1"), ("b", "2")])
    table = whole.tables[0]
    parts = [Table(table.columns, (row,), table.header, "") for row in table.rows]
    (joined,) = typed(made("a.md", "A", whole.text, tuple(parts)))
    assert joined.columns[1].values == (1.0, 2.0)
    named = [
        Table(table.columns, (row,), None, name) for row, name in zip(table.rows, "xy", strict=True)
    ]
    assert len(typed(made("a.md", "A", whole.text, tuple(named)))) == 2


def test_typed_rows_that_sum_up_others_are_known() -> None:
    (table,) = typed(
        document("a.csv", ("Item", "Cost"), [("pen", "1"), ("ink", "2"), ("Total", "3")])
    )
    assert table.totals == {2}


def test_typed_key_is_a_column_of_different_values() -> None:
    column: Column = column_of("No.", ["1", "2", "2"])
    assert not column.is_key
    assert column_of("No.", ["1", "2", "3"]).is_key


def test_column_ending_in_min_is_minutes_unless_another_is_a_maximum() -> None:
    alone = column_of("run_min", ["3", "4"], names=["run_min", "tool"])
    paired = column_of("temp_min", ["3", "4"], names=["temp_min", "temp_max"])
    assert (alone.label, alone.unit) == ("run", Unit("duration", "minute"))
    assert (paired.label, paired.unit) == ("temp_min", None)
    assert column_of("size_gb", ["3", "4"]).unit == Unit("digital", "gigabyte")
