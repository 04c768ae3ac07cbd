"""What a question says, whatever table it is asked of: words, amounts, dates and operations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from index.tables.dates import Found, Moment, find_moments
from index.tables.numbers import Amount, parse_number
from index.tables.units import DURATION, unit_of
from index.text.english import NUMBER_WORDS
from index.text.tokenizer import fold, stopwords_of, terms_of_word
from rag.tables.reading.operators import (
    Aggregate,
    Degree,
    aggregates,
    degrees,
    is_light,
    wants_pair,
)
from rag.tables.reading.periods import find_periods

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"(?<![\w.,-])[€$£]?\s?(\d[\d.,]*\d|\d)(?:st|nd|rd|th)?(?![\w-])")
_IS = re.compile(r"\b(what|who|where|when|how)s\b", re.IGNORECASE)
# What is so now needs no word for it in a table of the present.
_NOW = re.compile(
    r"\b(?:right now|just now|now|at the moment|at present|so far|already|yet)\b", re.IGNORECASE
)
# "An hour" and parts of one, each with how much of it that is.
_TIMES = re.compile(
    r"\b(?:(?P<part>half(?: an?)?|(?:a |one )?quarter of an?|three[- ]quarters of an?)|an?|one)"
    r"[ -](?P<unit>[^\W\d_]{3,})(?P<more> and a half)?\b",
    re.IGNORECASE,
)
_SHARES = {"h": 0.5, "t": 0.75}
_AND_A_HALF = re.compile(r"\s+and\s+a\s+half\b", re.IGNORECASE)
_NOT = re.compile(r"n['’]t\b", re.IGNORECASE)
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_BEFORE = (
    (">=", r"(?:at least|no less than|not less than|a minimum of|since|starting|≥|>=)"),
    ("<=", r"(?:at most|up to|no more than|not more than|a maximum of|until|≤|<=)"),
    (
        "<",
        r"(?:under|below|less than|fewer than|before|earlier than|(?:cheap|light|short|low|small"
        r"|young|cold|cool)er than|<)",
    ),
    (">", r"(?:over|above|more than|greater than|after|later than|exceed(?:s|ing)?|\w+er than|>)"),
)
_BETWEEN = re.compile(r"between\s+(?:the\s+)?$")
_FROM = re.compile(r"\bfrom\s+(?:the\s+)?$", re.IGNORECASE)
_TO = re.compile(r"\s*(?:to|until|till|through|-|–)\s*(?:the\s+)?", re.IGNORECASE)
_AFTER = (
    (">=", re.compile(r"\s*(?:or|and) (?:more|above|over|later|higher|longer)\b")),
    ("<=", re.compile(r"\s*(?:or|and) (?:less|below|under|earlier|lower|fewer)\b")),
)


# Behind these, a word that is only a part of a column's name is what rows are, not what they have.
OF_ROWS = frozenset("which what all every each many".split())
_ASK_FOR_ROWS = frozenset("many which what list show all".split())


@dataclass(frozen=True, slots=True)
class QuestionWord:
    """A word: its stem and where it stands (characters).

    `stop` tells that it is a function word, `empty` that it is one or else says nothing about rows.
    """

    text: str
    stem: str
    start: int
    end: int
    stop: bool
    empty: bool


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or a moment of a question, how it limits ("=", ">", ...), and its characters.

    `upper` is the other end of "between ... and ..."; `ordinal` says "third", not "three". `soft`
    is an amount that need not be one: "an hour" of "open an hour" or of "60 minutes".
    """

    value: Amount | Moment
    operator: str
    start: int
    end: int
    upper: Amount | Moment | None = None
    ordinal: bool = False
    core: tuple[int, int] = (0, 0)
    soft: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question read: its tokens, quantities, operations and degrees, in order of the text."""

    text: str
    tokens: tuple[QuestionWord, ...]
    quantities: tuple[Quantity, ...]
    aggregates: tuple[tuple[Aggregate, int, int], ...]
    degrees: tuple[Degree, ...]

    def within(self, start: int, end: int) -> range:
        """Places of the tokens between two characters."""
        places = [at for at, one in enumerate(self.tokens) if one.start < end and start < one.end]
        return range(places[0], places[-1] + 1) if places else range(0)


def stem_of(word: str) -> str:
    """A word's stem, without case and accents."""
    terms = terms_of_word(fold(word.lower()), "en")
    return terms[0] if terms else word.lower()


