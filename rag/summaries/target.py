"""What a summary is asked of: a document by name or title, a topic, or the whole folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from rapidfuzz import fuzz

from index.catalog.reader import DocumentInfo
from index.tables.dates import Found, find_moments
from rag.intents.classifier import load_weights

_WORD = re.compile(r"\w+")
# ".md" of "api.md", but neither the dot of "2.5" nor that of a sentence.
_NAME_END = re.compile(r"(?<=\w)\.[^\W\d]\w*")
# How well a name must fit the words of a question, 0..100.
_NAMED = 88.0
# Or what share of the words of a name, two of them at least, a question must have.
_MOST_OF_NAME = 0.6


def named_documents(
    question: str, documents: Sequence[DocumentInfo], terms: Callable[[str], Sequence[str]]
) -> list[DocumentInfo]:
    """The documents that a question names by path, file name or title, best first.

    `terms` gives the stems of a text's content words. A name of one ordinary word counts only if
    every one of its stems is in the question. Where a question tells a month or a day, documents
    whose names hold that date go before others, found by the rest of their names.
    """
    moments = [one for one in find_moments(question) if one.moment.month]
    dated = [one for one in documents if _is_dated(one, moments)] if moments else []
    rest = _without(question, moments)
    return _named(rest, dated, terms, _undated) or _named(question, documents, terms)


def _is_dated(document: DocumentInfo, asked: Sequence[Found]) -> bool:
    """Whether a document's title or file name holds a date that is asked for."""
    held = find_moments(document.title) + find_moments(PurePosixPath(document.path).stem)
    return any(
        one.moment.month == other.moment.month
        and other.moment.day in {None, one.moment.day}
        and other.moment.year in {None, one.moment.year}
        for one in held
        for other in asked
    )


def _undated(name: str) -> str:
    return _without(name, find_moments(name))


def _without(text: str, moments: Sequence[Found]) -> str:
    """A text without its dates."""
    for one in reversed(moments):
        text = f"{text[: one.start]} {text[one.end :]}"
    return text


def _named(
    question: str,
    documents: Sequence[DocumentInfo],
    terms: Callable[[str], Sequence[str]],
    shown: Callable[[str], str] = str,
) -> list[DocumentInfo]:
    """The documents that a question names best; `shown` gives of a name what may be named."""
    asked, words = " ".join(_WORD.findall(question.lower())), set(terms(question))
    names = [(shown(PurePosixPath(one.path).stem), shown(one.title)) for one in documents]
    scored = [
        (_fit(question.lower(), asked, words, one.path, name, terms), one)
        for one, name in zip(documents, names, strict=True)
    ]
    best = max((score for score, _ in scored), default=0.0)
    if best < _NAMED:
        return []
    return [one for score, one in scored if score >= best - 1e-9]


def names_only_a_file(question: str, documents: Callable[[], Sequence[DocumentInfo]]) -> bool:
    """Whether a question has no words but a file's name and those that questions are put in.

    The documents are listed only where the question may end in a name: listing 10,000 takes longer
    than an answer.
    """
    low, known = question.lower(), load_weights().vocabulary
    ends = [found.end() for found in _NAME_END.finditer(low)]
    if not ends or not all(word in known for word in _WORD.findall(low[ends[-1] :])):
        return False
    names = (document.path.rpartition("/")[2].lower() for document in documents())
    name = max((name for name in names if "." in name and name in low), key=len, default="")
    return bool(name) and all(word in known for word in _WORD.findall(low.replace(name, " ")))


def _fit(
    question: str,
    asked: str,
    words: set[str],
    path: str,
    names: tuple[str, str],
    terms: Callable[[str], Sequence[str]],
) -> float:
    file = PurePosixPath(path).name.lower()
    if file in question:
        return 200.0 + len(file)
    stem, title = names
    both = [" ".join(_WORD.findall(stem.lower())), title.lower()]
    return max((_name_fit(asked, words, name, terms) for name in both if name), default=0.0)


def _name_fit(
    asked: str, words: set[str], name: str, terms: Callable[[str], Sequence[str]]
) -> float:
    own = set(terms(name))
    if not own:
        return 0.0
    shared = len(own & words)
    if own <= words or (shared > 1 and shared >= _MOST_OF_NAME * len(own)):
        return 100.0 + shared + 0.5 * (own <= words)
    return float(fuzz.partial_ratio(name, asked)) if len(name) > 8 and own & words else 0.0
