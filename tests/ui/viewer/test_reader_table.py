"""A document's table as the page shows it."""

from __future__ import annotations

import pytest

from index.formats.table_spans import grids
from ui.viewer.document import grid_html

pytestmark = pytest.mark.unit


def test_grid_html_marks_the_cited_row_under_its_header() -> None:
    text = "a: 1; b: x\n\na: 2; b: y"
    (grid,) = grids("a.csv", text, 0, len(text))
    html = grid_html(grid, (12, 22), lambda start, end: f"<{text[start:end]}>")
    assert html == (
        '<div class="grid"><table><thead><tr><th scope="col">a</th><th scope="col">b</th></tr>'
        "</thead><tbody><tr><td><1></td><td><x></td></tr>"
        '<tr class="cited"><td><2></td><td><y></td></tr></tbody></table></div>'
    )
