"""Spelling of a question's words, mended against the words of the index.

A word is taken for misspelt if the index does not hold it and the embedding model's vocabulary does
not either: "vacation" is one WordPiece token and stays, "vacaton" is several.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from rapidfuzz import process
from rapidfuzz.distance import OSA

from index.snapshots import Text

_WORD = re.compile(r"[^\W\d_]+")
# Shorter words have too many neighbours; longer ones may have two letters wrong.
_SHORTEST, _LONG = 4, 6
# Stems of the same word differ in their ends as well.
_STEM_DISTANCE = 3
_SHORTEST_PART, _MOST_TEXTS = 2, 50
_MOST_TERMS = 50_000
_CANDIDATES = 8
_TEXTS = 3
_SUPERLATIVE = "est"


class Vocabulary(Protocol):
    """What is known of the words of an index."""

    def vocabulary(self, prefix: str, limit: int) -> list[tuple[str, int]]: ...  # noqa: D102
    def search_words(self, query: str, k: int) -> list[tuple[str, float]]: ...  # noqa: D102
    def keys_with(self, term: str, k: int) -> list[str]: ...  # noqa: D102
    def terms(self, text: str) -> list[str]: ...  # noqa: D102
    def texts(self, keys: Sequence[str]) -> dict[str, Text]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Spelled:
    """A question with its spelling mended, and each word that was with what it became."""

    text: str
    corrections: tuple[tuple[str, str], ...]


def mend_spelling(
    question: str,
    index: Vocabulary,
    count_tokens: Callable[[Sequence[str]], list[int]],
    known: Set[str] = frozenset(),
) -> Spelled:
    """The question with misspelt words replaced by the nearest words of the index, and words that
    it writes as two parted.

    Names are left alone: a word with a capital inside a question is not mended. `count_tokens`
    counts the embedding model's tokens in each text. `known` are words in small letters that are
    right whatever the index holds.
    """
    corrections = dict[str, str]()
    for place, match in enumerate(_WORD.finditer(question)):
        word = match[0]
        if len(word) < _SHORTEST or (place and word[0].isupper()) or word in corrections:
            continue
        if word.lower() in known:
            continue
        if not index.terms(word) or index.search_words(word, 1):
            continue
        if parted := _parted(word.lower(), index):
            corrections[word] = parted
            continue
        # "Fewest" is a form of a word that the model knows.
        if 1 in count_tokens([word.lower(), word.lower().removesuffix(_SUPERLATIVE)]):
            continue
        if nearest := _nearest(word.lower(), index):
            corrections[word] = nearest
    text = _WORD.sub(lambda match: corrections.get(match[0], match[0]), question)
    return Spelled(text, tuple(corrections.items()))


def _parted(word: str, index: Vocabulary) -> str:
    """A word as the two that the index writes it with: "check out" for "checkout", or ""."""
    for at in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        first, second = word[:at], word[at:]
        if not index.terms(first):
            continue
        pattern = re.compile(rf"\b{first}[- ]{second}", re.IGNORECASE)
        texts = index.texts(index.keys_with(index.terms(first)[0], _MOST_TEXTS)).values()
        if any(pattern.search(text.passage.embedding_text) for text in texts):
            return f"{first} {second}"
    return ""


def _nearest(word: str, index: Vocabulary) -> str:
    """The word of the index with the fewest edits, "" if none is near; ties go to the alphabet."""
    limit = 1 if len(word) < _LONG else 2
    stem = index.terms(word)[0]
    known = dict(index.vocabulary(stem[:1], _MOST_TERMS))
    near = process.extract(
        stem, known.keys(), scorer=OSA.distance, score_cutoff=_STEM_DISTANCE, limit=_CANDIDATES
    )
    found = {
        (OSA.distance(word, surface, score_cutoff=limit), surface)
        for term, _, _ in near
        for surface in _surfaces(term, index)
    }
    best = min(found, default=(limit + 1, ""))
    return best[1] if best[0] <= limit else ""


def _surfaces(term: str, index: Vocabulary) -> Iterator[str]:
    """The words with a term as they stand in the first texts that hold it."""
    for text in index.texts(index.keys_with(term, _TEXTS)).values():
        for match in _WORD.finditer(text.passage.embedding_text):
            word = match[0].lower()
            if word[:1] == term[:1] and abs(len(word) - len(term)) <= _STEM_DISTANCE + 1:
                yield word
