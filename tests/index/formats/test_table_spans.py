"""Tables told from text: every character in its place, and no table made of prose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.formats.table_spans import Grid, grids
from index.formats.tables import parse_csv

pytestmark = pytest.mark.unit

TEXT = parse_csv(
    b"name,role,part\nAda,head of x,She said: yes\nBo,,none\nCy,cook; Note: new,none\n"
).text


def cells(text: str, grid: Grid) -> list[dict[str, str]]:
    return [
        {name: text[start:end] for name, (start, end) in row.cells.items()} for row in grid.rows
    ]


def test_grids_of_a_csv_have_its_columns_and_the_places_of_its_cells() -> None:
    (grid,) = grids("a.csv", TEXT, 0, len(TEXT))
    assert grid.columns[:2] == ("name", "role")
    assert (grid.start, grid.end) == (0, len(TEXT))
    first, second, third = cells(TEXT, grid)
    assert first == {"name": "Ada", "role": "head of x", "part": "She said: yes"}
    assert second == {"name": "Bo", "part": "none"}
    assert third["name"] == "Cy"


def test_grids_of_prose_with_colons_are_none() -> None:
    text = "Note: it rained.\n\nThen: it snowed.\n\nAnd so on."
    assert grids("a.docx", text, 0, len(text)) == []
    assert grids("a.md", TEXT, 0, len(TEXT)) == []


def test_grids_between_other_text_leave_it_out() -> None:
    text = f"Before it.\n\n{TEXT}\n\nAfter it."
    (grid,) = grids("a.docx", text, 0, len(text))
    assert text[grid.start : grid.end] == TEXT


@given(st.lists(st.text("ab:; \n", max_size=12), max_size=6))
def test_grids_of_any_text_lose_no_character_of_a_row(parts: list[str]) -> None:
    text = "\n\n".join(parts)
    for grid in grids("a.csv", text, 0, len(text)):
        for row in grid.rows:
            names = sum(len(name) + len(": ") for name in row.cells)
            held = sum(end - start for start, end in row.cells.values())
            assert names + held + len("; ") * (len(row.cells) - 1) == row.end - row.start