def read_question(text: str, today: date | None = None) -> Question:
    """Read a question, asked today unless another day is given."""
    text = _NOW.sub("", _IS.sub(r"\1 is", _NOT.sub(" not", text)))
    text = " ".join(text.split())
    tokens = tuple(_token(match[0], match.start(), match.end()) for match in _WORD.finditer(text))
    quantities = sorted(_quantities(text, today or date.today()), key=lambda one: one.start)
    quantities = _ranges(text, quantities) if not wants_pair(text) else _alone(quantities)
    return Question(text, tokens, tuple(quantities), tuple(aggregates(text)), tuple(degrees(text)))


def plural_head(question: Question) -> int | None:
    """The place of the plural that "how many", "which" or "list" asks for, if it is a plain one."""
    tokens = question.tokens
    words = [token.text.lower() for token in tokens]
    start = next((at for at, word in enumerate(words) if word in _ASK_FOR_ROWS), None)
    head = None
    for place in range(len(tokens) if start is None else start + 1, len(tokens)):
        if words[place].endswith("s") and tokens[place].stem != words[place]:
            head = place
        elif tokens[place].empty and words[place] not in OF_ROWS | {"the", "different", "of"}:
            break
    return head


def _token(word: str, start: int, end: int) -> QuestionWord:
    stop = says_nothing(word)
    return QuestionWord(word, stem_of(word), start, end, stop, stop or is_light(word.lower()))


def says_nothing(word: str) -> bool:
    """Whether a word is a function word."""
    return fold(word.lower()) in stopwords_of("en")


def _quantities(text: str, today: date) -> list[Quantity]:
    found = [_spanned(text, one, upper) for one, upper in find_periods(text, today)]
    for one in [own for own in find_moments(text) if _free(found, own.start, own.end)]:
        last = found[-1] if found else None
        joins = last and re.fullmatch(r",? (?:at )?", text[last.core[1] : one.start])
        if last and joins and isinstance(last.value, Moment) and one.moment.time:
            both = replace(last.value, time=one.moment.time)
            found[-1] = replace(last, value=both, end=one.end, core=(last.core[0], one.end))
        else:
            found.append(_compared(text, one.moment, one.start, one.end))
    for match in _NUMBER.finditer(text):
        if _free(found, match.start(), match.end()):
            amount = parse_number(match[1].rstrip(".,"))
            if amount:
                found.append(_measured(text, amount, match))
    return found + _numbers_in_words(text, found)


def _numbers_in_words(text: str, taken: list[Quantity]) -> list[Quantity]:
    """Numbers that are written out, and ordinals, where nothing else stands."""
    found = [one for one in _times(text) if _free(taken, one.start, one.end)]
    taken = [*taken, *found]
    for match in _WORD.finditer(text.lower()):
        ordinal = match[0] in ORDINALS
        value = ORDINALS.index(match[0]) + 1 if ordinal else NUMBER_WORDS.get(match[0])
        # "one" mostly is no number, and the first is also a superlative.
        if value is not None and match[0] != "one" and _free(taken, match.start(), match.end()):
            found.append(replace(_worded(text, float(value), match, ordinal), ordinal=ordinal))
    return found


def _worded(text: str, value: float, match: re.Match[str], ordinal: bool) -> Quantity:
    """A number that is written out, with a half and the unit that follow it."""
    end, unit = match.end(), None
    if half := _AND_A_HALF.match(text, end):
        value, end = value + 0.5, half.end()
    following = re.compile(r"\s([^\W\d_]{3,})").match(text, end)
    if following and not ordinal and (unit := unit_of(following[1])):
        end = following.end()
    return _compared(text, Amount(value, unit=unit), match.start(), end)


