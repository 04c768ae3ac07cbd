"""Tokenization and stemming of texts and queries, by script and language.

A word of a script that one language stands for is stemmed as that language wherever it is, a Latin
one as the text's language. Scripts without spaces between words become character bigrams.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise

import regex
import Stemmer

from index.text.stopwords import BY_LANGUAGE, UNSPACED

LATIN = frozenset("en es fr de it pt ca nl sv da no fi hu ro pl cs tr id".split())
_ENGLISH = "en"
# Snowball's names of its stemmers.
_STEMMERS = {
    **{"en": "english", "es": "spanish", "fr": "french", "de": "german", "it": "italian"},
    **{"pt": "portuguese", "ca": "catalan", "nl": "dutch", "sv": "swedish", "da": "danish"},
    **{"no": "norwegian", "fi": "finnish", "hu": "hungarian", "ro": "romanian", "pl": "polish"},
    **{"cs": "czech", "tr": "turkish", "id": "indonesian", "ru": "russian", "el": "greek"},
    **{"ar": "arabic", "hi": "hindi", "hy": "armenian", "ta": "tamil"},
}
# First code point of each script, and the language that stands for it; "" is Latin, or any other.
_SCRIPTS = (
    *((0x0, ""), (0x370, "el"), (0x400, "ru"), (0x530, "hy"), (0x590, "he"), (0x600, "ar")),
    *((0x700, ""), (0x750, "ar"), (0x780, ""), (0x900, "hi"), (0x980, ""), (0xB80, "ta")),
    *((0xC00, ""), (0xE00, "th"), (0xE80, "lo"), (0xF00, ""), (0x1000, "my"), (0x10A0, "ka")),
    *((0x1100, "ko"), (0x1200, ""), (0x1780, "km"), (0x1800, ""), (0x1F00, "el"), (0x2000, "")),
    *((0x3005, "zh"), (0x3040, "ja"), (0x3100, ""), (0x3400, "zh"), (0xA000, ""), (0xAC00, "ko")),
    *((0xD7B0, ""), (0xF900, "zh"), (0xFB00, ""), (0x20000, "zh"), (0x32000, "")),
)
_STARTS = tuple(start for start, _ in _SCRIPTS)
_BIGRAM_SCRIPTS = frozenset("zh ja ko th lo km my".split())
# Scripts that put no space between words, and Korean, which ends words in many ways.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
# Four times as slow as the one above, so it is for texts that may hold such scripts.
_HAS_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u2e80-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff]"
)
_WORD_OR_RUN = regex.compile(
    rf"[[{_UNSPACED}]&&[\p{{L}}\p{{M}}\p{{N}}]]+|[[\p{{L}}\p{{M}}\p{{N}}]--[{_UNSPACED}]]+",
    regex.V1,
)
# Stopwords, and Japanese particles between what are words for sure.
_NOUN = r"[\p{Han}\p{Katakana}ー\p{Latin}\d]"
_UNSPACED_STOPWORDS = regex.compile(
    rf"{'|'.join(map(re.escape, UNSPACED))}|(?<={_NOUN})[はがをにのへとでも](?={_NOUN})"
)
_CLUSTER = regex.compile(r"\X")
_LONGEST_WORD = 60
# Raised digits behind a number, marks or powers, which are none of its digits.
_RAISED = re.compile(r"(?<=\d)[⁰¹²³⁴-⁹]+")
# Accents, vowel points and lengthening strokes; the vowel signs of Indic scripts are letters.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0640\u064b-\u065f\u0670]")
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
)


def words_of(text: str) -> list[str]:
    """Words of a text in order, in lower case; of scripts without spaces, all up to the next mark.

    Forms that only look different (full width, ligatures) are made alike.
    """
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    text = unicodedata.normalize("NFKC", _RAISED.sub(" ", text)).lower()
    pattern = _WORD_OR_RUN if _HAS_UNSPACED.search(text) else _WORD
    return list(pattern.findall(text))


def content_words(text: str) -> list[str]:
    """The same, where scripts without spaces are also cut at stopwords."""
    if not text.isascii() and _HAS_UNSPACED.search(text):
        text = _UNSPACED_STOPWORDS.sub(" ", unicodedata.normalize("NFKC", text))
    return words_of(text)


def terms_of(words: Sequence[str], language: str) -> list[str]:
    """Words as they are indexed in a text of that language, in order."""
    return [term for word in words for term in terms_of_word(word, language)]


@lru_cache(1 << 16)
def terms_of_word(word: str, language: str) -> tuple[str, ...]:
    """A word as it is indexed in a text of that language; none if it is too long for one."""
    script = script_of(word[0])
    if script in _BIGRAM_SCRIPTS:
        return _bigrams(word)
    if len(word) > _LONGEST_WORD:
        return ()
    stemmer = _stemmer(script or (language if language in LATIN else _ENGLISH))
    return (fold(stemmer.stemWord(word) if stemmer else word),)


def _bigrams(run: str) -> tuple[str, ...]:
    """Character bigrams; a Chinese character also alone, since it may be a word."""
    clusters = _CLUSTER.findall(run)
    alone = [c for c in clusters if len(clusters) == 1 or script_of(c[0]) == "zh"]
    return (*alone, *(first + second for first, second in pairwise(clusters)))


@cache
def _stemmer(language: str) -> Stemmer.Stemmer | None:
    # Its own cache is not needed beside the one above.
    return Stemmer.Stemmer(_STEMMERS[language], 0) if language in _STEMMERS else None


@lru_cache(1 << 12)
def script_of(character: str) -> str:
    """The language that stands for a character's script, "" for Latin and what is no script."""
    return _SCRIPTS[bisect(_STARTS, ord(character)) - 1][1]


def fold(word: str) -> str:
    """A word without diacritics; letters like ø and ß by their usual spelling."""
    if word.isascii():
        return word
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", word)).translate(_LETTERS)
    return unicodedata.normalize("NFC", bare)


@cache
def stopwords_of(language: str) -> frozenset[str]:
    """The stopwords of a language, without accents; English ones if it is unknown."""
    return frozenset(map(fold, BY_LANGUAGE.get(language, BY_LANGUAGE[_ENGLISH])))
