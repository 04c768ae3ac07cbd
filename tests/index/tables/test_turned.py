"""Tables whose columns are periods are turned, so that a period is a row."""

from __future__ import annotations

import pytest

from index.tables.turned import turned
from index.tables.typed import TypedTable, typed
from index.types import Document
from tests.rag.tables.build import markdown, ruled_pdf

pytestmark = pytest.mark.unit

FIGURES = (("Turnover (EUR million)", "41.0", "46.8"), ("Staff", "149", "167"))


def first(document: Document) -> TypedTable:
    return typed(document)[0]


@pytest.mark.parametrize(
    ("names", "label"),
    [
        (("", "2022", "2023"), "Year"),
        (("Measure", "2022", "2023"), "Year"),
        (("", "Q1", "Q2"), "Quarter"),
        (("Measure", "Week 1", "Week 2"), "Week"),
        (("", "Basic", "Pro"), ""),
        (("Measure", "3 May 2025", "4 May 2025"), "Date"),
    ],
)
def test_turned_has_a_row_for_each_period_or_thing(names: tuple[str, ...], label: str) -> None:
    table = first(markdown("a.md", names, FIGURES, "Report"))
    found = turned(table)
    assert found is not None
    assert found.source is table
    assert {(row.start, row.end) for row in found.rows} == {(table.rows[0].start, table.end)}
    assert [column.name for column in found.columns] == [label, "Turnover (EUR million)", "Staff"]
    assert found.columns[0].texts == names[1:]
    assert found.columns[1].values == (41.0, 46.8)
    assert found.columns[1].is_money
    assert found.columns[2].values == (149.0, 167.0)


@pytest.mark.parametrize(
    "names", [("City", "Desks", "Floors"), ("Measure", "2022", "Note"), ("Name", "Address 1", "")]
)
def test_turned_leaves_tables_whose_rows_are_records(names: tuple[str, ...]) -> None:
    assert turned(first(markdown("a.md", names, FIGURES))) is None


def test_turned_leaves_a_table_whose_rows_have_no_names_of_their_own() -> None:
    rows = (("Staff", "1", "2"), ("Staff", "3", "4"))
    assert turned(first(markdown("a.md", ("", "2022", "2023"), rows))) is None


def test_turned_has_a_total_column_as_a_row_that_no_figure_rests_on() -> None:
    rows = (("Kiel", "3", "4", "7"), ("Oslo", "1", "2", "3"))
    found = turned(first(markdown("a.md", ("", "Q1", "Q2", "Total"), rows)))
    assert found is not None
    assert found.totals == {2}


def test_ruled_table_of_a_pdf_with_a_blank_corner_has_names_both_ways() -> None:
    table = first(ruled_pdf("a.pdf", ("", "2022", "2023"), FIGURES, "Report 2023"))
    assert [column.name for column in table.columns] == ["", "2022", "2023"]
    assert table.columns[0].texts == ("Turnover (EUR million)", "Staff")
