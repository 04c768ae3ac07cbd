"""Spans of time in questions."""

from __future__ import annotations

from datetime import date

import pytest

from rag.tables.reading.periods import find_periods

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 11)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("in the first half of 2026", "2026-01-01", "2026-06-30"),
        ("in H2 2025", "2025-07-01", "2025-12-31"),
        ("the second quarter of 2024", "2024-04-01", "2024-06-30"),
        ("Q1 2024", "2024-01-01", "2024-03-31"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("this month", "2026-11-01", "2026-11-30"),
        ("last quarter", "2026-07-01", "2026-09-30"),
        ("the last 2 months", "2026-09-01", "2026-10-31"),
        ("next month", "2026-12-01", "2026-12-31"),
        ("last week", "2026-11-02", "2026-11-08"),
        ("the past 30 days", "2026-10-12", "2026-11-11"),
        ("yesterday", "2026-11-10", "2026-11-10"),
    ],
)
def test_find_periods_in_words_gives_the_first_and_last_day(
    text: str, first: str, last: str
) -> None:
    ((found, end),) = find_periods(text, TODAY)
    assert (found.moment.text, end.text) == (first, last)


@pytest.mark.parametrize("text", ["the third half of 2026", "the last order", "half of 2026"])
def test_find_periods_of_no_span_gives_none(text: str) -> None:
    assert find_periods(text, TODAY) == []
