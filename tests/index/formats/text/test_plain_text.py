"""Headings of plain text: what is one, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.formats.text.plain_text import parse_text

pytestmark = pytest.mark.unit


def heads(text: str) -> list[tuple[int, str]]:
    return [(heading.level, heading.text) for heading in parse_text(text.encode()).headings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("House rules\n\nBe kind.\n\nGarden\n\nWater it.", ["House rules", "Garden"]),
        (
            "House rules\n===========\nBe kind.\n\nGarden\n------\nWater it.",
            ["House rules", "Garden"],
        ),
        ("HOUSE RULES\nBe kind.\n\nGARDEN\nWater it.", ["HOUSE RULES", "GARDEN"]),
        ("1. Roof\nIt leaks.\n\n2. Cellar\nIt is dry.", ["1. Roof", "2. Cellar"]),
        ("1. Roof\n\nIt leaks.\n\n1.1 Tiles\n\nTen are gone.", ["1. Roof", "1.1 Tiles"]),
        (
            "BOARD OF THE SCHOOL\nMinutes of the meeting of 4 June, 18:00 to 19:30\n\nAll came.",
            ["BOARD OF THE SCHOOL", "Minutes of the meeting of 4 June, 18:00 to 19:30"],
        ),
    ],
)
def test_parse_text_of_usual_forms_are_headings(text: str, expected: list[str]) -> None:
    assert [words for _, words in heads(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "1. Wash your hands\n\n2. Dry them\n\n3. Go out",
        "1. Wait until the\nlamp is green\n\n2. Close it when the\nlamp is red",
        "1. Roof\n   It leaks\n\n2. Cellar\n   It is dry",
        "1. Roof\nIt leaks.\n\n2. The cellar is dry.\n",
        "Name   Price\n------------\nTea    2.00",
        "Tea 2.00 EUR\n\nThank you.",
        "ABC\nis a word of three letters.",
        "Anna Berg\nPhone: 114 from nine to five\nno answer at night",
    ],
)
def test_parse_text_of_lists_tables_and_sentences_are_none(text: str) -> None:
    assert heads(text) == []


def test_parse_text_with_a_sentence_below_the_title_have_no_second_line() -> None:
    assert heads("THE PARK\nIt opens at nine every morning.\n\nCome in.") == [(1, "THE PARK")]


@given(st.text(alphabet="Ab1. \n=-", max_size=60))
def test_parse_text_of_any_text_stand_where_they_say_in_order(text: str) -> None:
    found = parse_text(text.encode()).headings
    assert [heading.start for heading in found] == sorted({heading.start for heading in found})
    for heading in found:
        line = text[heading.start :].partition("\n")[0]
        assert " ".join(line.split()) == heading.text
