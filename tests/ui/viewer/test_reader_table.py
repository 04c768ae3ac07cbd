"""A document's table as the page shows it."""

from __future__ import annotations

import pytest

from index.formats.delimited import parse_csv
from ui.viewer.document import grid_html

pytestmark = pytest.mark.unit


def test_grid_html_marks_the_cited_row_under_its_header() -> None:
    parsed = parse_csv(b"a,b\n1,x\n2,y\n")
    (table,), text = parsed.tables, parsed.text
    html = grid_html(table, (12, 22), lambda start, end: f"<{text[start:end]}>")
    assert html == (
        '<div class="grid"><table><thead><tr><th scope="col">a</th><th scope="col">b</th></tr>'
        "</thead><tbody><tr><td><1></td><td><x></td></tr>"
        '<tr class="cited"><td><2></td><td><y></td></tr></tbody></table></div>'
    )
