"""Dates and times of day in cells and questions, whole or in part: "May", "3 May 2025", "12:30"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache

from index.text.languages import month_names
from index.text.tokenizer import fold

_ISO = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?:\s?([ap])\.?m\b\.?)?", re.IGNORECASE)
_ZONE = re.compile(r"\s*(?:Z|UTC|[+-]\d\d:?\d\d)$")
_NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d\d)")
_DAY_FIRST = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.|º)?\s+(?:of\s+|de\s+)?(?P<month>[^\W\d_]{3,})"
_WORDS = (
    re.compile(rf"{_DAY_FIRST}\.?(?:,?\s+(?:de\s+)?(?P<year>\d{{4}}))?(?!\w)"),
    re.compile(
        r"(?P<month>[^\W\d_]{3,})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?(?!\d)(?:,?\s+(?P<year>\d{4}))?"
    ),
    re.compile(r"(?P<month>[^\W\d_]{3,})\.?,?\s+(?P<year>\d{4})"),
    re.compile(r"(?P<month>[^\W\d_]{3,})"),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or a part of one, with or without a time of day; None is left open.

    `time` is "HH:MM" or "HH:MM:SS".
    """

    year: int | None = None
    month: int | None = None
    day: int | None = None
    time: str = ""

    @property
    def whole(self) -> bool:
        """Whether it is at least a month of a year, or else a time of day alone."""
        return bool(self.year and self.month) or self == Moment(time=self.time)

    @property
    def text(self) -> str:
        """In ISO 8601, as far as it is known from the left: "2025-05", "2025-05-03 12:30"."""
        parts = [f"{self.year:04}" if self.year else "", f"{self.month:02}" if self.month else ""]
        parts += [f"{self.day:02}"] if self.day else []
        dated = "-".join(parts) if self.year and self.month else parts[0]
        return f"{dated} {self.time}".strip()


@dataclass(frozen=True, slots=True)
class Found:
    """A moment in a text, and where it stands: characters, half open."""

    moment: Moment
    start: int
    end: int


@cache
def months_by_name() -> dict[str, int]:
    """Months by their names and short forms in the Latin languages, in small letters."""
    found = dict[str, int]()
    names = month_names()
    for language in ("en", *sorted(names.keys() - {"en"})):
        for number, forms in enumerate(names[language], start=1):
            for name in forms:
                found.setdefault(fold(name.lower()).rstrip("."), number)
    return {name: number for name, number in found.items() if len(name) > 2 and name.isalpha()}


def read_moment(text: str, day_first: bool | None = None) -> Moment | None:
    """What a cell says if all of it is a date or a time; None if it is not.

    `day_first` reads 3/4/2025 as 3 April, False as 4 March; None reads it only where one of the
    numbers can be no month, or where full stops stand between them.
    """
    text = text.strip()
    if not text or not (text[0].isdigit() or text[-1].isdigit()):
        return None
    clock = _CLOCK.search(text)
    if not clock:
        return _read_date(text, day_first)
    rest = _ZONE.sub("", text[clock.end() :])
    time = _time(clock)
    before = text[: clock.start()].rstrip(" T,")
    if rest.strip() or not time:
        return None
    if not before:
        return Moment(time=time)
    dated = _read_date(before, day_first)
    return Moment(dated.year, dated.month, dated.day, time) if dated and dated.day else None


def _read_date(text: str, day_first: bool | None) -> Moment | None:
    iso = _ISO.fullmatch(text)
    if iso:
        return _checked(int(iso[1]), int(iso[2]), int(iso[3]) if iso[3] else None)
    numeric = _NUMERIC.fullmatch(text)
    if numeric:
        return _numeric(numeric, day_first)
    if text.isdigit():
        return None
    # A weekday may stand before.
    found = find_moments(text)
    if len(found) != 1 or found[0].end != len(text) or not found[0].moment.year:
        return None
    before = text[: found[0].start].strip(" ,.")
    return found[0].moment if not before or (before.isalpha() and len(before) < 12) else None


def _numeric(match: re.Match[str], day_first: bool | None) -> Moment | None:
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    year += 0 if year > 99 else 2000 if year < 70 else 1900
    if second > 12:
        return _checked(year, first, second)
    if first > 12 or match[2] == "." or day_first:
        return _checked(year, second, first)
    return _checked(year, first, second) if day_first is False else None


def order_of(texts: list[str]) -> bool | None:
    """Whether dates of a column in digits put the day first; None if they do not tell."""
    found = [match for text in texts if (match := _NUMERIC.match(text.strip()))]
    if any(int(match[1]) > 12 or match[2] == "." for match in found):
        return True
    return False if any(int(match[3]) > 12 for match in found) else None


def find_moments(text: str) -> list[Found]:
    """Dates, parts of dates and times in a text, in order, longest first; years alone are not."""
    found = list[Found]()
    for pattern in (_ISO, _NUMERIC, *_WORDS, _CLOCK):
        for match in pattern.finditer(text):
            moment = _moment(pattern, match)
            free = all(match.end() <= other.start or other.end <= match.start() for other in found)
            if moment and free:
                found.append(Found(moment, match.start(), match.end()))
    return sorted(found, key=lambda one: one.start)


def _moment(pattern: re.Pattern[str], match: re.Match[str]) -> Moment | None:
    if pattern is _ISO:
        return _checked(int(match[1]), int(match[2]), int(match[3]) if match[3] else None)
    if pattern is _NUMERIC:
        return _numeric(match, None)
    if pattern is _CLOCK:
        time = _time(match)
        return Moment(time=time) if time else None
    groups = match.groupdict()
    month = months_by_name().get(fold(groups["month"].lower()))
    # "may" and "mar" are months where a number stands beside them, or in capitals.
    if not month or (set(groups) == {"month"} and not groups["month"][0].isupper()):
        return None
    if set(groups) == {"month"} and (match.start() == 0 or len(groups["month"]) < 3):
        return None
    year, day = groups.get("year"), groups.get("day")
    return _checked(int(year) if year else None, month, int(day) if day else None)


def _time(match: re.Match[str]) -> str:
    hour, minute, half = int(match[1]), int(match[2]), (match[4] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 24 or minute > 59:
        return ""
    return f"{hour:02}:{minute:02}" + (f":{match[3]}" if match[3] and match[3] != "00" else "")


def _checked(year: int | None, month: int, day: int | None) -> Moment | None:
    try:
        date(year or 2000, month, day or 1)
    except ValueError:
        return None
    return Moment(year, month, day)
