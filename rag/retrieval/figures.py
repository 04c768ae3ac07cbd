"""Numbers, identifiers and dates that a question names, and which of them a text holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from index.tables.dates import Moment, find_moments

_DIGIT = re.compile(r"\d")
_WITH_DIGIT = re.compile(r"(?<![^\W_])(?:(?<=\w)[.,:/-](?=\w)|[^\W_])*\d(?:[.,:/-](?=\w)|\w)*")
# A name as programs and settings have them: NO_PROXY, trust_env, httpx.Client, AsyncClient, --json.
_IDENTIFIER = re.compile(
    r"(?<![\w-])--?[a-zA-Z][\w-]*|\b(?=\w*_)(?=\w*[^\W_])\w+\b"
    r"|\b[^\W\d]{2,}(?:\.[^\W\d]\w+)+\b|\b[A-Z]?[a-z]+(?:[A-Z][a-z]+)+\b"
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Words with a digit, identifiers, both in lower case, and dates of a day and a month, each of
    which is one. False if there are none.
    """

    words: frozenset[str]
    dates: frozenset[Moment]
    identifiers: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.words) + len(self.dates) + len(self.identifiers)

    def __sub__(self, other: Figures) -> Figures:
        return Figures(
            self.words - other.words,
            self.dates - other.dates,
            self.identifiers - other.identifiers,
        )

    def within(self, *texts: str) -> Figures:
        """Those that stand in some of the texts: words as a whole, dates however they are put."""
        held = map(words_with_digit, texts if self.words else ())
        words = self.words & frozenset[str]().union(*held)
        low = [text.lower() for text in texts] if self.identifiers else []
        names = {name for name in self.identifiers if any(_holds(text, name) for text in low)}
        if not self.dates:
            return Figures(words, self.dates, frozenset(names))
        moments = [moment for text in texts for moment in _moments_in(text)]
        dates = {date for date in self.dates if any(_same_day(date, one) for one in moments)}
        return Figures(words, frozenset(dates), frozenset(names))


def figures_in(question: str) -> Figures:
    """The figures of a question; the digits of a date are no words besides."""
    found = [one for one in find_moments(question) if one.moment.day]
    rest = question
    for one in reversed(found):
        rest = rest[: one.start] + " " + rest[one.end :]
    words = words_with_digit(rest)
    names = frozenset(name.lower() for name in _IDENTIFIER.findall(rest))
    return Figures(words, frozenset(one.moment for one in found), names - words)


def _holds(text: str, name: str) -> bool:
    """Whether a text holds a name as a whole; both are in lower case."""
    at = text.find(name)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(name) : at + len(name) + 1]
        if not (before.isalnum() or before == "_" or after.isalnum() or after == "_"):
            return True
        at = text.find(name, at + 1)
    return False


def words_with_digit(text: str) -> frozenset[str]:
    """The words of a text that hold a digit, signs inside them included, in lower case."""
    # Most texts have none, and most words; looking for whole ones takes ten times as long.
    if not _DIGIT.search(text):
        return frozenset()
    some = filter(_DIGIT.search, text.lower().split())
    return frozenset(word for one in some for word in _WITH_DIGIT.findall(one))


@lru_cache(1024)
def _moments_in(text: str) -> tuple[Moment, ...]:
    return tuple(one.moment for one in find_moments(text) if one.moment.day)


def _same_day(one: Moment, other: Moment) -> bool:
    years = {one.year, other.year} - {None}
    return (one.month, one.day) == (other.month, other.day) and len(years) < 2
