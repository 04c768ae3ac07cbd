"""Conflicts of documents: two of them give different values for what is asked.

A false alarm is worse than a miss, so only two patterns count: a nearly identical sentence in two
documents with another number or name, and two sentences that contain the subject of the question,
each with a single figure. `python -m eval.lab.conflicts` measures recall and false alarms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from index.text.english import MONTHS
from index.text.stopwords import ENGLISH
from rag.retrieval.answer_type import AnswerType
from rag.retrieval.sentences import SCORE_MARGIN, RankedSentence, select_sentences
from rag.types import Claim, Draft, Quote
from rag.verification.evidence import Words, are_near, compared_words, contains_word
from rag.verification.words import Word, is_negation, parse_words

# Two sentences are nearly identical if they share this much of their other words, in order.
_MIN_SIMILARITY = 0.8
# Words in common besides the value. With another name a short sentence is soon another fact:
# "A took part in the talks", "B took part in the talks".
_MIN_COMMON = 3
_MIN_COMMON_FOR_NAMES = 7
# A cheap filter before the words are parsed: a number may be written in another way.
_MIN_SHARED = _MIN_COMMON - 1
_WORD = re.compile(r"\w+")
# One figure may be the other, rounded, within this share.
_ROUNDING = 0.05
_MIN_SUBJECT_WORDS = 3
_FIGURE_TYPES = frozenset(
    {AnswerType.AGE, AnswerType.SPAN, AnswerType.MONEY, AnswerType.COUNT, AnswerType.NUMBER}
)
_TIME_TYPES = frozenset({AnswerType.DATE, AnswerType.TIME})
_NAME_TYPES = frozenset({AnswerType.NAME, AnswerType.PROPER})
_MONTHS = frozenset(month.lower() for month in MONTHS)
_APPROXIMATORS = frozenset(
    (
        "about above almost approximately around at below circa estimated least less more most "
        "nearly over roughly some than under up"
    ).split()
)
_MEASURE_WORDS = frozenset("many much long old far often year day month date number amount".split())


@dataclass(frozen=True, slots=True)
class ConflictSide:
    """One side of a conflict: a document's sentence, and the value in it."""

    sentence: RankedSentence
    value: str

    @property
    def quote(self) -> Quote:
        """The sentence as a quote."""
        return self.sentence.quote


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two documents that give different values; `one` has the better sentence."""

    one: ConflictSide
    other: ConflictSide

    @property
    def note(self) -> str:
        """The sentence for the user."""
        values = ", ".join(
            f"{side.quote.passage.document} says “{side.value}”" for side in (self.one, self.other)
        )
        return f"The documents disagree: {values}."


def cite_conflict(draft: Draft, found: Conflict | None) -> Draft:
    """The draft with a note of the conflict and quotes of the sides that it does not cite yet."""
    if found is None or not draft.claims:
        return draft
    cited = [quote for claim in draft.claims for quote in claim.quotes]
    missing = [
        Claim(" ".join(quote.text.split()), (quote,))
        for quote in (found.one.quote, found.other.quote)
        if not any(_contains_quote(other, quote) for other in cited)
    ]
    note = " ".join(filter(None, [draft.note, found.note]))
    return replace(draft, claims=(*draft.claims, *missing), note=note)


def _contains_quote(quote: Quote, other: Quote) -> bool:
    same = quote.passage.document == other.passage.document
    return same and quote.start <= other.start and other.end <= quote.end


def find_conflict(
    query: str, kind: AnswerType, sentences: Sequence[RankedSentence]
) -> Conflict | None:
    """The first conflict between a sentence to quote and one of another document."""
    asked = parse_words(query)
    close = [
        (s, _content_words(s)) for s in sentences if sentences[0].score - s.score <= SCORE_MARGIN
    ]
    for one in sorted(select_sentences(sentences), key=lambda s: -s.score):
        words_of_one = _content_words(one)
        for other, words in close:
            if one.quote.passage.document == other.quote.passage.document:
                continue
            if kind not in _FIGURE_TYPES | _TIME_TYPES and len(words_of_one & words) < _MIN_SHARED:
                continue
            if values := _conflicting_values(asked, kind, one, other):
                return Conflict(ConflictSide(one, values[0]), ConflictSide(other, values[1]))
    return None


def _content_words(sentence: RankedSentence) -> frozenset[str]:
    return frozenset(_WORD.findall(sentence.quote.text.lower())) - ENGLISH


def _conflicting_values(
    asked: Words, kind: AnswerType, one: RankedSentence, other: RankedSentence
) -> tuple[str, str] | None:
    """The values in which two sentences conflict, if they do."""
    a, b = parse_words(one.quote.text), parse_words(other.quote.text)
    if not (any(map(_is_value, a)) and any(map(_is_value, b))):
        return None
    found = _replaced_values(a, b)
    # "A season ticket costs 85 euros", "A day ticket costs 6 euros": asked for is one of the two.
    if found and any(
        contains_word(word, a) != contains_word(word, b) for word in compared_words(asked)
    ):
        return None
    if found is None and kind not in _FIGURE_TYPES | _TIME_TYPES:
        return None
    around_a, around_b = _context_words(one), _context_words(other)
    if any(contains_word(w, around_a) != contains_word(w, around_b) for w in asked if w.exact):
        return None
    found = found or _different_figures(asked, kind, (a, around_a), (b, around_b))
    if found is None:
        return None
    mine, theirs = ([word for word in block if _is_value(word)] for block in found)
    if any(contains_word(word, asked) for word in (*mine, *theirs)) or not _fits_answer_type(
        kind, mine, theirs
    ):
        return None
    if any(contains_word(w, around_b) for w in mine) or any(
        contains_word(w, around_a) for w in theirs
    ):
        return None
    return _as_written(found[0], one.quote.text), _as_written(found[1], other.quote.text)


def _context_words(sentence: RankedSentence) -> Words:
    passage = sentence.quote.passage
    return parse_words(f"{passage.title}\n\n{passage.heading}\n\n{passage.text}")


def _is_value(word: Word) -> bool:
    return word.exact or word.low in _MONTHS


def _fits_answer_type(kind: AnswerType, mine: Words, theirs: Words) -> bool:
    """Whether both values are of one type, the one that the question expects."""
    numbers = [any(word.number for word in block) for block in (mine, theirs)]
    if kind in _FIGURE_TYPES:
        return all(numbers)
    if kind in _TIME_TYPES:
        return all(any(w.number or w.low in _MONTHS for w in block) for block in (mine, theirs))
    if kind in _NAME_TYPES:
        return not any(numbers)
    return numbers[0] == numbers[1]


def _replaced_values(a: Words, b: Words) -> tuple[Words, Words] | None:
    """The only values in which two otherwise nearly identical sentences differ."""
    here, there = ([word.number or word.low for word in words] for words in (a, b))
    steps = SequenceMatcher(None, here, there, autojunk=False).get_opcodes()
    common = [word for step, i1, i2, *_ in steps if step == "equal" for word in a[i1:i2]]
    blocks = [(a[i1:i2], b[j1:j2]) for step, i1, i2, j1, j2 in steps if step != "equal"]
    values = [
        pair
        for pair in blocks
        if any(_is_value(w) or is_negation(w.low) for w in (*pair[0], *pair[1]))
    ]
    if len(values) != 1 or not all(any(map(_is_value, block)) for block in values[0]):
        return None
    rest = len(a) + len(b) - sum(map(len, values[0]))
    if 2 * len(common) < _MIN_SIMILARITY * rest:
        return None
    if any(_APPROXIMATORS & {w.low for w in (*pair[0], *pair[1])} for pair in blocks):
        return None
    by_name = not any(word.number for word in values[0][0])
    least = _MIN_COMMON_FOR_NAMES if by_name else _MIN_COMMON
    return values[0] if len(compared_words(common)) >= least else None


def _different_figures(
    asked: Words, kind: AnswerType, one: tuple[Words, Words], other: tuple[Words, Words]
) -> tuple[Words, Words] | None:
    """The single figures of two sentences that both contain the subject of the question.

    The names of each must occur around the other: figures of different subjects do not conflict.
    """
    subject = [word for word in compared_words(asked) if word.low not in _MEASURE_WORDS]
    figures = [_only_figure(kind, asked, words) for words, _ in (one, other)]
    if len(subject) < _MIN_SUBJECT_WORDS or None in figures:
        return None
    for (words, _), (_, around) in ((one, other), (other, one)):
        if not all(contains_word(word, words) for word in subject):
            return None
        if not all(contains_word(word, around) for word in words if word.name):
            return None
        if any(is_negation(word.low) for word in words):
            return None
    a, b = (figure for figure in figures if figure)
    if kind in _FIGURE_TYPES and _is_rounding(a.number, b.number):
        return None
    if kind is AnswerType.COUNT and not all(
        are_near(figure, subject[0], words)
        for figure, (words, _) in zip((a, b), (one, other), strict=True)
    ):
        return None
    return (a,), (b,)


def _only_figure(kind: AnswerType, asked: Words, words: Words) -> Word | None:
    """The only number of a sentence besides the question's; None for several or an estimate."""
    found = [i for i, word in enumerate(words) if word.number and not contains_word(word, asked)]
    if len(found) != 1 or any(
        w.low in _APPROXIMATORS for w in words[max(0, found[0] - 2) : found[0]]
    ):
        return None
    is_year = re.fullmatch(r"1\d{3}|20\d\d", words[found[0]].number)
    return words[found[0]] if bool(is_year) == (kind in _TIME_TYPES) else None


def _is_rounding(one: str, other: str) -> bool:
    try:
        a, b = float(one), float(other)
    except ValueError:
        return True
    return abs(a - b) <= _ROUNDING * max(abs(a), abs(b))


def _as_written(block: Words, text: str) -> str:
    """The words of a block as their sentence spells them."""
    pattern = r"\W+".join(re.escape(word.low) for word in block)
    found = re.search(pattern, text, re.IGNORECASE)
    return found.group() if found else " ".join(word.low for word in block)
