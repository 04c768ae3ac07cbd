"""Contradictions between a statement and the words that it cites; each function detects one kind.

They were written on seeds and on the even-numbered articles of XQuAD English;
`python -m eval.lab.support_fit` counts what they catch on the odd-numbered ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
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
from rag.verification.roles import (
    agent_differs,
    names_equated,
    names_exchanged,
    roles_swapped,
)
from rag.verification.words import INTENTION_VERBS, Word, parse_words

Contradiction = Callable[[Words, CitedEvidence], bool]

_ANTONYMS = (
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
_EXCEPTIONS = frozenset[str]().union(*(grammar.exceptions for grammar in GRAMMARS.values()))
_DEFINITE = frozenset("the these those its their".split())
# A sentence is nearly verbatim if this share of its words is in the evidence, in order.
_NEAR_VERBATIM = 0.7
# A sentence is copied but for a word or two if this share is.
_COPIED = 0.6
_MIN_WORDS = 4


def _antonym_table() -> dict[str, frozenset[str]]:
    pairs = [tuple(_key_of(word) for word in pair.split()) for pair in _ANTONYMS.split("|")]
    pairs += combinations([_key_of(unit) for unit in _UNITS], 2)
    both = [*pairs, *((b, a) for a, b in pairs)]
    return {word: frozenset(b for a, b in both if a == word) for word, _ in both}


def _key_of(word: str) -> str:
    return _key(parse_words(word)[0])


def _key(word: Word) -> str:
    """The stem, or the word itself: stopwords like "more" have antonyms too."""
    return word.key or word.low


_ANTONYMS_OF = _antonym_table()


def missing_number(statement: Words, evidence: CitedEvidence) -> bool:
    """A number that the evidence lacks, except in "the two sides", which it may name."""
    numbers = {word.number for word in evidence.words} | {""}
    numbers |= {number for word in evidence.words for number in _PARTS.get(word.low, ())}
    around = zip([None, *statement], statement, [*statement[1:], None], strict=False)
    return any(
        word.number not in numbers
        and not (
            word.low == "two"
            and before
            and before.low == "the"
            and not (after and contains_word(after, evidence.words))
        )
        for before, word, after in around
    )


def missing_name(statement: Words, evidence: CitedEvidence) -> bool:
    """A name that the evidence lacks, in full and as initials (US), and that no pronoun in it may
    refer to.
    """
    known = [*evidence.words, *evidence.context, *evidence.headings]
    lows = {word.low for word in known}
    letters = {_initials(run, known) for run in name_runs(known)}
    for run in name_runs(statement):
        missing = [statement[place] for place in run if not contains_word(statement[place], known)]
        in_letters = len(run) > 1 and _initials(run, statement) in lows
        if not in_letters and any(word.low not in letters for word in missing):
            return True
    return False


def _initials(run: Sequence[int], words: Words) -> str:
    return "".join(words[place].low[0] for place in run)


def mixed_name(statement: Words, evidence: CitedEvidence) -> bool:
    """A name made of parts of two others: William Barnea."""
    full = [
        [sentence[i] for i in run]
        for sentence in evidence.sentences
        for run in name_runs(sentence)
        if len(run) > 1
    ]
    for first, second in (pair for run in name_runs(statement) for pair in pairwise(run)):
        a, b = (
            [name for name in full if contains_word(statement[i], name)] for i in (first, second)
        )
        apart = not any(
            are_near(statement[first], statement[second], words) for words in evidence.sentences
        )
        if a and b and apart:
            return True
    return False


def negation_differs(statement: Words, evidence: CitedEvidence) -> bool:
    """A word that is negated in the statement and not in the evidence, or the other way round."""
    for word in compared_words(statement):
        found = [other for other in evidence.words if other.key and same_word(word, other)]
        if found and word.denied == 1 and not any(other.denied for other in found):
            return True
        if found and not word.denied and all(other.denied == 1 for other in found):
            return True
    return False


def hedge_lost(statement: Words, evidence: CitedEvidence) -> bool:
    """A fact that the evidence gives only as possible or intended."""
    if any(word.hedged or word.low in INTENTION_VERBS for word in statement):
        return False
    for word in compared_words(statement):
        found = [other for other in evidence.words if other.key and same_word(word, other)]
        if found and not word.exact and all(0 < o.hedged < 3 and not o.denied for o in found):
            return True
    return False


def antonym_used(statement: Words, evidence: CitedEvidence) -> bool:
    """A word that the evidence lacks while it has its antonym or another unit of time."""
    here, there = set(map(_key, statement)), set(map(_key, evidence.words))
    return any(_ANTONYMS_OF.get(key, frozenset()) & (there - here) for key in here - there)


def quantifier_overstated(statement: Words, evidence: CitedEvidence) -> bool:
    """A universal quantifier that the evidence lacks, or "the hostages" for a number of them."""
    here, there = {word.low for word in statement}, {word.low for word in evidence.words}
    if here & _ALL - there:
        return True
    counted = any(word.number for word in statement) or bool(here & _SOME)
    return not counted and any(
        before.low == "the" and word.low.endswith("s") and _is_counted(word, evidence)
        for before, word in pairwise(statement)
    )


def _is_counted(word: Word, evidence: CitedEvidence) -> bool:
    """Whether every occurrence of a word follows a count; "the three" are all of them."""
    before = [
        sentence[max(0, place - 3) : place]
        for sentence in evidence.sentences
        for place, other in enumerate(sentence)
        if same_word(word, other)
    ]
    return bool(before) and all(
        any(w.low in _SOME or (w.number and not _DEFINITE & {o.low for o in few}) for w in few)
        for few in before
    )


def exception_lost(statement: Words, evidence: CitedEvidence) -> bool:
    """A rule without the exception that follows it: "Pets are not allowed, except guide dogs"."""
    if any(word.low in _EXCEPTIONS for word in statement):
        return False
    said = compared_words(statement)
    for sentence in evidence.sentences:
        opens = next((i for i, word in enumerate(sentence) if word.low in _EXCEPTIONS), 0)
        rule = sentence[:opens]
        if rule and said and all(contains_word(word, rule) for word in said):
            return True
    return False


def value_substituted(statement: Words, evidence: CitedEvidence) -> bool:
    """Another number, name or negation in an otherwise nearly verbatim sentence."""
    return any(_has_substitution(statement, sentence) for sentence in evidence.sentences)


def _has_substitution(statement: Words, sentence: Words) -> bool:
    here, there = [word.low for word in statement], [word.low for word in sentence]
    matcher = SequenceMatcher(None, here, there, autojunk=False)
    steps = matcher.get_opcodes()
    if sum(i2 - i1 for step, i1, i2, *_ in steps if step == "equal") < _NEAR_VERBATIM * len(here):
        return False
    for step, i1, i2, j1, j2 in steps:
        mine = [word for word in statement[i1:i2] if word.exact]
        theirs = [word for word in sentence[j1:j2] if word.exact]
        if step == "replace" and theirs and any(not contains_word(word, theirs) for word in mine):
            return True
        few = max(i2 - i1, j2 - j1) <= 2
        negations = [
            sum(word.negates for word in words) for words in (statement[i1:i2], sentence[j1:j2])
        ]
        if few and negations[0] != negations[1]:
            return True
    return False


def word_exchanged(statement: Words, evidence: CitedEvidence) -> bool:
    """A word that neither a nearly verbatim sentence has, nor what stands above it, in the place of
    one of its words: the red lid for the blue one.

    No list says what excludes what: who copies a sentence and changes one word in it means another
    thing far more often than the same.
    """
    above = [*evidence.context, *evidence.headings]
    return any(
        _has_exchange(statement, sentence, [*sentence, *above]) for sentence in evidence.sentences
    )


def _has_exchange(statement: Words, sentence: Words, known: Words) -> bool:
    here, there = [word.low for word in statement], [word.low for word in sentence]
    steps = SequenceMatcher(None, here, there, autojunk=False).get_opcodes()
    if sum(i2 - i1 for step, i1, i2, *_ in steps if step == "equal") < _COPIED * len(here):
        return False
    return any(
        all(word.stem and not word.exact for word in (statement[i1], sentence[j1]))
        and not contains_word(statement[i1], known)
        for step, i1, i2, j1, j2 in steps
        if step == "replace" and i2 - i1 == j2 - j1 == 1
    )


def number_of_another(statement: Words, evidence: CitedEvidence) -> bool:
    """A number of another noun: 33 women, where the evidence has 33 hostages and 120 women."""
    return any(
        bool(word.number and after.stem)
        and word.clause == after.clause
        and contains_word(word, evidence.words)
        and contains_word(after, evidence.words)
        and not any(are_near(word, after, sentence) for sentence in evidence.sentences)
        for word, after in pairwise(statement)
    )


def subject_differs(statement: Words, evidence: CitedEvidence) -> bool:
    """The same words about another subject, which the headings above don't name either."""
    words = compared_words(statement)
    known = [*evidence.words, *evidence.context, *evidence.headings]
    if len(words) < _MIN_WORDS or contains_word(words[0], known):
        return False
    return all(contains_word(word, known) for word in words[1:])


# A minor one may be a paraphrase: on WiCE true claims have them too. The same change in an
# otherwise nearly verbatim sentence is `value_substituted`, which is severe.
SEVERE: tuple[Contradiction, ...] = (missing_number, value_substituted, names_equated)
MINOR: tuple[Contradiction, ...] = (
    missing_name,
    mixed_name,
    negation_differs,
    hedge_lost,
    exception_lost,
    antonym_used,
    quantifier_overstated,
    number_of_another,
    roles_swapped,
    names_exchanged,
    agent_differs,
    subject_differs,
    word_exchanged,
)
