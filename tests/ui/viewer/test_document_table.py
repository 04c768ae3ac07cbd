"""A document's table as the page shows it."""

from __future__ import annotations

import pytest

from index.formats.delimited import parse_csv
from index.formats.registry import parse
from index.types import Document
from ui.templating import escape_text, render
from ui.viewer.document import HTMLBlock, document_page, html_table

pytestmark = pytest.mark.unit


def test_table_marks_the_cited_row_under_its_header() -> None:
    parsed = parse_csv(b"a,b\n1,x\n2,y\n")
    (table,), text = parsed.tables, parsed.text
    view = html_table(table, (12, 22), lambda start, end: escape_text(f"<{text[start:end]}>"))
    blocks = [HTMLBlock(table=view)]
    html = render(
        "viewer/document.html",
        guide=None,
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


MARKDOWN = parse(
    "a.md",
    b"# Leave\n\nIntro here.\n\n| Office | Days |\n|---|--:|\n| Oslo | 28 |\n| Bergen | |\n\n"
    b"After.\n\n```python\nx = 1\n# no heading\n\ny = <2>\n```\n\nDone.\n\n~~~\nno end\n",
)
HEAD = '<th scope="col">Office</th><th scope="col">Days</th></tr></thead>'
MARK = '<mark id="quote" tabindex="-1">'


def main_of(path: str = "a.md", quote: str = "") -> str:
    """The body of a document's page, with a quote of its text marked."""
    text = MARKDOWN.text
    document = Document(
        path, "Leave", text, "d" * 64, MARKDOWN.headings, (), 0, (), MARKDOWN.tables
    )
    start = text.index(quote)
    page = document_page(document, start, start + len(quote))
    return str(page.partition('<main dir="auto">')[2].partition("</main>")[0])


def test_markdown_is_shown_with_its_tables_and_code() -> None:
    assert main_of() == (
        '<div class="text">Intro here.</div>'
        f'<div class="grid"><table><thead><tr>{HEAD}<tbody>'
        "<tr><td>Oslo</td><td>28</td></tr><tr><td>Bergen</td><td></td></tr></tbody></table></div>"
        '<div class="text">After.</div>'
        "<pre><code>x = 1\n# no heading\n\ny = &lt;2&gt;\n</code></pre>"
        '<div class="text">Done.</div><pre><code>no end\n</code></pre>'
    )


@pytest.mark.parametrize(
    ("quote", "shown"),
    [
        ("Oslo | 28", f'<tr class="cited"><td>{MARK}Oslo</mark></td><td><mark>28</mark></td></tr>'),
        ("| Office | Days |", f'<thead><tr class="cited" id="quote">{HEAD}'),
        ("Days |\n|---|--:|\n| Oslo", f'<thead><tr class="cited">{HEAD}'),
        ("Days |\n|---|--:|\n| Oslo", f"<td>{MARK}Oslo</mark></td><td>28</td>"),
        ("x = 1", f"<pre><code>{MARK}x = 1</mark>\n# no"),
        ("Done.", f'<div class="text">{MARK}Done.</mark></div>'),
    ],
)
def test_quote_is_marked_wherever_it_stands(quote: str, shown: str) -> None:
    html = main_of(quote=quote)
    assert shown in html
    assert html.count('id="quote"') == 1


def test_code_of_other_files_than_markdown_is_their_text() -> None:
    html = main_of("a.txt")
    assert "<pre>" not in html
    assert "```python\nx = 1" in html