def _spanned(text: str, first: Found, last: Moment) -> Quantity:
    """A span of time: rows in it, or before or after it."""
    quantity = _compared(text, first.moment, first.start, first.end)
    if quantity.operator in {"=", "between"}:
        return replace(quantity, operator="between", upper=last, start=first.start)
    is_end = quantity.operator in {">", "<="}
    return replace(quantity, value=last if is_end else first.moment)


def _times(text: str) -> Iterator[Quantity]:
    """ "An hour", "half an hour" and "an hour and a half"; other units than those of time only as a
    limit: "longer than a metre".
    """
    for match in _TIMES.finditer(text):
        unit, part = unit_of(match["unit"]), (match["part"] or "").lower()
        if unit is None:
            continue
        share = _SHARES.get(part[:1], 0.25) if part else 1.0
        value = Amount(share + (0.5 if match["more"] else 0.0), unit=unit)
        one = _compared(text, value, match.start(), match.end())
        if one.operator != "=" or unit.dimension == DURATION:
            yield replace(one, soft=one.operator == "=")


def _free(found: list[Quantity], start: int, end: int) -> bool:
    return all(end <= other.start or other.end <= start for other in found)


def _measured(text: str, amount: Amount, match: re.Match[str]) -> Quantity:
    """A number with the unit and the scale that follow it, or the sign before it."""
    end, unit, scale = match.end(), unit_of(match[0][0]), 1.0
    ordinal = match[0][-1:].isalpha()
    following = re.match(r"\s?(thousand|million|billion|k|m|bn)\b", text[end:])
    if following and (len(following[1]) > 2 or following[0][0] != " "):
        scale = {"t": 1e3, "k": 1e3, "m": 1e6, "b": 1e9}[following[1][0]]
        end += following.end()
    # "2025 in total" has no inches.
    for pattern in (r"\s?([^\W\d_]+ [^\W\d_]+)\b", r"\s?([°%€$£]?[^\W\d_]*)"):
        word = re.match(pattern, text[end:])
        if word and word[1] and not says_nothing(word[1]) and (own := unit_of(word[1])):
            unit, end = own, end + word.end()
            break
    value = replace(amount, value=amount.value * scale, unit=unit)
    return replace(_compared(text, value, match.start(), end), ordinal=ordinal)


def _compared(text: str, value: Amount | Moment, start: int, end: int) -> Quantity:
    before, after = text[:start].lower(), text[end:].lower()
    if _BETWEEN.search(before):
        return Quantity(value, "between", _BETWEEN.search(before).start(), end, core=(start, end))  # type: ignore[union-attr]
    for operator, pattern in _BEFORE:
        match = re.search(rf"(?:^|(?<=\W)){pattern}\s*(?:the\s+)?$", before)
        if match:
            return Quantity(value, operator, match.start(), end, core=(start, end))
    for operator, following in _AFTER:
        match = following.match(after)
        if match:
            return Quantity(value, operator, start, end + match.end(), core=(start, end))
    return Quantity(value, "=", start, end, core=(start, end))


def _ranges(text: str, quantities: list[Quantity]) -> list[Quantity]:
    """Both ends of each "between ... and ..." and "from ... to ..." as one."""
    found = list[Quantity]()
    for one in quantities:
        last = found[-1] if found else None
        opens = last and last.operator == "between" and last.upper is None
        start = _FROM.search(text[: last.core[0]]) if last and not last.upper else None
        if last and opens and text[last.end : one.start].strip().lower() == "and":
            found[-1] = replace(last, upper=one.value, end=one.end)
        elif last and start and _TO.fullmatch(text[last.core[1] : one.core[0]]):
            found[-1] = replace(
                last, operator="between", upper=one.value, start=start.start(), end=one.core[1]
            )
        else:
            found.append(one)
    return _alone(found)


def _alone(quantities: list[Quantity]) -> list[Quantity]:
    """One end of a range without the other is a value."""
    return [
        replace(one, operator="=") if one.operator == "between" and one.upper is None else one
        for one in quantities
    ]
