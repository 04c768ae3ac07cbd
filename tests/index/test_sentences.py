"""Sentences: where they end, and that their spans are exact."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.sentences import sentence_spans

pytestmark = pytest.mark.unit


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param(["One ends here.", "Two ends here."], id="stops"),
        pytest.param(["Is it so?", "It is!", "Well…", "Yes."], id="other marks"),
        pytest.param(["Dr. Smith met Mr. Jones and Prof. Lee.", "They talked."], id="titles"),
        pytest.param(["Acme Inc. sold it to Foo Ltd. for cash.", "It paid."], id="companies"),
        pytest.param(["See Fig. 3, p. 12 and No. 5 for more.", "Then stop."], id="references"),
        pytest.param(
            ["Roe v. Wade was argued on Dec. 13, 1971.", "It ended."], id="cases and months"
        ),
        pytest.param(["J. R. R. Tolkien wrote it.", "C. S. Lewis read it."], id="initials"),
        pytest.param(
            ["He served in the U.S. Army for years.", "He left."], id="country, then a name"
        ),
        pytest.param(["He moved to the U.S.", "He stayed there."], id="country at the end"),
        pytest.param(["Come at 5 p.m. sharp.", "Bring e.g. bread, i.e. food."], id="dotted words"),
        pytest.param(["We saw cats, dogs, etc.", "They slept."], id="abbreviation at the end"),
        pytest.param(["It rose 3.5 percent to 1.25.", "It cost $4.99."], id="decimals"),
        pytest.param(["Version 2.0.1 is at example.com/a.b now.", "Get it."], id="dots in words"),
        pytest.param(["It was founded in 1990.", "Ten years passed."], id="a year at the end"),
        pytest.param(['"It is over."', "She left."], id="a quote after the stop"),
        pytest.param(["“Is it?”", "‘No.’", "«Yes!»", "(So be it.)"], id="other quotes"),
        pytest.param(['"Stop!" he said.', "He ran."], id="speech goes on"),
        pytest.param(["Wait... what happened?", "Nothing."], id="dots go on"),
        pytest.param(["It stopped...", "Then it went on."], id="dots end"),
        pytest.param(["It fell in 1806.[12][3]", "It rose again.[4]"], id="reference marks"),
        pytest.param(["Vitamin C. deficiency is rare.", "The end."], id="a letter goes on"),
        pytest.param(["A line\nthat goes on.", "Next one."], id="a line break inside"),
    ],
)
def test_sentence_spans_of_joined_sentences_are_those_sentences(expected: list[str]) -> None:
    assert sentences(" ".join(expected)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param(" \n\t ", [], id="white space"),
        pytest.param("no stop at all", ["no stop at all"], id="no stop"),
        pytest.param("Title\n\nText.", ["Title", "Text."], id="blank line"),
        pytest.param("Title\r\n\r\nText.\r\n", ["Title", "Text."], id="Windows line ends"),
        pytest.param(
            "- one\n- two\n* three\n• four", ["one", "two", "three", "four"], id="bullets"
        ),
        pytest.param("1. one\n2) two\n  - inner", ["one", "two", "inner"], id="numbers"),
        pytest.param(
            "**3. Second shift.** Turned down.\n\n*2.* Closed.",
            ["**3. Second shift.** Turned down.", "*2.* Closed."],
            id="numbers in bold",
        ),
        pytest.param(
            "# Head\n\nText. More.\n## Sub", ["Head", "Text.", "More.", "Sub"], id="headings"
        ),
        pytest.param("> said\n> again.", ["said", "again."], id="quotation"),
        pytest.param("| a | b |\n| 1 | 2 |", ["| a | b |", "| 1 | 2 |"], id="table rows"),
        pytest.param(
            "今天下雨。明天晴天！真的？", ["今天下雨。", "明天晴天！", "真的？"], id="Chinese"
        ),
        pytest.param(
            "彼は「はい。」と言った。終わり。",
            ["彼は「はい。」", "と言った。", "終わり。"],
            id="Japanese",
        ),
        pytest.param("هل جاء؟ نعم جاء. انتهى۔", ["هل جاء؟", "نعم جاء.", "انتهى۔"], id="Arabic"),
        pytest.param("वह आया। वह गया।", ["वह आया।", "वह गया।"], id="Hindi"),
        pytest.param("Ends with a space. ", ["Ends with a space."], id="space after"),
        pytest.param("- ", [], id="a mark alone"),
    ],
)
def test_sentence_spans_of_structured_text_leave_marks_out(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


PIECES = st.sampled_from(
    [
        *["word", "The", "U.S.", "e.g.", "Dr.", "J.", "3.14", "no", "x", "Ünder", "中文", "é"],
        *[".", "!", "?", "…", "...", "。", "؟", '"', "”", ")", "[3]", ",", "|", "#", "-"],
        *[" ", "  ", "\n", "\n\n", "\r\n\r\n", "\t", "\n- ", "\n1. ", "\n## ", "\n> ", "\u00a0"],
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=60))
MARKS = re.compile(r"\s*(?:(?:[-*+•>]|#{1,6}|\d{1,3}[.)])\s+)*\s*|\s*(?:[-*+•>]|#{1,6})\s*")


@settings(max_examples=150)
@given(TEXTS)
def test_sentence_spans_hold_every_character_but_space_and_marks(text: str) -> None:
    spans = sentence_spans(text)
    end = 0
    for start, stop in spans:
        assert end <= start < stop <= len(text)
        assert not text[start].isspace()
        assert not text[stop - 1].isspace()
        assert MARKS.fullmatch(text[end:start]), text[end:start]
        end = stop
    assert MARKS.fullmatch(text[end:]), text[end:]


@pytest.mark.parametrize(
    "text",
    [
        "!" * 200_000 + "x",
        "Mr. X " * 30_000,
        "a" * 200_000 + "'. B.",
        "a." * 100_000,
        "\n \t" * 60_000,
    ],
    ids=["stops", "abbreviations", "one word", "dotted", "blank"],
)
def test_sentence_spans_of_hostile_text_take_linear_time(text: str) -> None:
    started = time.process_time()
    sentence_spans(text)
    assert time.process_time() - started < 1.5
