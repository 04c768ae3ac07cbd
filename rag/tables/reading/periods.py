"""Spans of time in a question: "the first half of 2026", "Q2 2025", "last year", "last 30 days".

A span is a quantity from its first to its last day; a year or a month alone is a moment.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date, timedelta

from index.tables.dates import Found, Moment

_PARTS = {"half": 6, "quarter": 3, "h": 6, "q": 3}
_COUNTED = "first second third fourth".split()
_OF_YEAR = re.compile(
    rf"\b(?:(?P<count>{'|'.join(_COUNTED)}|[1-4](?:st|nd|rd|th)) (?P<part>half|quarter)"
    r"|(?P<sign>[qh])(?P<number>[1-4]))(?: of| in|,)?(?: the year)? (?P<year>(?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"\b(?:(?P<which>last|past|previous|this|current|next) (?:(?P<count>\d+) )?"
    r"(?P<unit>day|week|month|quarter|year)s?|(?P<day>today|yesterday))\b",
    re.IGNORECASE,
)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_STEPS = {"this": 0, "current": 0, "next": 1}


def find_periods(text: str, today: date) -> list[tuple[Found, Moment]]:
    """Spans of a text, in order: where each stands with its first day, and its last day."""
    found = [(match, *days) for match in _OF_YEAR.finditer(text) for days in _part(match)]
    found += [(match, *_relative(match, today)) for match in _RELATIVE.finditer(text)]
    found.sort(key=lambda one: one[0].start())
    return [(Found(_moment(one), at.start(), at.end()), _moment(last)) for at, one, last in found]


def _moment(day: date) -> Moment:
    return Moment(day.year, day.month, day.day)


def _part(match: re.Match[str]) -> Iterator[tuple[date, date]]:
    """The days of a half or a quarter; none of the third half."""
    months = _PARTS[(match["part"] or match["sign"]).lower()]
    count = match["number"] or match["count"].lower()
    place = _COUNTED.index(count) if count in _COUNTED else int(count[0]) - 1
    if place * months < 12:
        yield _months(int(match["year"]), place * months, months)


def _months(year: int, first: int, count: int) -> tuple[date, date]:
    """The first and last day of so many months from a month on, counted from 0."""
    last = first + count - 1
    end = (year + last // 12, last % 12 + 1)
    return date(year + first // 12, first % 12 + 1, 1), date(*end, calendar.monthrange(*end)[1])


def _relative(match: re.Match[str], today: date) -> tuple[date, date]:
    if match["day"]:
        day = today - timedelta(days=match["day"].lower() == "yesterday")
        return day, day
    unit, count = match["unit"].lower(), int(match["count"] or 0)
    step = _STEPS.get(match["which"].lower(), -1)
    if unit in {"day", "week"}:
        days = {"day": 1, "week": 7}[unit]
        if count:
            back = today - timedelta(days=days * count)
            return (back, today) if step < 0 else (today, today + timedelta(days=days * count))
        first = today - timedelta(days=today.weekday() if unit == "week" else 0)
        first += timedelta(days=days * step)
        return first, first + timedelta(days=days - 1)
    months = _MONTHS[unit]
    start = (today.month - 1) // months * months + step * months * max(1, count * (step < 0))
    return _months(today.year, start, months * max(1, count))
