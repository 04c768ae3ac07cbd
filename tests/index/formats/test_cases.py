"""Awkward files of every day: each gives its words, in order, and says what is not there."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from index.formats.base import Parsed
from index.formats.registry import parse
from index.sentences import sentence_spans

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


# --- tables of values


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param(
            "a.csv",
            "Account;CH12\nPeriod;May\n\nDate;Text;Sum\n2.5.;Rent;900\n3.5.;Bread;4\n",
            ["Account: CH12", "Period: May", "Date: 2.5.; Text: Rent; Sum: 900"],
            id="preamble of a bank",
        ),
        pytest.param(
            "a.csv", "Prices of May\nItem,Price\nNut,2\n", ["Prices of May", "Item: Nut; Price: 2"],
            id="title",
        ),
        pytest.param(
            "a.csv", "name,age\nBo,4,late\nCy\n", ["name: Bo; age: 4; late", "name: Cy"],
            id="ragged rows",
        ),
        pytest.param(
            "a.csv", 'item,size\n"3\\" pipe,4\n"a, b",5\n', ['item: "3\\" pipe; size: 4'],
            id="a quote that is not closed",
        ),
        pytest.param(
            "a.tsv", 'a\tb\n"Old\t5\nTee\t"6" in\n', ['a: "Old; b: 5', 'a: Tee; b: "6" in'],
            id="quotes that are signs",
        ),
        pytest.param(
            "a.csv", 'a,b\n"x\ny",2\n', ["a: x y; b: 2"], id="a line end in quotes",
        ),
    ],
)  # fmt: skip
def test_csv_as_people_have_it_is_rows_after_the_names_of_columns(
    name: str, text: str, expected: list[str]
) -> None:
    assert paragraphs(name, text)[: len(expected)] == expected


def test_a_wide_row_is_cut_into_pieces_that_each_start_with_its_name() -> None:
    names = ["Station", *(f"rain of the year {year}" for year in range(2000, 2040))]
    rows = [[name, *map(str, range(40))] for name in ("Dun", "Ald")]
    text = "\n".join(",".join(row) for row in [names, *rows])
    parsed = read("a.csv", text)
    assert all(
        part.startswith(("Station: Dun; ", "Station: Ald; ")) for part in parsed.text.split("\n\n")
    )
    (table,) = parsed.tables
    found = [parsed.text[slice(*cell)] for row in table.rows for cell in row.cells[1:] if cell]
    assert found == [*map(str, range(40))] * 2


# --- sentences of tables and abbreviations


@pytest.mark.parametrize(
    "text",
    [
        "Die Genehmigung steht in Abs. 3 der Satzung.",
        "It cost Rs. 4,500 in May.",
        "Ring uns an unter Tel. 0555 an, Nr. 4.",
        "Véase la pág. 12 del manual de la Sra. Gil.",
    ],
)
def test_abbreviations_do_not_end_a_sentence(text: str) -> None:
    assert [text[start:end] for start, end in sentence_spans(text)] == [text]


# --- mail


def mail(headers: str, body: bytes) -> Parsed:
    return parse("a.eml", f"From: a@b.org\n{headers}\n\n".encode("latin-1") + body)


def test_mail_whose_plain_text_is_a_placeholder_is_read_as_its_page() -> None:
    page = "<p>The parcel with the lamp arrives on Thursday between two and four at the gate."
    parts = [("plain", "Open this in a browser."), ("html", page)]
    text = "".join(f"--x\nContent-Type: text/{kind}\n\n{body}\n" for kind, body in parts)
    parsed = mail("Content-Type: multipart/alternative; boundary=x", f"{text}--x--".encode())
    assert parsed.text.endswith("arrives on Thursday between two and four at the gate.")
    assert "browser" not in parsed.text


@pytest.mark.parametrize(
    ("headers", "encoding"),
    [
        ("Subject: =?gb2312?B?wuvNtw==?=\nContent-Type: text/plain; charset=us-ascii", "gb18030"),
        ("Subject: =?koi8-r?Q?a?=\nContent-Type: text/plain", "koi8-r"),
    ],
)
def test_mail_body_without_an_encoding_has_that_of_the_subject(headers: str, encoding: str) -> None:
    words = "码头从星期二早上关闭" if encoding == "gb18030" else "Причал закрыт во вторник"
    assert mail(headers, words.encode(encoding)).text.endswith(f"\n\n{words}")


def test_mail_subject_in_bytes_of_no_told_encoding_is_words() -> None:
    assert mail("Subject: Cl\xe9 du garage", b"Oui.").title == "Clé du garage"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Type: multipart/encrypted; boundary=x", b"--x\n\nVersion: 1\n--x--"),
        ("Content-Type: application/pkcs7-mime; smime-type=enveloped-data", b"MIAG"),
        ("Content-Type: text/plain", b"-----BEGIN PGP MESSAGE-----\n\nhQ\n"),
    ],
)
def test_mail_that_is_encrypted_is_told(headers: str, body: bytes) -> None:
    parsed = mail(f"Subject: Key\n{headers}", body)
    assert parsed.notes[0].endswith("the message is encrypted, its text is not read")
    assert parsed.text == "Key\n\nFrom: a@b.org"


# --- RTF


def test_rtf_items_have_their_marks_and_raised_digits_are_apart() -> None:
    text = (
        r"{\rtf1\ansi{\pntext 1.\tab}{\*\pn\pnlvlbody}First\par{\listtext 2.\tab}Second\par"
        r"{\listtext\'b7\tab}Bullet\par 61{\super 3} m, the 1{\super st}\par}"
    )
    assert paragraphs("a.rtf", text) == ["1. First", "2. Second", "- Bullet", "61³ m, the 1st"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("1. Open it.\n2. Go.", ["Open it.", "Go."]),
        ("10:15 Ana: Who?\n10:31 Bo: Me\nand Cy", ["10:15 Ana: Who?", "10:31 Bo: Me\nand Cy"]),
    ],
)
def test_sentences_of_steps_and_messages_are_their_own(text: str, sentences: list[str]) -> None:
    assert [text[start:end] for start, end in sentence_spans(text)] == sentences
