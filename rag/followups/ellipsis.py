"""Elliptic follow-ups: "And the CIA?" after a question about Mossad.

The new name replaces the old one in the previous question. Names are recognised by capitals and
digits, so this works for scripts and names that have them; any other follow-up is left to the
blending in `rag.followups.condense`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from index.text.tokenizer import LATIN, fold, stopwords_of

_ARTICLES = (
    "the|a|an|el|la|los|las|un|una|le|les|une|der|die|das|den|dem|des|il|lo|gli|i|o|os|as|het|de"
)
# Prepositions that say where or when, of the languages whose conjunctions are known here.
_PLACING = (
    "in|on|at|from|to|by|under|during|before|after|since|near|en|desde|hasta|à|au|dans|depuis|"
    "im|am|bei|seit|nach|vor|nel|nella|da|em|no|na|op|bij"
)
# These are said of anything, so what follows them may take the place of any name.
_LOOSE = "for|of|about|with|para|por|con|de|pour|avec|für|mit|von|per|di|com|voor|met|van"
_OPENER = (
    r"(?:(?:and|but|so|or|okay|ok|then|y|pero|et|mais|und|aber|e|ma|mas|en|maar)\b[,\s]*)*"
    r"(?:(?:what|how)\s+about|what\s+of|qué\s+(?:hay\s+de|tal)|qu['’]en\s+est-il\s+de|"
    r"was\s+ist\s+mit)?"
)
_CAPITAL = r"(?:(?:[A-Z]\.){2,}|(?!\d)[^\W_a-zß-öø-ÿ][\w&®-]*)"
_PART = rf"(?!I\b){_CAPITAL}(?:\s+(?:(?:de|del|von|van|al|bin|ibn)\s+)?(?:{_CAPITAL}|\d+\b))*"
_WHOLE = rf"{_PART}(?:\s+of\s+(?:the\s+)?{_PART})*"
_NUMBER = r"\d[\d.,:]*(?<![.,:])(?:s|th|st|nd|rd)?\b"
_ARTICLE = rf"(?:(?i:\b(?:{_ARTICLES})\s+)|\b[lL]['’])?"
_PREPOSITION = rf"(?:\b(?P<preposition>(?i:{_PLACING}|{_LOOSE}))\s+)?"
_ELLIPTIC = re.compile(
    rf"[¿\s]*(?P<opener>(?i:{_OPENER}))\s*{_PREPOSITION}"
    rf"(?P<new>{_ARTICLE}{_WHOLE}|(?:(?P<unit>[^\W\d]+)\s+)?(?P<number>{_NUMBER}))"
    r"(?P<tail>\s+\w+)??(?:,?\s+(?i:then|instead|too|as\s+well))?\s*[?.!]*\s*"
)
_FIRST = re.compile(r"\w+")
_END = re.compile(r"[\s?.!]*$")
_MOST_CANDIDATES = 6


@dataclass(frozen=True, slots=True)
class _NameSpan:
    """The span of a name in a question, and the preposition before it, or ""."""

    start: int
    end: int
    preposition: str


def resolve_ellipsis(question: str, before: str, score: Callable[[str], float]) -> str:
    """The previous question with the new name in place of an old one; "" if the question is no such
    follow-up. Of several candidates the best by `score` is taken, the cosine of a question to its
    nearest passage.
    """
    found = _ELLIPTIC.fullmatch(question)
    if not found or not found["opener"].strip() or not before:
        return ""
    new, preposition = found["new"], (found["preposition"] or "").lower()
    tail = (found["tail"] or "").strip()
    if _contains(before, new) or (tail and not _contains(before, tail)):
        return ""
    places = _name_spans(before, found["number"], found["unit"])
    alike = [place for place in places if preposition and place.preposition == preposition]
    if not alike and preposition and not re.fullmatch(_LOOSE, preposition):
        return f"{_END.sub('', before)} {preposition} {new}?"
    whole = [_with_name(before, place, new, tail) for place in (alike or places)[:_MOST_CANDIDATES]]
    return max(whole, key=score) if len(whole) > 1 else "".join(whole)


def _contains(text: str, words: str) -> bool:
    return re.search(rf"\b{re.escape(words)}\b", text, re.IGNORECASE) is not None


def _name_spans(text: str, number: str | None, unit: str | None) -> list[_NameSpan]:
    """The spans of names in a question, or of numbers (after their unit, if there is one)."""
    if number:
        before = rf"{re.escape(unit)}\s+" if unit else ""
        return list(_matches(rf"(?i:{before}){_NUMBER}", text, 0))
    # A question is too short to tell its language, so the first word may be one of any.
    first = _FIRST.search(text)
    opens = first and any(fold(first[0].lower()) in stopwords_of(each) for each in sorted(LATIN))
    start = first.end() if first and opens else 0
    # A name with "of" in it may be one or two: "the Bank of England", "the Pope of Rome".
    return list(dict.fromkeys([*_matches(_WHOLE, text, start), *_matches(_PART, text, start)]))


def _matches(pattern: str, text: str, start: int) -> Iterator[_NameSpan]:
    for found in re.compile(rf"{_PREPOSITION}(?P<old>{_ARTICLE}\b{pattern})").finditer(text, start):
        yield _NameSpan(*found.span("old"), (found["preposition"] or "").lower())


def _with_name(text: str, place: _NameSpan, new: str, tail: str) -> str:
    """The text with the new words at a span and at later occurrences of the old ones."""
    old = text[place.start : place.end]
    rest = re.sub(rf"\b{re.escape(old)}\b", lambda _: new, text[place.end :])
    if tail and not rest.lstrip().lower().startswith(tail.lower()):
        new = f"{new} {tail}"
    return f"{text[: place.start]}{new}{rest}"
