"""A document's table as the page shows it."""

from __future__ import annotations

import pytest

from index.formats.delimited import parse_csv
from ui.templating import escape_text, render
from ui.viewer.document import HTMLBlock, html_table

pytestmark = pytest.mark.unit


def test_table_marks_the_cited_row_under_its_header() -> None:
    parsed = parse_csv(b"a,b\n1,x\n2,y\n")
    (table,), text = parsed.tables, parsed.text
    view = html_table(table, (12, 22), lambda start, end: escape_text(f"<{text[start:end]}>"))
    blocks = [HTMLBlock(table=view)]
    html = render(
        "viewer/document.html",
        kind="",
        title="",
        path="",
        report="",
        left_out=(),
        has_changed=False,
        parts=1,
        body=blocks,
    )
    assert html.partition('<main dir="auto">')[2].partition("</main>")[0] == (
        '<div class="grid"><table><thead><tr><th scope="col">a</th><th scope="col">b</th></tr>'
        "</thead><tbody><tr><td>&lt;1&gt;</td><td>&lt;x&gt;</td></tr>"
        '<tr class="cited"><td>&lt;2&gt;</td><td>&lt;y&gt;</td></tr></tbody></table></div>'
    )
