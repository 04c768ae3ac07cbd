"""What a summary is asked of: a document by name or title, a topic, or the whole folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from rapidfuzz import fuzz

from index.catalog.reader import DocumentInfo
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
    every one of its stems is in the question.
    """
    asked, words = " ".join(_WORD.findall(question.lower())), set(terms(question))
    scored = [(_fit(question.lower(), asked, words, one, terms), one) for one in documents]
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
    document: DocumentInfo,
    terms: Callable[[str], Sequence[str]],
) -> float:
    path = PurePosixPath(document.path)
    if path.name.lower() in question:
        return 200.0 + len(path.name)
    names = [" ".join(_WORD.findall(path.stem.lower())), document.title.lower()]
    return max(_name_fit(asked, words, name, terms) for name in names if name)


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
