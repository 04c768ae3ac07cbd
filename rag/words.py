"""Words of a text that carry its meaning: content words, numbers, names, negations."""

from __future__ import annotations

import re
from functools import cache

import Stemmer

from index.lexical import STOPWORDS

_WORD = re.compile(r"\w+(?:[.,:]\d+)*(?:['’]\w+)?")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NEGATIONS = frozenset(
    "no not never none nobody nothing neither nor nowhere without cannot hardly".split()
)
NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        (
            "zero one two three four five six seven eight nine ten eleven twelve thirteen "
            "fourteen fifteen sixteen seventeen eighteen nineteen twenty"
        ).split()
    )
}


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")


def stems(text: str) -> list[str]:
    """Content words of a text in order: lower case, English endings cut, stop words left out."""
    words = (word.lower().removesuffix("'s").removesuffix("’s") for word in _WORD.findall(text))
    return [str(_stemmer().stemWord(word)) for word in words if word not in STOPWORDS]


def numbers(text: str) -> set[str]:
    """The numbers of a text as digits, thousands separators removed, small ones in words too."""
    digits = {match.replace(",", "").rstrip(".:") for match in _NUMBER.findall(text)}
    words = {word.lower() for word in _WORD.findall(text)}
    return digits | {NUMBER_WORDS[word] for word in words & NUMBER_WORDS.keys()}


def names(text: str) -> set[str]:
    """Stems of capitalised words that do not start the text or a sentence in it."""
    found = set()
    for match in re.finditer(r"(?<![.!?:]\s)(?<!^)(?<!\n)\b[A-Z][\w’'-]+", text):
        found.update(stems(match.group()))
    return found


def negated(text: str) -> bool:
    """Does a text hold a negation?"""
    words = {word.lower().replace("’", "'") for word in _WORD.findall(text)}
    return bool(words & _NEGATIONS) or any(word.endswith("n't") for word in words)
