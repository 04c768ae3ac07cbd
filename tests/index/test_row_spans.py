"""Rows of a table in few bytes: they read as the objects that they were made of."""

from __future__ import annotations

import pickle
import sys

import pytest

from index.types import RowSpans, Table, TableRow

pytestmark = pytest.mark.unit
ROWS = (
    TableRow(0, 9, ((3, 4), None, (8, 9))),
    TableRow(11, 12, ()),
    TableRow(14, 20, (None, (17, 20))),
)


def test_row_spans_are_the_rows_that_they_were_made_of() -> None:
    rows = RowSpans(ROWS)
    assert tuple(rows) == ROWS
    assert (len(rows), rows[0], rows[-1]) == (3, ROWS[0], ROWS[2])
    assert rows[1:] == ROWS[1:]
    assert rows == ROWS
    assert Table(("a",), rows) == Table(("a",), ROWS)
    assert rows != ROWS[:2]
    assert pickle.loads(pickle.dumps(rows)) == rows
    assert hash(rows) == hash(RowSpans(ROWS))
    with pytest.raises(IndexError, match="out of range"):
        rows[3]


def test_row_spans_of_two_cells_take_few_bytes() -> None:
    rows = RowSpans(TableRow(at, at + 9, ((at, at + 2), (at + 4, at + 9))) for at in range(1000))
    held = sum(sys.getsizeof(getattr(rows, name)) for name in RowSpans.__slots__)
    assert held < 1000 * 48


def test_mapped_rows_have_other_positions() -> None:
    moved = Table(("a",), RowSpans(ROWS)).mapped(lambda position: position + 5)
    assert moved.rows[2] == TableRow(19, 25, (None, (22, 25)))
