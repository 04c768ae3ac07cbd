"""What a statement is compared with, and when two words are the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from index.sentences import sentence_spans
from rag.types import Quote
from rag.verification.words import Word, parse_words

Words = Sequence[Word]

_MIN_PREFIX = 5
_MAX_ENDING = 4
_NEAR_WORDS = 4
_PRONOUNS = frozenset(
    "he she it they his her hers its their them him this these those that who which".split()
)
# Different words for the same role.
_ROLES = frozenset("head director chief leader boss lead".split())
_PARTICLES = frozenset("bin ibn al el de da di del la van von".split())


@dataclass(frozen=True, slots=True)
class CitedEvidence:
    """The cited sentences, all their words, and what a pronoun in them may stand for: the names
    before them in their passages, none without a pronoun.
    """

    sentences: tuple[Words, ...]
    words: Words
    context: Words

    @classmethod
    def of(cls, quotes: Sequence[Quote]) -> CitedEvidence:
        """The evidence that quotes are."""
        sentences, context = list[Words](), list[str]()
        for quote in dict.fromkeys(quotes):
            text, passage = quote.text, quote.passage
            sentences += [parse_words(text[start:end]) for start, end in sentence_spans(text)]
            context += [passage.heading, passage.text[: quote.start - passage.start]]
        words = tuple(word for sentence in sentences for word in sentence)
        points_back = any(word.low in _PRONOUNS for word in words)
        before = parse_words("\n\n".join(context)) if points_back else ()
        return cls(tuple(sentences), words, tuple(word for word in before if word.exact))


def read_pair(statement: str, quotes: Sequence[Quote]) -> tuple[Words, CitedEvidence]:
    """A statement and its evidence, read; a name in one is a name where it opens the other."""
    said, evidence = parse_words(statement), CitedEvidence.of(quotes)
    known = {word.low for word in (*said, *evidence.words) if word.name}

    def settled(words: Words) -> Words:
        return tuple(
            replace(word, name=True) if word.may_name and word.low in known else word
            for word in words
        )

    sentences = tuple(map(settled, evidence.sentences))
    words = tuple(word for sentence in sentences for word in sentence)
    return settled(said), CitedEvidence(sentences, words, evidence.context)


def same_word(a: Word, b: Word) -> bool:
    """Whether two words mean the same: by number, by stem, or as Israel and Israeli."""
    if a.number or b.number:
        return a.number == b.number
    if a.stem == b.stem:
        return bool(a.stem)
    if a.name and b.name:  # Israel and Israeli have other stems
        return _is_inflection(a.low, b.low)
    return _is_inflection(a.stem, b.stem) or (a.stem in _ROLES and b.stem in _ROLES)


def _is_inflection(a: str, b: str) -> bool:
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    if len(short) < _MIN_PREFIX or len(long) - len(short) > _MAX_ENDING:
        return False
    # T-103 is not T-104
    return long.startswith(short[:-1]) and not any(map(str.isdigit, a + b))


def contains_word(word: Word, words: Iterable[Word]) -> bool:
    """Whether some word means the same."""
    return any(same_word(word, other) for other in words)


def compared_words(words: Words) -> list[Word]:
    """The words that are compared."""
    return [word for word in words if word.key]


def name_runs(words: Words) -> list[list[int]]:
    """Places of names, those of one name together: Sheikh Mohammed bin Abdulrahman Al Thani."""
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
    """Whether two words stand within a few words of each other somewhere."""
    first = [place for place, word in enumerate(words) if same_word(a, word)]
    second = [place for place, word in enumerate(words) if same_word(b, word)]
    return any(abs(i - j) <= _NEAR_WORDS for i in first for j in second)
