"""Faults that make a statement false beside what it cites: each tells whether it has one.

They were made on seeds and on the even-numbered articles of XQuAD English; `footnote eval support`
counts what they catch on the odd-numbered ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from itertools import combinations, pairwise

from rag.verification.evidence import Evidence, Words, content, held, names, near, same
from rag.verification.roles import done_by_another, equated, swapped
from rag.verification.words import WISHES, Word, denies, read

Fault = Callable[[Words, Evidence], bool]

_OPPOSITES = (
    "rise fall|increase decrease|increase decline|grow shrink|grow fall|more less|more fewer|"
    "more about|more nearly|more almost|more exactly|most least|before after|first last|"
    "earlier later|early late|earliest latest|approve reject|accept reject|accept refuse|"
    "agree refuse|agree disagree|agree differ|agree discuss|allow forbid|allow ban|win lose|"
    "open close|begin end|start end|start stop|above below|over under|up down|high low|"
    "higher lower|highest lowest|large small|larger smaller|largest smallest|big small|"
    "bigger smaller|long short|longer shorter|longest shortest|old young|older younger|"
    "oldest youngest|old new|north south|northern southern|east west|eastern western|"
    "male female|man woman|father mother|son daughter|husband wife|brother sister|king queen|"
    "buy sell|import export|enter leave|arrive depart|remain leave|remain free|remain release|"
    "join leave|attack defend|support oppose|support fight|support attack|possible impossible|"
    "legal illegal|able unable|likely unlikely|public private|die alive|permanent temporary|"
    "indirect direct|indirectly directly|openly anonymously|same different|inside outside|"
    "maximum minimum|majority minority|success failure|succeed fail|strong weak|"
    "stronger weaker|better worse|best worst|rich poor|hot cold|always never|war ceasefire|"
    "war peace|war truce|preliminary final"
)
_UNITS = "minute hour day week month year decade century".split()
_ALL = frozenset("all every everyone everybody always entire only both each".split())
_SOME = frozenset(
    (
        "some most many few several part partly half third quarter fifth majority minority often "
        "sometimes usually mostly about around nearly almost least up"
    ).split()
)
_PARTS = {"half": ("50", "0.5"), "quarter": ("25", "0.25"), "dozen": ("12",)}
_WHOLE = frozenset("the these those its their".split())
# A sentence is near verbatim if this share of its words stand there in their order.
_NEAR_VERBATIM = 0.7
_LEAST_WORDS = 4


def _table() -> dict[str, frozenset[str]]:
    pairs = [tuple(_same_key(word) for word in pair.split()) for pair in _OPPOSITES.split("|")]
    pairs += combinations([_same_key(unit) for unit in _UNITS], 2)
    both = [*pairs, *((b, a) for a, b in pairs)]
    return {word: frozenset(b for a, b in both if a == word) for word, _ in both}


def _same_key(word: str) -> str:
    return _key(read(word)[0])


def _key(word: Word) -> str:
    """Stop words like "more" have opposites too."""
    return word.key or word.low


_OPPOSITES_OF = _table()


def missing_number(said: Words, evidence: Evidence) -> bool:
    """A number that does not stand there, but for "the two sides", which are named there."""
    numbers = {word.number for word in evidence.words} | {""}
    numbers |= {number for word in evidence.words for number in _PARTS.get(word.low, ())}
    around = zip([None, *said], said, [*said[1:], None], strict=False)
    return any(
        word.number not in numbers
        and not (
            word.low == "two"
            and before
            and before.low == "the"
            and not (after and held(after, evidence.words))
        )
        for before, word, after in around
    )


def missing_name(said: Words, evidence: Evidence) -> bool:
    """A name that does not stand there in full or in letters (US), nor before it where a pronoun
    may stand for it.
    """
    known = [*evidence.words, *evidence.context]
    lows = {word.low for word in known}
    letters = {_letters(run, known) for run in names(known)}
    for run in names(said):
        missing = [said[place] for place in run if not held(said[place], known)]
        in_letters = len(run) > 1 and _letters(run, said) in lows
        if not in_letters and any(word.low not in letters for word in missing):
            return True
    return False


def _letters(run: Sequence[int], words: Words) -> str:
    return "".join(words[place].low[0] for place in run)


def split_name(said: Words, evidence: Evidence) -> bool:
    """A name put together from parts of two others: William Barnea."""
    full = [
        [sentence[i] for i in run]
        for sentence in evidence.sentences
        for run in names(sentence)
        if len(run) > 1
    ]
    for first, second in (pair for run in names(said) for pair in pairwise(run)):
        a, b = ([name for name in full if held(said[i], name)] for i in (first, second))
        apart = not any(near(said[first], said[second], words) for words in evidence.sentences)
        if a and b and apart:
            return True
    return False


def denied_otherwise(said: Words, evidence: Evidence) -> bool:
    """Something denied that is not denied there, or the other way round."""
    for word in content(said):
        found = [other for other in evidence.words if other.key and same(word, other)]
        if found and word.denied == 1 and not any(other.denied for other in found):
            return True
        if found and not word.denied and all(other.denied == 1 for other in found):
            return True
    return False


def unhedged(said: Words, evidence: Evidence) -> bool:
    """What only could be or is hoped for there, said as if it were."""
    if any(word.hedged or word.low in WISHES for word in said):
        return False
    for word in content(said):
        found = [other for other in evidence.words if other.key and same(word, other)]
        if found and not word.exact and all(0 < o.hedged < 3 and not o.denied for o in found):
            return True
    return False


def opposite(said: Words, evidence: Evidence) -> bool:
    """A word that does not stand there, but its opposite or another unit of time does."""
    here, there = set(map(_key, said)), set(map(_key, evidence.words))
    return any(_OPPOSITES_OF.get(key, frozenset()) & (there - here) for key in here - there)


def overstated(said: Words, evidence: Evidence) -> bool:
    """All, where it does not stand there; the hostages, where there are some number of them."""
    here, there = {word.low for word in said}, {word.low for word in evidence.words}
    if here & _ALL - there:
        return True
    counted = any(word.number for word in said) or bool(here & _SOME)
    return not counted and any(
        before.low == "the" and word.low.endswith("s") and _is_counted(word, evidence)
        for before, word in pairwise(said)
    )


def _is_counted(word: Word, evidence: Evidence) -> bool:
    """Whether wherever a word stands some of its kind are counted; "the three" are all of them."""
    before = [
        sentence[max(0, place - 3) : place]
        for sentence in evidence.sentences
        for place, other in enumerate(sentence)
        if same(word, other)
    ]
    return bool(before) and all(
        any(w.low in _SOME or (w.number and not _WHOLE & {o.low for o in few}) for w in few)
        for few in before
    )


def substituted(said: Words, evidence: Evidence) -> bool:
    """Another number, name or negation in what is word for word else."""
    return any(_substituted(said, sentence) for sentence in evidence.sentences)


def _substituted(said: Words, sentence: Words) -> bool:
    here, there = [word.low for word in said], [word.low for word in sentence]
    matcher = SequenceMatcher(None, here, there, autojunk=False)
    steps = matcher.get_opcodes()
    if sum(i2 - i1 for step, i1, i2, *_ in steps if step == "equal") < _NEAR_VERBATIM * len(here):
        return False
    for step, i1, i2, j1, j2 in steps:
        mine = [word for word in said[i1:i2] if word.exact]
        theirs = [word for word in sentence[j1:j2] if word.exact]
        if step == "replace" and theirs and any(not held(word, theirs) for word in mine):
            return True
        few = max(i2 - i1, j2 - j1) <= 2
        if few and sum(map(denies, here[i1:i2])) != sum(map(denies, there[j1:j2])):
            return True
    return False


def misnumbered(said: Words, evidence: Evidence) -> bool:
    """A number of something else: 33 women, where 33 hostages and 120 women are."""
    return any(
        bool(word.number and after.stem)
        and word.clause == after.clause
        and held(word, evidence.words)
        and held(after, evidence.words)
        and not any(near(word, after, sentence) for sentence in evidence.sentences)
        for word, after in pairwise(said)
    )


def other_subject(said: Words, evidence: Evidence) -> bool:
    """The same said of something else: the ferry does not meet Israelis."""
    words = content(said)
    if len(words) < _LEAST_WORDS or held(words[0], [*evidence.words, *evidence.context]):
        return False
    return all(held(word, evidence.words) for word in words[1:])


# A light one may be a free way to say the same: on WiCE true claims have them too. But the
# same change in words that else stand there in a row is `substituted`, and grave.
GRAVE: tuple[Fault, ...] = (missing_number, substituted, equated)
LIGHT: tuple[Fault, ...] = (
    missing_name,
    split_name,
    denied_otherwise,
    unhedged,
    opposite,
    overstated,
    misnumbered,
    swapped,
    done_by_another,
    other_subject,
)
