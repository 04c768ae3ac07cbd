"""Dates and times in cells and questions."""

from __future__ import annotations

import pytest

from index.tables.dates import Moment, find_moments, order_of, read_moment

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2025-05-01", "2025-05-01"),
        ("2025-05-01T06:00:00Z", "2025-05-01 06:00"),
        ("12.03.2019", "2019-03-12"),
        ("3/14/2025", "2025-03-14"),
        ("3 March 2025", "2025-03-03"),
        ("March 3, 2025", "2025-03-03"),
        ("17. März 2025", "2025-03-17"),
        ("Mar 2025", "2025-03"),
        ("08:00", "08:00"),
        ("9:30 pm", "21:30"),
        ("Mon, 3 March 2025", "2025-03-03"),
    ],
)
def test_read_moment_of_a_date_or_time_gives_it_in_iso(text: str, iso: str) -> None:
    moment = read_moment(text)
    assert moment is not None
    assert moment.text == iso


@pytest.mark.parametrize("text", ["", "2024", "May", "5 items", "31.02.2025", "3/4/2025", "1.5"])
def test_read_moment_of_what_is_no_certain_date_gives_none(text: str) -> None:
    assert read_moment(text) is None


def test_order_of_a_column_is_told_by_a_day_over_twelve() -> None:
    assert order_of(["3/4/2025", "14/4/2025"]) is True
    assert order_of(["3/4/2025", "3/14/2025"]) is False
    assert order_of(["3/4/2025"]) is None
    assert read_moment("3/4/2025", False) == Moment(2025, 3, 4)


def test_find_moments_in_a_question_knows_months_by_their_capitals() -> None:
    assert [one.moment for one in find_moments("joined in May 2023")] == [Moment(2023, 5)]
    assert [one.moment for one in find_moments("on 17 March at 9:30")] == [
        Moment(None, 3, 17),
        Moment(time="09:30"),
    ]
    assert find_moments("may I come") == []
