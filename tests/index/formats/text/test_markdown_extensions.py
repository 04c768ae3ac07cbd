"""Markdown beside CommonMark: HTML tags, admonitions, alerts and tabs become plain Markdown."""

from __future__ import annotations

import pytest

from index.formats.text.markdown import markdown

pytestmark = pytest.mark.unit


def words(text: str) -> str:
    """What is read, without blank lines and white space at the ends of lines."""
    lines = (line.rstrip() for line in markdown(text).text.splitlines())
    return "\n".join(line for line in lines if line)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('<p align="center">\n  <em>A client.</em>\n</p>', "A client."),
        ('  <img src="a.png" alt="How it flows">', "How it flows"),
        ('Text <img src="a.png">', "Text"),
        ("One<br>two", "One two"),
        ("Press <kbd>Ctrl</kbd>+<kbd>C</kbd>.", "Press Ctrl+C."),
        ("Run <code>cmd -x</code>.", "Run `cmd -x`."),
        ("Run <file> with <source> in 1 < 2 > 0.", "Run <file> with <source> in 1 < 2 > 0."),
        ("In `<b>x</b>` it stays.", "In `<b>x</b>` it stays."),
        ("```html\n<div>kept</div>\n```", "```html\n<div>kept</div>\n```"),
        ("<style>p {color: red}</style>Text", "Text"),
        ("<ul>\n  <li>One</li>\n  <li>Two</li>\n</ul>", "- One\n- Two"),
        ("<ol><li>One</li><li>Two <b>now</b></li></ol>", "1. One\n2. Two now"),
        (
            "<ul>\n<li>One\n  <ol>\n    <li>Deep</li>\n  </ol>\n</li>\n<li>Two</li>\n</ul>",
            "- One\n   1. Deep\n- Two",
        ),
        ("<a href='x'>Read <b>on</b></a>", "Read on"),
    ],
)
def test_markdown_html_tags_are_left_out_of_text_but_not_of_code(text: str, read: str) -> None:
    assert words(text) == read


def test_markdown_html_heading_is_a_heading() -> None:
    parsed = markdown('<h1 align="center">My <b>App</b></h1>\n\nText.\n')
    assert [(one.level, one.text) for one in parsed.headings] == [(1, "My App")]
    assert parsed.title == "My App"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('!!! note "TL;DR"\n    Use it.\n\n    - one\nAfter', "**TL;DR:** Use it.\n- one\nAfter"),
        ("??? tip inline end\n    Hidden.", "**Tip:** Hidden."),
        ("!!! warning\n    ```\n    x = 1\n    ```", "**Warning:**\n```\nx = 1\n```"),
        (
            '=== "Linux"\n    Do this.\n=== "Mac"\n    Do that.',
            "**Linux:** Do this.\n**Mac:** Do that.",
        ),
        ("> [!WARNING]\n> Careful.\n> Really.", "> **Warning:** Careful.\n> Really."),
        (":::tip My tip\nUse it.\n:::\nAfter", "**My tip:**\nUse it.\nAfter"),
        ("```\n!!! note\n    code\n```", "```\n!!! note\n    code\n```"),
        ("Title\n===\nText", "Title\n===\nText"),
        ("Wow!!! note this", "Wow!!! note this"),
    ],
)
def test_markdown_admonition_is_a_paragraph_that_opens_with_its_label(text: str, read: str) -> None:
    assert words(text) == read


def test_markdown_table_after_an_admonition_keeps_its_cells_in_place() -> None:
    parsed = markdown("!!! note\n    Look.\n\n| a | b |\n|---|---|\n| <b>1</b> | 2 |\n")
    (table,) = parsed.tables
    (row,) = table.rows
    assert [parsed.text[slice(*cell)] for cell in row.cells if cell] == ["1", "2"]


def test_markdown_table_in_html_with_code_in_its_cells_stays_a_table() -> None:
    cells = "".join(f"<tr><td>`--{name}`</td><td>Sets {name}.</td></tr>" for name in "abcd")
    parsed = markdown(f"<table><tr><th>option</th><th>use</th></tr>{cells}</table>\n")
    (table,) = parsed.tables
    assert table.columns == ("option", "use")
    assert len(table.rows) == 4
