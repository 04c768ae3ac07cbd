"""reStructuredText is read as Markdown: what docutils knows, and what only Sphinx does."""

from __future__ import annotations

import pytest

from index.formats.text.restructured import parse_rst

pytestmark = pytest.mark.unit

PAGE = """=====
Title
=====

.. a comment that nobody sees

Intro with ``code``, *stress* and `a link <https://example.org/a>`_.

.. _somewhere:

Section *one* of
----------------

.. include:: /etc/hostname

.. toctree::

   a

.. code-block:: python

   Not a title
   -----------

Text :ref:`of there <somewhere>`, :class:`~a.b.Client` and :issue:`12`.

Sub
~~~

.. note::

   Look at this.

.. versionadded:: 3.2

   It is new.

Section two
-----------
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_parse_rst_is_markdown_with_the_titles_of_sections(
    end: str, capfd: pytest.CaptureFixture[str]
) -> None:
    parsed = parse_rst(PAGE.replace("\n", end).encode())
    assert parsed.text == (
        "# Title\n\nIntro with `code`, *stress* and [a link](https://example.org/a).\n\n"
        "## Section *one* of\n\n```\nNot a title\n-----------\n```\n\n"
        "Text of there, `Client` and 12.\n\n### Sub\n\n**Note:** Look at this.\n\n"
        "**New in version 3.2**\n\nIt is new.\n\n## Section two"
    )
    assert [(one.level, one.text) for one in parsed.headings] == [
        (1, "Title"),
        (2, "Section one of"),
        (3, "Sub"),
        (2, "Section two"),
    ]
    assert (parsed.title, parsed.hidden) == ("Title", len("a comment that nobody sees"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("* one\n\n  more\n* two\n\n  * deep", "- one\n\n  more\n- two\n\n  - deep"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("term\n  What it means.\n\n  And more.", "term\nWhat it means.\n\nAnd more."),
        (":name: Value", "name\nValue"),
        ("-v  Print more.", "-v\nPrint more."),
        ("Run this::\n\n    cmd -x\n", "Run this:\n\n```\ncmd -x\n```"),
        (">>> 1 + 1\n2", "```\n>>> 1 + 1\n2\n```"),
        ("| one\n| two", "one\ntwo"),
        (".. image:: a.png\n   :alt: How it flows", "How it flows"),
        (".. figure:: a.png\n\n   A caption.", "A caption."),
        (".. option:: --json\n\n   Prints JSON.", "`--json`\n\nPrints JSON."),
        (".. py:function:: f(x)\n   :module: m\n\n   Does it.", "`f(x)`\n\nDoes it."),
        (".. tabs::\n\n   .. tab:: Linux\n\n      Do this.", "`Linux`\n\nDo this."),
        (".. mermaid::\n\n   a --> b", "```\na --> b\n```"),
        (".. seealso:: The guide.", "`The guide.`"),
        (".. rubric:: Notes", "**Notes**"),
        ("A <body> of text.", "A `<body>` of text."),
        ("A footnote [1]_.\n\n.. [1] What it says.", "A footnote .\n\n1\n\nWhat it says."),
    ],
)
def test_parse_rst_construct_is_the_markdown_that_says_the_same(text: str, read: str) -> None:
    assert parse_rst(text.encode()).text == read


@pytest.mark.parametrize(
    "table",
    [
        "===  ===\n a    b\n===  ===\n 1    2\n===  ===",
        "+---+---+\n| a | b |\n+===+===+\n| 1 | 2 |\n+---+---+",
        ".. list-table::\n   :header-rows: 1\n\n   * - a\n     - b\n   * - 1\n     - 2",
        ".. csv-table::\n   :header: a,b\n\n   1,2",
    ],
)
def test_parse_rst_table_has_rows_and_cells(table: str) -> None:
    parsed = parse_rst(table.encode())
    (found,) = parsed.tables
    assert found.columns == ("a", "b")
    assert [[parsed.text[slice(*c)] for c in row.cells if c] for row in found.rows] == [["1", "2"]]


def test_parse_rst_form_feeds_and_wide_letters_move_no_title() -> None:
    parsed = parse_rst(
        "Intro.\n\f\nTitle 題\n========\n\nText.\u2028More.\n\nSecond\n======\n".encode()
    )
    assert [parsed.text[one.start :][:7] for one in parsed.headings] == ["# Title", "# Secon"]


def test_parse_rst_that_is_broken_keeps_its_words() -> None:
    text = "Title\n==\n\nMore `broken and |y|.\n\n.. unknown thing\n"
    assert parse_rst(text.encode()).text == "Title ==\n\nMore broken and y."
