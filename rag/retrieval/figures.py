"""Numbers, codes and dates that a question names, and which of them a text holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from index.tables.dates import Moment, find_moments

_WITH_DIGIT = re.compile(r"[^\W_]*(?:(?<=\w)[.,:/-](?=\w)|[^\W_])*\d(?:[.,:/-](?=\w)|\w)*")


@dataclass(frozen=True, slots=True)
class Figures:
    """Words with a digit, in lower case, and dates of a day and a month, each of which is one.

    False if there are none.
    """

    words: frozenset[str]
    dates: frozenset[Moment]

    def __len__(self) -> int:
        return len(self.words) + len(self.dates)

    def within(self, *texts: str) -> Figures:
        """Those that stand in some of the texts: words as a whole, dates however they are put."""
        words = self.words & frozenset[str]().union(*map(words_with_digit, texts))
        if not self.dates:
            return Figures(words, self.dates)
        held = [moment for text in texts for moment in _moments_in(text)]
        dates = {date for date in self.dates if any(_same_day(date, one) for one in held)}
        return Figures(words, frozenset(dates))


def figures_in(question: str) -> Figures:
    """The figures of a question; the digits of a date are no words besides."""
    found = [one for one in find_moments(question) if one.moment.day]
    rest = question
    for one in reversed(found):
        rest = rest[: one.start] + " " + rest[one.end :]
    return Figures(words_with_digit(rest), frozenset(one.moment for one in found))


def words_with_digit(text: str) -> frozenset[str]:
    """The words of a text that hold a digit, signs inside them included, in lower case."""
    return frozenset(_WITH_DIGIT.findall(text.lower()))


@lru_cache(1024)
def _moments_in(text: str) -> tuple[Moment, ...]:
    return tuple(one.moment for one in find_moments(text) if one.moment.day)


def _same_day(one: Moment, other: Moment) -> bool:
    years = {one.year, other.year} - {None}
    return (one.month, one.day) == (other.month, other.day) and len(years) < 2
