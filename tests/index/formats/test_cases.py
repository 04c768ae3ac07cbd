"""Awkward files of every day: each gives its words, in order, and says what is not there."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from index.formats.base import Parsed
from index.formats.registry import parse

pytestmark = pytest.mark.unit


def read(name: str, text: str) -> Parsed:
    return parse(name, text.encode())


def paragraphs(name: str, text: str) -> list[str]:
    return read(name, text).text.split("\n\n")


# --- Markdown


def test_markdown_comments_in_html_are_left_out_and_counted_but_not_in_code() -> None:
    text = "Open. <!-- not\nnow -->Daily.\n\n`<!-- a -->`\n\n```\n<!-- b -->\n```\n\n<!-- c"
    parsed = read("a.md", text)
    assert parsed.text == text.replace("<!-- not\nnow -->", "")
    assert parsed.hidden == len("not now")


def test_markdown_tables_in_html_are_rows_between_its_own_text() -> None:
    html = "<table><tr><th>Size<th>Bought<tr><td>L<td>2021</table>"
    piped = "| a | b |\n|---|---|\n| 1 | 2 |"
    parsed = read("a.md", f"# Head\n\nBefore\n{html}\nAfter\n\n{piped}\n\n```\n{html}\n```\n")
    assert parsed.text == (
        f"# Head\n\nBefore\n\nSize: L; Bought: 2021\n\nAfter\n\n{piped}\n\n```\n{html}\n```\n"
    )
    assert [table.columns for table in parsed.tables] == [("Size", "Bought"), ("a", "b")]
    (row,) = parsed.tables[0].rows
    assert parsed.text[row.start : row.end] == "Size: L; Bought: 2021"


def test_markdown_raised_digits_stay_apart() -> None:
    assert read("a.md", "12<sup>3</sup> m, `4<sup>5</sup>`").text == "12³ m, `4<sup>5</sup>`"


# --- markup that is plain text


@pytest.mark.parametrize(
    ("name", "text", "headings"),
    [
        ("a.org", "* One\ntext\n** TODO Two\n", [(1, "One"), (2, "Two")]),
        ("a.adoc", "= Title\n\ntext\n\n== Part\n====\n", [(1, "Title"), (2, "Part")]),
        (
            "a.tex",
            "\\title{T}\n\\section*{One}\n\\subsection[x]{Two}\n\\sectionx{No}\n",
            [(1, "T"), (2, "One"), (3, "Two")],
        ),
    ],
)
def test_marked_headings_are_headings(
    name: str, text: str, headings: Sequence[tuple[int, str]]
) -> None:
    assert [(head.level, head.text) for head in read(name, text).headings] == headings


# --- subtitles


def test_subtitles_are_sentences_behind_the_time_they_start_at() -> None:
    text = (
        "1\r\n00:00:01,000 --> 00:00:04,000\r\n<i>The boat</i>\r\nleaves\r\n\r\n"
        "2\r\n00:00:04,100 --> 00:00:07,000\r\nat {\\an8}noon.\r\n\r\n"
        "3\r\n01:00:30,000 --> 01:00:31,000\r\n- Why?\r\n"
    )
    assert paragraphs("a.srt", text) == ["[0:00:01] The boat leaves at noon.", "[1:00:30] - Why?"]


def test_subtitles_of_the_web_have_speakers_and_no_line_twice() -> None:
    text = (
        "WEBVTT\nKind: captions\n\nNOTE by hand\n\nintro\n00:01.000 --> 00:02.000 align:start\n"
        "<v Ana>We met<00:01.500> at ten\n\n"
        "00:02.000 --> 00:03.000\nAna: We met at ten\nby the mill.\n\n"
        "00:03.000 --> 00:04.000\n<v.loud Bo>Good."
    )
    assert paragraphs("a.vtt", text) == [
        "[0:00:01] Ana: We met at ten by the mill.",
        "[0:00:03] Bo: Good.",
    ]


# --- XML


def test_xml_records_are_rows_and_prose_is_paragraphs() -> None:
    text = (
        "<shop><title>Pans</title><note>All pans are made by hand.</note><town>Rome</town>"
        '<pan sku="K1"><name>Pot</name><price unit="EUR">4.5</price></pan>'
        "<pan sku='K2'><name>Lid</name></pan><p>Ask <b>Ada</b> first.</p></shop>"
    )
    parsed = read("a.xml", text)
    assert parsed.text.split("\n\n") == [
        "Pans",
        "All pans are made by hand.",
        "town: Rome",
        "sku: K1; name: Pot; price: 4.5; price unit: EUR",
        "sku: K2; name: Lid",
        "Ask Ada first.",
    ]
    assert parsed.title == "Pans"
    assert parsed.tables[0].columns == ("sku", "name", "price", "price unit")


def test_xml_that_is_broken_or_without_words_is_its_own_text() -> None:
    for text in ("<a><b>x</a>", '<a b="c"/>'):
        assert read("a.xml", text).text == text
