"""Cited words as evidence, and the comparison of words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from index.sentences import sentence_spans
from index.text.languages import language_of
from index.text.tokenizer import LATIN, content_words
from rag.types import Quote
from rag.verification.grammar import GRAMMARS
from rag.verification.words import Word, parse_words

Words = Sequence[Word]

_MIN_PREFIX = 5
_MAX_ENDING = 4
_NEAR_WORDS = 4
# Characters that a language is told by, and words from which on any language may be it.
_SAMPLE = 2000
_TELLING = 20
_PRONOUNS = frozenset(
    "he she it they his her hers its their them him this these those that who which".split()
)
_HEADING_WORDS = 8
_ENDS = re.compile(r"[.!?;:,]\s*$")
# Synonyms of one role.
_ROLES = frozenset("head director chief leader boss lead".split())
_PARTICLES = frozenset("bin ibn al el de da di del la van von".split())


@dataclass(frozen=True, slots=True)
class CitedEvidence:
    """The cited sentences, all their words, and the context that a pronoun in them may refer to:
    the names before them in their passages, none without a pronoun. `headings` are the words of the
    headings that they stand under.
    """

    sentences: tuple[Words, ...]
    words: Words
    context: Words
    headings: Words = ()

    @classmethod
    def of(cls, quotes: Sequence[Quote], language: str = "en") -> CitedEvidence:
        """The evidence of quotes in a language of GRAMMARS."""
        sentences, context = list[Words](), list[str]()
        for quote in dict.fromkeys(quotes):
            text, passage = quote.text, quote.passage
            sentences += [
                parse_words(text[start:end], language) for start, end in sentence_spans(text)
            ]
            context += [passage.heading, passage.text[: quote.start - passage.start]]
        words = tuple(word for sentence in sentences for word in sentence)
        has_pronoun = any(word.low in _PRONOUNS for word in words)
        before = parse_words("\n\n".join(context), language) if has_pronoun else ()
        headings = parse_words("\n\n".join(map(_heading_of, dict.fromkeys(quotes))), language)
        named = tuple(word for word in before if word.exact)
        return cls(tuple(sentences), words, named, headings)


def _heading_of(quote: Quote) -> str:
    """The heading of a quote's passage, and the nearest line above the quote that may be one."""
    above = quote.passage.text[: quote.start - quote.passage.start].splitlines()
    may_be = (
        line
        for line in reversed(above)
        if 0 < len(line.split()) <= _HEADING_WORDS and not _ENDS.search(line) and "|" not in line
    )
    return f"{quote.passage.heading}\n{next(may_be, '')}"


def languages_of(statement: str, quotes: Sequence[Quote]) -> tuple[str, str]:
    """The languages (ISO 639-1) of a statement and of what it cites; a statement that doesn't tell
    is in that of its evidence.
    """
    passages = dict.fromkeys(quote.passage for quote in quotes)
    words = content_words(" ".join(one.text for one in passages)[:_SAMPLE])
    # Of a few words, some are function words of Dutch or Polish by chance.
    cited = language_of(words, LATIN if len(words) >= _TELLING else GRAMMARS)
    among = GRAMMARS if cited in GRAMMARS else LATIN
    return language_of(content_words(statement), among, default=cited), cited


def without_opener(statement: str, language: str) -> str:
    """A statement without what only joins it to the one before, or tells where it is from:
    "Finally, ", "Step 2: ", "Note that ", "The documents state that ". `language` is one of
    GRAMMARS, or any other, of which nothing is known.
    """
    found = _opener(language).match(statement) if language in GRAMMARS else None
    rest = statement[found.end() :] if found else ""
    return f"{rest[:1].upper()}{rest[1:]}" if rest else statement


@cache
def _opener(language: str) -> re.Pattern[str]:
    phrases = "|".join(map(re.escape, sorted(GRAMMARS[language].openers, key=len, reverse=True)))
    phrases = phrases.replace("'", "['’]")
    joined = rf"(?:{phrases})(?: \d{{1,2}})?(?:\s*[,:–—]| that\b)"
    return re.compile(rf"\W*(?:{joined}|{GRAMMARS[language].reports})\s+", re.IGNORECASE)


def read_pair(
    statement: str, quotes: Sequence[Quote], language: str = "en"
) -> tuple[Words, CitedEvidence]:
    """The parsed statement and evidence; a name in one counts as a name in the other."""
    words, evidence = parse_words(statement, language), CitedEvidence.of(quotes, language)
    known = {word.low for word in (*words, *evidence.words) if word.name}

    def with_names(words: Words) -> Words:
        return tuple(
            replace(word, name=True) if word.may_name and word.low in known else word
            for word in words
        )

    sentences = tuple(map(with_names, evidence.sentences))
    cited = tuple(word for sentence in sentences for word in sentence)
    return with_names(words), replace(evidence, sentences=sentences, words=cited)


def same_word(a: Word, b: Word) -> bool:
    """Whether two words match: by number, stem, or as inflections of a name (Israel, Israeli)."""
    if a.number or b.number:
        return a.number == b.number
    if a.stem == b.stem:
        return bool(a.stem)
    if a.name and b.name:  # Israel and Israeli have other stems
        return _is_inflection(a.low, b.low)
    return _is_inflection(a.stem, b.stem) or (a.stem in _ROLES and b.stem in _ROLES)


def _is_inflection(a: str, b: str) -> bool:
    if a[: _MIN_PREFIX - 1] != b[: _MIN_PREFIX - 1]:  # most pairs, and this is asked very often
        return False
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    if len(short) < _MIN_PREFIX or len(long) - len(short) > _MAX_ENDING:
        return False
    # T-103 is not T-104
    return long.startswith(short[:-1]) and not any(map(str.isdigit, a + b))


def contains_word(word: Word, words: Iterable[Word]) -> bool:
    """Whether some of the words matches this one."""
    return any(same_word(word, other) for other in words)


def compared_words(words: Words) -> list[Word]:
    """The words that count in a comparison: no stopwords."""
    return [word for word in words if word.key]


def name_runs(words: Words) -> list[list[int]]:
    """Indexes of names, a run for each: Sheikh Mohammed bin Abdulrahman Al Thani."""
    found = list[list[int]]()
    for place, word in enumerate(words):
        if not word.name:
            continue
        last = found[-1][-1] if found else -1
        joined = last == place - 1 or (last == place - 2 and words[place - 1].low in _PARTICLES)
        if found and joined and words[last].clause == word.clause:
            found[-1].append(place)
        else:
            found.append([place])
    return found


def are_near(a: Word, b: Word, words: Words) -> bool:
    """Whether two words occur within a few words of each other."""
    first = [place for place, word in enumerate(words) if same_word(a, word)]
    second = [place for place, word in enumerate(words) if same_word(b, word)]
    return any(abs(i - j) <= _NEAR_WORDS for i in first for j in second)
