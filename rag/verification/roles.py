"""Who did what to whom: contradictions of a statement that gives a role or an act to another.

Without a parser, a word that relates names is recognised by the names around it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise

from rag.verification.evidence import (
    CitedEvidence,
    Words,
    are_near,
    compared_words,
    contains_word,
    name_runs,
    same_word,
)
from rag.verification.grammar import GRAMMARS
from rag.verification.words import Word

_NEAR_WORDS = 4
# Two sentences are of the same words if each has this share of the other's.
_SAME_WORDS = 0.85
# Symmetric verbs: swapping subject and object changes nothing.
_SYMMETRIC = frozenset(
    "meet met talk speak agre disagre differ marri negoti between border fight war play".split()
)
_BE = frozenset[str]().union(*(grammar.forms_of_be for grammar in GRAMMARS.values()))
_BY = frozenset[str]().union(*(grammar.by for grammar in GRAMMARS.values()))
_NOUN_PHRASE_OPENERS = frozenset(
    "the a an this that these those its his her in of at on for with from between during".split()
)


# A text that an LLM repeats for pages has each word in hundreds of places: what is known of a place
# is found out once, not once for each other place.
@dataclass(frozen=True)
class _Named:
    """A sentence with the names in it: their indexes, a run for each, in reading order."""

    words: Words

    @cached_property
    def runs(self) -> list[list[int]]:
        return name_runs(self.words)

    @cached_property
    def starts(self) -> list[int]:
        return [run[0] for run in self.runs]


_Place = tuple[_Named, int]  # a sentence and the index of a word in it


@dataclass(frozen=True)
class _Occurrences:
    """Where the evidence has a word, and what it relates there."""

    places: Sequence[_Place]

    @cached_property
    def related(self) -> list[tuple[list[Words], Words]]:
        """The two names nearest to it, and the object of a role."""
        return [
            (pair, _object_of(*place)) for place in self.places if (pair := _nearest_names(*place))
        ]

    @cached_property
    def arguments(self) -> list[tuple[Word, Word]]:
        """Its subjects and objects."""
        return [found for place in self.places if (found := _arguments(*place))]


def roles_swapped(statement: Words, evidence: CitedEvidence) -> bool:
    """Roles or arguments swapped: Burns directs Mossad; Hamas attacked Israel."""
    said = _Named(statement)
    return any(
        _role_of_another(_nearest_names(said, place), found, evidence)
        or _arguments_reversed(said, place, found)
        for place, found in _relation_words(statement, evidence)
    )


def names_exchanged(statement: Words, evidence: CitedEvidence) -> bool:
    """Two names in each other's place in a sentence of otherwise the same words: both come in the
    other order, and after other words ("in Paris" that moves to the front keeps its "in").
    """
    return any(_are_exchanged(statement, sentence) for sentence in evidence.sentences)


def _are_exchanged(statement: Words, sentence: Words) -> bool:
    mine, theirs = compared_words(statement), compared_words(sentence)
    if len(mine) < 3 or min(_share(mine, theirs), _share(theirs, mine)) < _SAME_WORDS:
        return False
    if _names_by(statement) != _names_by(sentence):
        return False
    if any(word.stem in _SYMMETRIC for word in statement):
        return False
    moved = [
        (here, there)
        for here, word in enumerate(statement)
        if word.name
        and (there := _only_place(word, sentence)) is not None
        and _before(statement, here) != _before(sentence, there)
    ]
    return any(one[1] > other[1] for one, other in combinations(moved, 2))


def _share(words: Words, of: Words) -> float:
    return sum(contains_word(word, of) for word in words) / len(words) if words else 0.0


def _names_by(words: Words) -> bool:
    return any(word.low in _BY for word in words)


def _before(words: Words, place: int) -> str:
    return words[place - 1].low if place else ""


def _only_place(name: Word, sentence: Words) -> int | None:
    """Where a name stands in a sentence, if it stands there once."""
    found = [place for place, word in enumerate(sentence) if word.low == name.low]
    return found[0] if len(found) == 1 else None


def agent_differs(statement: Words, evidence: CitedEvidence) -> bool:
    """An act whose agents in the evidence are others, wherever it occurs."""
    for place, found in _relation_words(statement, evidence):
        mine = _agents(statement, place) if statement[place].stem not in _SYMMETRIC else []
        theirs = [_agents(there.words, other) for there, other in found.places] if mine else []
        if theirs and all(doers and not _shares_word(mine, doers) for doers in theirs):
            return True
    return False


def names_equated(statement: Words, evidence: CitedEvidence) -> bool:
    """Two names equated that are nowhere near each other: David Barnea is William Burns."""
    for first, second in pairwise(name_runs(statement)):
        before, between = statement[: first[0]], statement[first[-1] + 1 : second[0]]
        opens = not any(
            word.key and word.clause == statement[first[0]].clause for word in before[-2:]
        )
        joins = any(word.low in _BE for word in between) and not compared_words(between)
        if opens and joins and second[-1] + 1 == len(statement):
            a, b = statement[first[-1]], statement[second[0]]
            if not any(are_near(a, b, sentence) for sentence in evidence.sentences):
                return True
    return False


def _relation_words(
    statement: Words, evidence: CitedEvidence
) -> Iterator[tuple[int, _Occurrences]]:
    """Indexes of words that may relate names, with their occurrences in the evidence."""
    cited = [_Named(sentence) for sentence in evidence.sentences]
    known = dict[tuple[str, str], _Occurrences]()
    for place, word in enumerate(statement):
        if not word.stem or word.exact:
            continue
        if (word.stem, word.low) not in known:
            known[word.stem, word.low] = _Occurrences(
                [
                    (sentence, other)
                    for sentence in cited
                    for other, there in enumerate(sentence.words)
                    if same_word(word, there)
                ]
            )
        found = known[word.stem, word.low]
        if found.places:
            yield place, found


def _nearest_names(sentence: _Named, place: int) -> list[Words]:
    """The two names nearest to a word, in reading order, if both are near."""
    words, after = sentence.words, bisect_right(sentence.starts, place)
    around = sentence.runs[max(0, after - 2) : after + 2]
    nearest = sorted((_distance(words, run, place), run) for run in around)[:2]
    if len(nearest) < 2 or nearest[1][0] > _NEAR_WORDS:
        return []
    return [[words[i] for i in run] for run in sorted(run for _, run in nearest)]


def _distance(words: Words, run: Sequence[int], place: int) -> int:
    """How many words a place is from a name: 1 for a particle in it."""
    inside = run[0] <= place <= run[-1]
    return int(not words[place].name) if inside else max(run[0] - place, place - run[-1])


def _role_of_another(mine: Sequence[Words], found: _Occurrences, evidence: CitedEvidence) -> bool:
    """Whether the evidence relates one of the statement's two names to a third one by this word,
    and nowhere both to each other.

    In "the head of Mossad" the related name is Mossad; other names nearby may do something else.
    """
    spots = found.related if mine else []
    if not spots or (len(spots) == 1 and not spots[0][1]):
        return False
    if not all(_shares_word(name, evidence.words) for name in mine):
        return False
    all_mine = [word for name in mine for word in name]
    joined = [sum(any(_shares_word(m, name) for name in pair) for m in mine) for pair, _ in spots]
    ours = [not whose or _shares_word(whose, all_mine) for _, whose in spots]
    return max(joined) == 1 and any(j and o for j, o in zip(joined, ours, strict=True))


def _object_of(sentence: _Named, place: int) -> Words:
    """The object of a role: Mossad in "the head of Mossad"."""
    words = sentence.words
    if [word.low for word in words[place + 1 : place + 2]] != ["of"]:
        return ()
    after = bisect_right(sentence.starts, place)
    return [words[i] for run in sentence.runs[after : after + 1] for i in run]


def _shares_word(name: Words, words: Iterable[Word]) -> bool:
    """Whether words contain some word of a name."""
    known = list(words)
    return any(contains_word(word, known) for word in name)


def _arguments_reversed(statement: _Named, place: int, found: _Occurrences) -> bool:
    mine = _arguments(statement, place)
    if mine is None or statement.words[place].stem in _SYMMETRIC:
        return False
    orders = found.arguments
    turned = any(same_word(mine[0], b) and same_word(mine[1], a) for a, b in orders)
    return turned and not any(same_word(mine[0], a) and same_word(mine[1], b) for a, b in orders)


def _arguments(sentence: _Named, place: int) -> tuple[Word, Word] | None:
    """Subject and object: the names before and after a word in its clause, swapped if passive."""
    words, after = sentence.words, bisect_right(sentence.starts, place)
    before = [run[-1] for run in sentence.runs[max(0, after - 2) : after] if run[-1] < place]
    behind = sentence.starts[after : after + 1]
    if not before or not behind:
        return None
    first, second = words[before[-1]], words[behind[0]]
    if not first.clause == words[place].clause == second.clause:
        return None
    return (second, first) if _is_passive(words, place) else (first, second)


def _is_passive(words: Words, place: int) -> bool:
    after, before = words[place + 1 : place + 6], words[max(0, place - 3) : place]
    done = any(word.low in _BE for word in before) or any(word.low in _BY for word in after[:1])
    return done and any(word.low in _BY for word in after)


def _agents(words: Words, place: int) -> list[Word]:
    """The agents of a verb: the last name before it in its clause and those listed with it, or the
    names right after it if it is passive.
    """
    if _is_passive(words, place):
        return [word for word in words[place + 1 : place + 8] if word.name]
    start = place
    while start and not words[start - 1].name:
        start -= 1
        if words[start].clause != words[place].clause or _opens_noun_phrase(words, start):
            return []
    if not start or len(compared_words(words[start:place])) > 2:
        return []
    end = start
    while start and (words[start - 1].name or not words[start - 1].key):
        start -= 1
    return [word for word in words[start:end] if word.name]


def _opens_noun_phrase(words: Words, place: int) -> bool:
    """Whether an article or preposition opens another phrase: "the envoys", "in person"; not after
    a form of "be", as in "are the mediators", which describes the subject.
    """
    return words[place].low in _NOUN_PHRASE_OPENERS and words[max(0, place - 1)].low not in _BE
